"""Location objects as partners are shown them, and when each part of them last changed (OCPI 2.2.1 §8.3).

`last_updated` says when something changed: a connector's change is its EVSE's and its location's too, and what was
only looked at again keeps its time. What is no more stays as REMOVED, for there is no deletion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from csms.model.location import ConnectorEquipment, EvseEquipment, Location, fold
from csms.model.location_words import EvseStatus, PowerType

Json = dict[str, Any]
TIME = "last_updated"
LONGEST_CDR_ADDRESS = 45
LONGEST_CDR_STATE = 20


@dataclass(frozen=True, slots=True)
class ShownConnector:
    """A connector with its equipment and the tariffs that apply to it."""

    id: str
    equipment: ConnectorEquipment
    tariff_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownEvse:
    """An EVSE as it is to be shown."""

    uid: str
    evse_id: str | None
    status: EvseStatus
    capabilities: tuple[str, ...]
    equipment: EvseEquipment
    connectors: tuple[ShownConnector, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A Location object with its times, and what changed: uids of EVSEs, and whether the location's own fields did."""

    document: Json
    evse_uids: tuple[str, ...]
    itself: bool

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return self.itself or bool(self.evse_uids)


def location_object(location: Location, country_code: str, party_id: str, evses: Sequence[ShownEvse]) -> Json:
    """Return the Location object (§8.3.1) without times; the location lacks nothing (`Location.missing`)."""
    found: Json = {
        "country_code": country_code,
        "party_id": party_id,
        "id": location.id,
        "publish": location.publish,
        "name": location.name,
        **place(location),
        **{name: value for name, value in location.details.items() if value is not None},
        "time_zone": location.time_zone,
        "evses": [_evse(evse) for evse in evses],
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def place(location: Location) -> Json:
    """Return the fields of address and coordinates, which Location and CdrLocation share."""
    return {
        "address": location.address,
        "city": location.city,
        "postal_code": location.postal_code,
        "state": location.state,
        "country": location.country,
        "coordinates": {"latitude": location.latitude, "longitude": location.longitude},
    }


def cdr_location(
    location: Location, uid: str, evse_id: str | None, connector_id: int | None, kit: ConnectorEquipment
) -> Json:
    """Return the CdrLocation (§10.4.3) of one connector as it is now; its address and state are shorter."""
    found = {
        "id": location.id,
        "name": location.name,
        **place(location),
        "address": (location.address or "")[:LONGEST_CDR_ADDRESS],
        "state": location.state[:LONGEST_CDR_STATE] if location.state else None,
        "evse_uid": uid,
        "evse_id": evse_id or uid,
        "connector_id": str(connector_id or 1),
        "connector_standard": kit.standard.value,
        "connector_format": kit.format.value,
        "connector_power_type": kit.power_type.value,
    }
    return {name: value for name, value in found.items() if value is not None}


def settle(now: str, new: Json, old: Json | None) -> Changed:
    """Give a Location object its times: those it was shown with where nothing changed, else `now`."""
    known = {fold(evse["uid"]): evse for evse in (old or {}).get("evses", ())}
    changed: list[str] = []
    evses: list[Json] = []
    for evse in new.get("evses", ()):
        before = known.pop(fold(evse["uid"]), None)
        timed = _settle_evse(now, evse, before)
        evses.append(timed)
        if timed != before:
            changed.append(evse["uid"])
    for gone in known.values():
        if gone["status"] != EvseStatus.REMOVED:
            left = {name: value for name, value in gone.items() if name != "evse_id"}
            gone = left | {"status": EvseStatus.REMOVED.value, TIME: now}
            changed.append(gone["uid"])
        evses.append(gone)
    itself = _without(new, "evses") != _without(old or {}, "evses")
    document = dict(new) if not evses else new | {"evses": evses}
    document[TIME] = now if itself or changed else (old or {})[TIME]
    return Changed(document, tuple(changed), itself)


def _settle_evse(now: str, new: Json, old: Json | None) -> Json:
    known = {fold(connector["id"]): connector for connector in (old or {}).get("connectors", ())}
    connectors = []
    same = old is not None and len(known) == len(new["connectors"])
    for connector in new["connectors"]:
        before = known.get(fold(connector["id"]))
        kept = before is not None and _without(before) == connector
        same = same and kept
        connectors.append(connector | {TIME: before[TIME] if before and kept else now})
    same = same and old is not None and _without(old, "connectors") == _without(new, "connectors")
    return new | {"connectors": connectors, TIME: old[TIME] if old and same else now}


def _without(document: Mapping[str, Any], children: str = "") -> Json:
    return {name: value for name, value in document.items() if name not in (TIME, children)}


def _evse(evse: ShownEvse) -> Json:
    kit = evse.equipment
    found: Json = {
        "uid": evse.uid,
        "evse_id": evse.evse_id,
        "status": evse.status.value,
        "capabilities": list(evse.capabilities),
        "connectors": [_connector(connector) for connector in evse.connectors],
        "floor_level": kit.floor_level,
        "physical_reference": kit.physical_reference,
        "parking_restrictions": [word.value for word in kit.parking_restrictions or ()],
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def _connector(connector: ShownConnector) -> Json:
    kit = connector.equipment
    found: Json = {
        "id": connector.id,
        "standard": kit.standard.value,
        "format": kit.format.value,
        "power_type": kit.power_type.value,
        "max_voltage": kit.max_voltage,
        "max_amperage": kit.max_amperage,
        "max_electric_power": power_w(kit),
        "tariff_ids": list(connector.tariff_ids),
        "terms_and_conditions": kit.terms_and_conditions,
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def power_w(kit: ConnectorEquipment) -> int:
    """Return the most that a connector gives, in W: as it was said, else what voltage, current and phases give."""
    if kit.max_electric_power is not None:
        return kit.max_electric_power
    phases = {PowerType.AC_3_PHASE: 3, PowerType.AC_2_PHASE: 2, PowerType.AC_2_PHASE_SPLIT: 2}
    return phases.get(kit.power_type, 1) * kit.max_voltage * kit.max_amperage


def read_evse_equipment(document: Json | None) -> EvseEquipment:
    """Return the equipment of an EVSE as it is kept, the default where nothing is."""
    return msgspec.convert(document or {}, EvseEquipment)


def read_connector_equipment(document: Json | None) -> ConnectorEquipment:
    """Return the equipment of a connector as it is kept, the default where nothing is."""
    return msgspec.convert(document or {}, ConnectorEquipment)
