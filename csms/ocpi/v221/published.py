"""The SENDER side of locations, sessions, CDRs and tariffs: what partners read of us (OCPI 2.2.1 §8.2, §9.2, §10.2)."""

from collections.abc import Callable
from functools import partial

from csms.model.party import Party, PartyKey
from csms.ocpi import paging
from csms.ocpi.request import OcpiRequest, Reply
from csms.services import published
from csms.services.published import Listed, Span
from csms.services.unit import Tx

Lister = Callable[[Tx, Party, PartyKey | None, Span], Listed]


async def list_locations(request: OcpiRequest) -> Reply:
    """Answer GET of the list of locations."""
    return await _page(request, published.list_locations)


async def list_tariffs(request: OcpiRequest) -> Reply:
    """Answer GET of the list of tariffs."""
    return await _page(request, published.list_tariffs)


async def list_sessions(request: OcpiRequest) -> Reply:
    """Answer GET of the list of sessions, which alone must say from when."""
    return await _page(request, published.list_sessions, needs_from=True)


async def list_cdrs(request: OcpiRequest) -> Reply:
    """Answer GET of the list of CDRs."""
    return await _page(request, published.list_cdrs)


async def get_location(request: OcpiRequest) -> Reply:
    """Answer GET of a location, an EVSE or a connector."""
    path = request.path
    work = partial(
        published.location,
        party=request.party,
        location_id=path["location_id"],
        evse_uid=path.get("evse_uid"),
        connector_id=path.get("connector_id"),
    )
    return Reply(data=await request.house.unit.read(work))


async def get_cdr(request: OcpiRequest) -> Reply:
    """Answer GET of one CDR at the specification's own path."""
    work = partial(published.cdr, party=request.party, asks=request.from_party, cdr_id=request.path["cdr_id"])
    return Reply(data=await request.house.unit.read(work))


async def _page(request: OcpiRequest, lister: Lister, *, needs_from: bool = False) -> Reply:
    wants = paging.wanted(request.query, needs_from=needs_from)
    span = Span(wants.date_from, wants.date_to, wants.offset, wants.limit)
    listed = await request.house.unit.read(lambda tx: lister(tx, request.party, request.from_party, span))
    return paging.page(request, wants, listed.items, listed.total)
