"""Requests to partners (OCPI 2.2.1 §4.1): headers, token form, envelope; read as leniently as real peers need it.

Each partner has a few requests at once and each request an end, so that one that hangs or floods stops only itself.
"""

import uuid
from decimal import Decimal
from typing import Any, Final

import msgspec
import trio

from csms.errors import FarEndFailed
from csms.model.ocpi_status import OcpiStatus
from csms.ocpi import auth
from csms.services.ocpi_policy import OcpiPolicy
from csms.services.outward import Answered, Bounds, Outward
from csms.services.ports import PartnerAnswer, PartnerCall

AT_ONCE: Final = 4
LONGEST_URL: Final = 2048
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class PartnerClient:
    """The way to partners, one for the whole appliance (services.ports.PartyLink)."""

    def __init__(self, policy: OcpiPolicy, outward: Outward | None = None) -> None:
        """Take the operator's bounds; `outward` is for tests of names and streams."""
        self._policy = policy
        self._outward = outward or Outward()
        self._lanes: dict[str, trio.CapacityLimiter] = {}

    async def ask(self, call: PartnerCall) -> PartnerAnswer:
        """Send one request and return the answer, refusals included; raises FarEndFailed where there is none."""
        lane = self._lanes.setdefault(call.lane, trio.CapacityLimiter(AT_ONCE))
        timeout_s = call.timeout_s or self._policy.timeout_s
        bounds = Bounds(
            timeout_s,
            self._policy.max_body_bytes,
            private=self._policy.allow_private,
            tls_only=not self._policy.allow_private,
            longest_url=LONGEST_URL,
        )
        body = (
            call.raw
            if call.raw is not None
            else _encoder.encode(call.body)
            if call.body is not None
            else None
        )
        async with lane:
            answered = await self._outward.request(call.method, call.url, bounds, _headers(call, body), body)
        return read(answered)


def _headers(call: PartnerCall, body: bytes | None) -> dict[str, str]:
    headers = {
        "Authorization": auth.header(call.token, call.form),
        "Accept": "application/json",
        "X-Request-ID": str(uuid.uuid4()),
        "X-Correlation-ID": call.correlation_id or str(uuid.uuid4()),
    }
    if body is not None:
        headers["Content-Type"] = "application/json"
    for side, key in (("from", call.from_party), ("to", call.to_party)):
        if key is not None:
            headers[f"OCPI-{side}-country-code"] = key.country_code
            headers[f"OCPI-{side}-party-id"] = key.party_id
    return headers


def read(answered: Answered) -> PartnerAnswer:
    """Return what an answer says: the envelope first, then HTTP; FarEndFailed where it says nothing we understand.

    A redirect is none of ours to follow. An empty 2xx is a success; an object without an envelope is its data.
    """
    http, body = answered.status, answered.body
    if http >= 500 or http == 429 or 300 <= http < 400:
        raise FarEndFailed(f"answered HTTP {http}")
    if not body.strip():
        status = OcpiStatus.SUCCESS if http < 300 else OcpiStatus.CLIENT_ERROR
        return PartnerAnswer(http, int(status), None, None, answered.headers, body)
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if http >= 400:
            return PartnerAnswer(http, int(OcpiStatus.CLIENT_ERROR), None, None, answered.headers, body)
        raise FarEndFailed(f"answered HTTP {http} with something that is not JSON") from None
    return _unwrapped(http, found, answered)


def _unwrapped(http: int, found: Any, answered: Answered) -> PartnerAnswer:
    if not isinstance(found, dict) or not ({"status_code", "data"} & found.keys()):
        status = int(OcpiStatus.SUCCESS if http < 300 else OcpiStatus.CLIENT_ERROR)
        return PartnerAnswer(http, status, found, None, answered.headers, answered.body)
    status = _status(found.get("status_code"), http)
    message = found.get("status_message")
    text = message[:300] if isinstance(message, str) else None
    return PartnerAnswer(http, status, found.get("data"), text, answered.headers, answered.body)


def _status(value: object, http: int) -> int:
    """Return the envelope's status code; a text that is a number counts, and where there is none HTTP does."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 4:
        return int(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and 1000 <= value < 5000:
        return int(value)
    return int(OcpiStatus.SUCCESS if http < 300 else OcpiStatus.CLIENT_ERROR)
