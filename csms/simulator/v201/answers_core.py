"""How a 2.0.1 station answers availability, reset, unlock, cache and data transfer (OCPP 2.0.1 B11, C11, F05, G, P)."""

from typing import Final

from csms.simulator.frames import Payload
from csms.simulator.v201.connectors import Evse
from csms.simulator.v201.device import Device201

ECHO_VENDOR: Final = "csms.simulator"


def change_availability(station: Device201, payload: Payload) -> Payload:
    """Answer G03 and G04: at once, or Scheduled where a transaction runs; no EVSE means the whole station."""
    place, operative = payload.get("evse"), payload["operationalStatus"] == "Operative"
    if place is None:
        level, affected = "station", list(station.evses.values())
    elif place["id"] not in station.evses or place.get("connectorId", 1) != 1:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
    else:
        level = "connector" if "connectorId" in place else "evse"
        affected = [station.evses[place["id"]]]
    for evse in affected:
        if evse.busy:
            evse.waiting = (level, operative)
            continue
        usable = evse.usable
        evse.waiting = None
        evse.change(level, operative)
        if evse.usable != usable:
            station.afterwards(station.show, evse.evse_id, evse.idle_status)
    return {"status": "Scheduled" if any(evse.busy for evse in affected) else "Accepted"}


def clear_cache(station: Device201, _: Payload) -> Payload:
    """Answer C11."""
    if not station.model.flag("AuthCacheCtrlr", "Enabled"):
        return {"status": "Rejected"}
    station.local_list.clear_cache()
    return {"status": "Accepted"}


def data_transfer(_: Device201, payload: Payload) -> Payload:
    """Answer P01: the vendor `csms.simulator` has the message `echo`, which gives the data back."""
    if payload["vendorId"] != ECHO_VENDOR:
        return {"status": "UnknownVendorId"}
    if payload.get("messageId", "echo") != "echo":
        return {"status": "UnknownMessageId"}
    return {"status": "Accepted", **({"data": payload["data"]} if "data" in payload else {})}


def reset(station: Device201, payload: Payload) -> Payload:
    """Answer B11 and B12: Immediate ends transactions, OnIdle waits for them; an EVSE's reset is no boot."""
    number = payload.get("evseId")
    if number is not None and number not in station.evses:
        return {"status": "Rejected"}
    evses = list(station.evses.values()) if number is None else [station.evses[number]]
    waits = payload["type"] == "OnIdle" and any(evse.busy for evse in evses)
    station.afterwards(_reset, station, evses, number is None, waits)
    return {"status": "Scheduled" if waits else "Accepted"}


async def _reset(station: Device201, evses: list[Evse], whole: bool, waits: bool) -> None:
    for evse in evses:
        if waits and evse.charge is not None:
            await evse.charge.until_ended()
        else:
            await station.end_charging(evse, "ImmediateReset")
    if whole:
        await restart(station, "ScheduledReset" if waits else "RemoteReset")
    else:
        for evse in evses:
            await station.show(evse.evse_id, "Unavailable")
            await station.show(evse.evse_id, evse.idle_status)


async def restart(station: Device201, reason: str) -> None:
    """Leave, come back and boot with that reason."""
    station.must_boot, station.boot_reason = True, reason
    await station.restart(abruptly=False)


def unlock_connector(station: Device201, payload: Payload) -> Payload:
    """Answer F05: never while an authorized transaction runs."""
    evse = station.evses.get(payload["evseId"])
    if evse is None or payload["connectorId"] != 1:
        return {"status": "UnknownConnector"}
    if evse.transaction is not None and evse.transaction.id_token is not None:
        return {"status": "OngoingAuthorizedTransaction"}
    if evse.busy:
        station.afterwards(station.end_charging, evse, "EVDisconnected")
    return {"status": "Unlocked"}
