"""What a partner is sent about something that happened: the object as it is now (OCPI 2.2.1 §8.2.2 to §12.2.2).

An object is sent whole, so that what was lost before is made up for, and only to those who may read it
(services.published). Where there is nothing to send, nothing is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from csms.clock import to_wire
from csms.errors import NotFound
from csms.model import own_token, roaming
from csms.model.ocpi_status import OcpiStatus
from csms.model.party import Interface, Module, Party, PartyKey, roles_of, serves
from csms.services import published, tenants
from csms.services.partners import Request
from csms.services.ports import PartnerAnswer
from csms.services.unit import Tx
from csms.store import party_pushes as store
from csms.store import rows, tariffs, tokens
from csms.store import tenants as tenant_store
from csms.store.connection import Row

MOST_EVSES: Final = 10
"""Where more EVSEs of a location changed, the location is sent."""
IMPORTED: Final = "imported"
REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class Item:
    """One object to be sent; `until` is the position in the outbox reached with it, None for one that waited."""

    kind: str
    subject: str
    at: str
    body: Mapping[str, Any] = field(default_factory=dict)
    until: int | None = None


def gather(events: Iterable[Row]) -> list[Item]:
    """Return what to send for events of the outbox, in order; each object once, however often it changed."""
    found: dict[tuple[str, str], Item] = {}
    firsts: dict[tuple[str, str], int] = {}
    last = 0
    for event in events:
        body, last = rows.from_json(event["body"]), int(event["id"])
        imported = body.get("change") == IMPORTED
        key = (event["kind"], f"{last}" if imported else event["subject"])
        firsts.setdefault(key, last)
        before = found.get(key)
        merged = _merged(before.body, body) if before else body
        found[key] = Item(event["kind"], event["subject"], event["at"], merged)
    starts = [*firsts.values(), last + 1]
    return [replace(item, until=starts[number + 1] - 1) for number, item in enumerate(found.values())]


def _merged(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    if "evseUids" not in after:
        return dict(after)
    uids = dict.fromkeys([*before.get("evseUids", ()), *after["evseUids"]])
    return {"evseUids": list(uids), "itself": before.get("itself", True) or after["itself"]}


def requests(tx: Tx, party: Party, item: Item) -> list[Request]:
    """Return what to ask of a partner for one object: nothing where it does not want it, or may not see it."""
    module, make = _MAKERS[item.kind]
    tenant = tenants.by_id(tx, party.tenant_id)
    if party.endpoint(module, Interface.RECEIVER) is None:
        return []
    if not serves(roles_of(tenant.tenant_type), module, Interface.SENDER):
        return []
    try:
        return make(tx, party, item)
    except NotFound:
        return []


def whole(item: Item) -> Item:
    """Return an item that sends a location whole, not some of its EVSEs."""
    return replace(item, body={"evseUids": [], "itself": True})


def is_part(item: Item) -> bool:
    """Whether only some EVSEs of a location are sent."""
    return bool(item.body.get("evseUids")) and not item.body.get("itself", True)


def is_unknown(answer: PartnerAnswer) -> bool:
    """Whether a partner says that it does not know the object."""
    return answer.http == 404 or answer.status in (OcpiStatus.UNKNOWN_LOCATION, OcpiStatus.UNKNOWN_TOKEN)


def _location(tx: Tx, party: Party, item: Item) -> list[Request]:
    location = rows.from_json(rows.to_json(published.location(tx, party, item.subject)))
    owner, uids = _owner(location), item.body.get("evseUids", ())
    if not is_part(item) or len(uids) > MOST_EVSES:
        return [_put(Module.LOCATIONS, owner, (location["id"],), location)]
    evses = [evse for evse in location.get("evses", ()) if evse["uid"] in uids]
    return [_put(Module.LOCATIONS, owner, (location["id"], evse["uid"]), evse) for evse in evses]


def _session(tx: Tx, party: Party, item: Item) -> list[Request]:
    session = published.session(tx, party, item.subject)
    return [_put(Module.SESSIONS, _owner(session), (session["id"],), session)]


def _cdr(tx: Tx, party: Party, item: Item) -> list[Request]:
    if store.has_cdr(tx.db, party.tenant_id, party.id, item.subject):
        return []
    body = published.cdr(tx, party, None, item.subject)
    return [Request(method="POST", module=Module.CDRS, interface=Interface.RECEIVER, body=body)]


def _tariff(tx: Tx, party: Party, item: Item) -> list[Request]:
    row = tariffs.get(tx.db, party.tenant_id, item.subject)
    if row is None or not row["active"]:
        owner = _own(tx, party)
        return [_request("DELETE", Module.TARIFFS, owner, (item.subject,))]
    tariff = published.tariff(row)
    return [_put(Module.TARIFFS, _own(tx, party), (item.subject,), tariff)]


def _token(tx: Tx, party: Party, item: Item) -> list[Request]:
    """Send a token of ours; one that was removed is invalid from now on, for there is no deletion."""
    token = tokens.get(tx.db, party.tenant_id, item.subject)
    if token is not None:
        document = own_token.document(token, tenants.by_id(tx, party.tenant_id), tx.now)
        query = {"type": str(document["type"])}
        return [_request("PUT", Module.TOKENS, _owner(document), (document["uid"],), document, query)]
    if item.body.get("change") != REMOVED:
        return []
    query = {"type": str(roaming.token_type(item.body["type"]))}
    change = {"valid": False, "last_updated": to_wire(tx.now)}
    return [_request("PATCH", Module.TOKENS, _own(tx, party), (item.subject,), change, query)]


_MAKERS: Final[dict[str, tuple[Module, Callable[[Tx, Party, Item], list[Request]]]]] = {
    "location.changed": (Module.LOCATIONS, _location),
    "session.changed": (Module.SESSIONS, _session),
    "cdr.created": (Module.CDRS, _cdr),
    "tariff.changed": (Module.TARIFFS, _tariff),
    "token.changed": (Module.TOKENS, _token),
}


def _own(tx: Tx, party: Party) -> PartyKey:
    found = tenant_store.identity(tx.db, party.tenant_id)
    return PartyKey(found["country_code"], found["party_id"])


def _owner(document: Mapping[str, Any]) -> PartyKey:
    return PartyKey(document["country_code"], document["party_id"])


def _put(module: Module, owner: PartyKey, path: tuple[str, ...], body: Any) -> Request:
    return _request("PUT", module, owner, path, body)


def _request(
    method: str,
    module: Module,
    owner: PartyKey,
    path: tuple[str, ...],
    body: Any = None,
    query: Mapping[str, str] | None = None,
) -> Request:
    return Request(
        method=method, module=module, interface=Interface.RECEIVER, segments=(*owner, *path), body=body, query=query
    )  # fmt: skip
