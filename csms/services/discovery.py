"""What a partner serves: its versions, and the endpoints of the one that both speak (OCPI 2.2.1 §6).

What real peers send is read leniently: `data` that is the list of endpoints itself, modules and roles in any case,
relative addresses, a version written as a number.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

import trio

from csms.errors import CsmsError, FarEndFailed
from csms.model.ocpi_status import OcpiRefusal, OcpiStatus
from csms.model.party import VERSION, Endpoint, Interface, Module, TokenForm
from csms.services.house import House
from csms.services.ports import PartnerAnswer, PartnerCall

MOST_ENDPOINTS: Final = 100
LONGEST_URL: Final = 512


@dataclass(frozen=True, slots=True)
class Found:
    """What a partner serves in the version that was chosen, and the form of token it understood."""

    version: str
    endpoints: tuple[Endpoint, ...]
    form: TokenForm


async def discover(house: House, lane: str, versions_url: str, token: str, form: TokenForm) -> Found:
    """Ask a partner for its versions and the details of 2.2.1, in bounded time.

    OcpiRefusal: 3001 where it cannot be asked or understood, 3002 without 2.2.1, 3003 without credentials.
    """
    with trio.move_on_after(house.unit.policy.ocpi.timeout_s):
        answer, form = await _in_either_form(house, lane, versions_url, token, form)
        details_url = urljoin(versions_url, _details_url(_data(answer, "the versions")))
        call = PartnerCall(lane=lane, method="GET", url=details_url, token=token, form=form)
        details = _data(await _asked(house, call), "the details of 2.2.1")
        endpoints = _endpoints(details, details_url)
        if not any(each.module == Module.CREDENTIALS for each in endpoints):
            raise OcpiRefusal(
                OcpiStatus.NO_MATCHING_ENDPOINTS, "there is no credentials endpoint among those of 2.2.1"
            )
        return Found(VERSION, endpoints, form)
    raise _unusable("the versions were not told in time")


async def _in_either_form(
    house: House, lane: str, url: str, token: str, form: TokenForm
) -> tuple[PartnerAnswer, TokenForm]:
    """Ask in one form of the token, and where that is refused in the other one: old peers want it plain."""
    other = TokenForm.PLAIN if form is TokenForm.BASE64 else TokenForm.BASE64
    for each in (form, other):
        call = PartnerCall(lane=lane, method="GET", url=url, token=token, form=each)
        answer = await _asked(house, call)
        if answer.http not in (401, 403) or each is other:
            return answer, each
    raise AssertionError


async def _asked(house: House, call: PartnerCall) -> PartnerAnswer:
    try:
        return await house.partners.ask(call)
    except FarEndFailed as error:
        raise _unusable(f"{call.url[:200]}: {error}") from None


def _data(answer: PartnerAnswer, what: str) -> Any:
    if answer.http in (401, 403):
        raise _unusable(f"asked for {what}: HTTP {answer.http}, the token is not accepted")
    if not answer.done:
        raise _unusable(f"asked for {what}: status {answer.status} (HTTP {answer.http})")
    return answer.data


def _details_url(versions: Any) -> str:
    """Return the address of 2.2.1 among the versions; 3002 where it is not there."""
    if isinstance(versions, dict):
        versions = versions.get("versions", [versions])
    if not isinstance(versions, list):
        raise _unusable("the versions are no list")
    for each in versions:
        if isinstance(each, dict) and str(each.get("version")).strip() == VERSION:
            url = each.get("url")
            if isinstance(url, str) and 0 < len(url) <= LONGEST_URL:
                return url
    raise OcpiRefusal(OcpiStatus.UNSUPPORTED_VERSION, f"{VERSION} is not among the versions")


def _endpoints(details: Any, details_url: str) -> tuple[Endpoint, ...]:
    """Return the endpoints that can be understood; of an old peer that names no side, without one."""
    if isinstance(details, list) and len(details) == 1 and _has_endpoints(details[0]):
        details = details[0]
    found = details.get("endpoints") if isinstance(details, dict) else details
    if not isinstance(found, list):
        raise _unusable("the details of 2.2.1 have no endpoints")
    return tuple(
        each for each in (_endpoint(e, details_url) for e in found[:MOST_ENDPOINTS]) if each is not None
    )


def _has_endpoints(found: Any) -> bool:
    return isinstance(found, dict) and "endpoints" in found


def _endpoint(found: Any, details_url: str) -> Endpoint | None:
    if not isinstance(found, dict):
        return None
    module, url, side = found.get("identifier"), found.get("url"), found.get("role")
    if not isinstance(module, str) or not isinstance(url, str) or not 0 < len(url) <= LONGEST_URL:
        return None
    named = side.strip().upper() if isinstance(side, str) else ""
    interface = Interface[named] if named in Interface.__members__ else None
    return Endpoint(module.strip().lower()[:64], interface, urljoin(details_url, url))


def _unusable(text: str) -> CsmsError:
    return OcpiRefusal(OcpiStatus.CLIENT_API_UNUSABLE, text)
