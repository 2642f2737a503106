"""Errors as `application/problem+json` (RFC 9457): `code` is stable, `detail` is for people."""

import re
from http import HTTPStatus
from typing import Any, Final

from quart import Response

from csms import errors
from csms.errors import CsmsError, InvalidInput
from csms.services import present

_MEND: Final = re.compile(r"[:;] csms [a-z].*$", re.DOTALL)
CONTENT_TYPE: Final = "application/problem+json"


class UnsupportedMediaType(InvalidInput):
    """The body is not of a kind that is read here."""

    code = "unsupported_media_type"


STATUS: Final[dict[type[CsmsError], int]] = {
    UnsupportedMediaType: 415,
    errors.InvalidInput: 400,
    errors.Unauthenticated: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooBusy: 429,
    errors.StationOffline: 409,
    errors.StationRefused: 409,
    errors.Unsupported: 409,
    errors.StationTimeout: 504,
    errors.FarEndFailed: 502,
    errors.NotRunning: 503,
    errors.StoreUnavailable: 503,
    CsmsError: 500,
}
"""The HTTP status of each class of error; a class that is missing has its parent's."""


def status_of(error: CsmsError) -> int:
    """Return the HTTP status for an error."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def of(error: CsmsError, instance: str) -> Response:
    """Return the answer to a request that failed; `instance` is its path."""
    response = problem(status_of(error), error.code, _without_command_line(str(error)), instance)
    if isinstance(error, errors.TooBusy):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="csms"'
    return response


def _without_command_line(text: str) -> str:
    """Return what an error says without the mend for those who sit at the command line."""
    return _MEND.sub("", text).replace("--tenant", "tenant")


def problem(status: int, code: str, detail: str, instance: str) -> Response:
    """Return a problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": instance,
    }
    return Response(present.encode(body), status, content_type=CONTENT_TYPE)
