"""OAuth 2.0 at the management listener: the token endpoint (RFC 6749 §4.3, §4.4, §6), revocation (RFC 7009), and keys.

Errors are those of RFC 6749 §5.2; where the RFC has none, the nearest.
"""

import base64
import binascii
from typing import Any, cast
from urllib.parse import parse_qsl, unquote_plus

from quart import Response, g, request
from quart_trio import QuartTrio

from csms.admin.rest import problems
from csms.errors import CsmsError, InvalidInput, TooBusy, Unauthenticated
from csms.services import present
from csms.services.sign_in import SignIn, Tokens

MOST_FIELDS = 20


class _OAuthError(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


def attach(app: QuartTrio, sign_in: SignIn) -> None:
    """Add the token endpoints to an application."""

    async def token() -> Response:
        try:
            form = await _form()
            return _json(_shown(await _grant(sign_in, form, g.client)))
        except _OAuthError as error:
            return _refusal(error)
        except CsmsError as error:
            return failed(error, problems.status_of(error))

    async def revoke() -> Response:
        try:
            form = await _form()
            await sign_in.end(form.get("token", ""))
            return _json({})
        except _OAuthError as error:
            return _refusal(error)
        except CsmsError as error:
            return failed(error, problems.status_of(error))

    async def jwks() -> Response:
        response = _json(await sign_in.keyring.public())
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    app.add_url_rule("/oauth2/token", view_func=token, methods=["POST"], endpoint="oauth2_token")
    app.add_url_rule("/oauth2/revoke", view_func=revoke, methods=["POST"], endpoint="oauth2_revoke")
    app.add_url_rule("/.well-known/jwks.json", view_func=jwks, endpoint="jwks")


async def _grant(sign_in: SignIn, form: dict[str, str], origin: str) -> Tokens:
    grant = _needed(form, "grant_type")
    scope = form.get("scope")
    try:
        if grant == "password":
            email, password = _needed(form, "username"), _needed(form, "password")
            return await sign_in.password(email, password, origin, scope=scope, tenant=form.get("tenant"))
        if grant == "refresh_token":
            return await sign_in.refresh(_needed(form, "refresh_token"), origin, scope=scope)
        if grant == "client_credentials":
            client, secret = _client(form)
            return await sign_in.client(client, secret, origin, scope=scope)
    except Unauthenticated as error:
        if grant == "client_credentials":
            raise _OAuthError("invalid_client", str(error), 401) from None
        raise _OAuthError("invalid_grant", str(error)) from None
    except InvalidInput as error:
        raise _OAuthError("invalid_scope", str(error)) from None
    raise _OAuthError("unsupported_grant_type", "use password, client_credentials or refresh_token")


async def _form() -> dict[str, str]:
    """Return the parameters of the body; RFC 6749 §3.2 forbids to name one twice, and says where they stand."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise _OAuthError("invalid_request", "send application/x-www-form-urlencoded")
    raw = cast(bytes, await request.get_data(as_text=False))
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _OAuthError("invalid_request", "the body is not a form") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise _OAuthError("invalid_request", "a parameter is there twice")
    return {name: value for name, value in pairs if value}


def _needed(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise _OAuthError("invalid_request", f"{name} is missing")
    return form[name]


def _client(form: dict[str, str]) -> tuple[str, str]:
    """Return client id and secret: of HTTP Basic (RFC 6749 §2.3.1), else of the form."""
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() == "basic":
        try:
            client, _, secret = base64.b64decode(sent.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _OAuthError("invalid_client", "the Authorization header is not Basic", 401) from None
        return unquote_plus(client), unquote_plus(secret)
    if "client_id" not in form or "client_secret" not in form:
        raise _OAuthError("invalid_client", "client_id and client_secret are missing", 401)
    return form["client_id"], form["client_secret"]


def _shown(tokens: Tokens) -> dict[str, Any]:
    shown = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
        "scope": tokens.scope,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _refusal(error: _OAuthError) -> Response:
    response = _json({"error": error.error, "error_description": str(error)}, error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="csms"'
    return response


def failed(error: CsmsError, status: int) -> Response:
    """Return the answer for an error of which RFC 6749 knows nothing, like too many requests."""
    response = _json({"error": "temporarily_unavailable", "error_description": str(error)}, status)
    if isinstance(error, TooBusy):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return response


def _json(body: dict[str, Any], status: int = 200) -> Response:
    response = Response(present.encode(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
