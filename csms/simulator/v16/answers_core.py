"""How a 1.6 station answers the Core and RemoteTrigger profiles (OCPP 1.6 §5.1 to §5.19)."""

from typing import Final

from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload
from csms.simulator.plan import draw_vehicle
from csms.simulator.profiles import TX_PURPOSE
from csms.simulator.v16.charging import Charge, Wish
from csms.simulator.v16.connectors import Connector
from csms.simulator.v16.device import Device16
from csms.simulator.v16.profiles import parse

ECHO_VENDOR: Final = "csms.simulator"


def change_availability(station: Device16, payload: Payload) -> Payload:
    """§5.2: at once, or Scheduled where a transaction runs; connector 0 means all."""
    number, operative = payload["connectorId"], payload["type"] == "Operative"
    if number not in station.connectors:
        return {"status": "Rejected"}
    affected = list(station.connectors.values()) if number == 0 else [station.connectors[number]]
    for connector in affected:
        if connector.busy:
            connector.operative_afterwards = operative
        elif connector.operative != operative:
            connector.operative, connector.operative_afterwards = operative, None
            station.afterwards(station.show, connector.connector_id, connector.idle_status)
    return {"status": "Scheduled" if any(connector.busy for connector in affected) else "Accepted"}


def change_configuration(station: Device16, payload: Payload) -> Payload:
    """§5.3, with the keys that take effect at once: heartbeat, password and security profile."""
    key, value = payload["key"], payload["value"]
    if key.lower() == "securityprofile":
        return {"status": _raise_security_profile(station, value)}
    status = station.configuration.change(key, value)
    if status == "Accepted":
        match key.lower():
            case "heartbeatinterval":
                station.beat_again()
            case "authorizationkey":
                station.password = password_bytes(value)
                station.afterwards(_reconnect, station)
    return {"status": status}


def password_bytes(value: str) -> bytes:
    """Return the password of an AuthorizationKey: the bytes of a hex number, or the text itself."""
    try:
        return bytes.fromhex(value)
    except ValueError:
        return value.encode()


def _raise_security_profile(station: Device16, value: str) -> str:
    """Only up, and only where the station has what the profile needs (1.6 security whitepaper)."""
    now = station.configuration.number("SecurityProfile")
    if not value.isdigit() or int(value) < now or int(value) > (3 if station.over_tls else 1):
        return "Rejected"
    if int(value) == 3 and not station.certificates.chain:
        return "Rejected"
    return station.configuration.change("SecurityProfile", value)


async def _reconnect(station: Device16) -> None:
    station.must_boot = False
    await station.restart(abruptly=False)


def clear_cache(station: Device16, _: Payload) -> Payload:
    """§5.4."""
    if not station.configuration.flag("AuthorizationCacheEnabled"):
        return {"status": "Rejected"}
    station.local_list.clear_cache()
    return {"status": "Accepted"}


def data_transfer(_: Device16, payload: Payload) -> Payload:
    """§5.6: the vendor `csms.simulator` has the message `echo`, which gives the data back."""
    if payload["vendorId"] != ECHO_VENDOR:
        return {"status": "UnknownVendorId"}
    if payload.get("messageId", "echo") != "echo":
        return {"status": "UnknownMessageId"}
    return {"status": "Accepted", **({"data": payload["data"]} if "data" in payload else {})}


def get_configuration(station: Device16, payload: Payload) -> Payload:
    """§5.8."""
    return station.configuration.answer(payload.get("key", ()))


def remote_start(station: Device16, payload: Payload) -> Payload:
    """§5.11: a driver with a vehicle stands ready; the charge begins after the answer."""
    id_tag, raw = payload["idTag"], payload.get("chargingProfile")
    connector = _free_connector(station, payload.get("connectorId"), id_tag)
    if connector is None:
        return {"status": "Rejected"}
    if raw is not None:
        if raw["chargingProfilePurpose"] != TX_PURPOSE or "transactionId" in raw:
            return {"status": "Rejected"}
        station.profiles.install(parse(connector.connector_id, raw))
    wish = Wish(
        vehicle=draw_vehicle(station.rng, station.settings.charge_s),
        id_tag=id_tag,
        duration_s=station.settings.charge_s,
        asks=station.configuration.flag("AuthorizeRemoteTxRequests"),
    )
    charge = Charge(station, connector, wish)
    connector.charge = charge  # taken from now on, so that a second request finds it busy
    station.afterwards(charge.run)
    return {"status": "Accepted"}


def _free_connector(station: Device16, wanted: int | None, id_tag: str) -> Connector | None:
    for number, connector in station.connectors.items():
        if number == 0 or (wanted is not None and number != wanted):
            continue
        reserved = connector.status == "Reserved" and station.reservation_for(number, id_tag) is None
        if connector.operative and not connector.busy and not reserved and connector.status != "Faulted":
            return connector
    return None


def remote_stop(station: Device16, payload: Payload) -> Payload:
    """§5.12: Accepted where the transaction runs, then StopTransaction with the reason Remote."""
    for connector in station.connectors.values():
        transaction = connector.transaction
        if transaction is not None and transaction.transaction_id == payload["transactionId"]:
            station.afterwards(station.end_charging, connector, "Remote")
            return {"status": "Accepted"}
    return {"status": "Rejected"}


def reset(station: Device16, payload: Payload) -> Payload:
    """§5.14: Soft stops every transaction first; Hard cuts the power, and the stop follows after the boot."""
    station.afterwards(_restart, station, payload["type"] == "Hard")
    return {"status": "Accepted"}


async def _restart(station: Device16, hard: bool) -> None:
    station.must_boot = True
    if hard:
        await station.go_offline(abruptly=True)
    for connector in list(station.connectors.values()):
        await station.end_charging(connector, "HardReset" if hard else "SoftReset")
    await station.restart(abruptly=hard)


def unlock_connector(station: Device16, payload: Payload) -> Payload:
    """§5.18: a running transaction ends with the reason UnlockCommand."""
    connector = station.connectors.get(payload["connectorId"])
    if connector is None or connector.connector_id == 0:
        return {"status": "NotSupported"}
    if connector.busy:
        station.afterwards(station.end_charging, connector, "UnlockCommand")
    return {"status": "Unlocked"}


def trigger_message(station: Device16, payload: Payload) -> Payload:
    """§5.17: the message follows the answer."""
    wanted, number = payload["requestedMessage"], payload.get("connectorId")
    if number is not None and number not in station.connectors:
        return {"status": "Rejected"}
    match wanted:
        case "BootNotification":
            station.afterwards(station.boot_once)
        case "Heartbeat":
            station.afterwards(station.heartbeat)
        case "StatusNotification":
            for connector in _meant(station, number, first=0):
                station.afterwards(_repeat_status, station, connector)
        case "MeterValues":
            for connector in _meant(station, number, first=1):
                station.afterwards(_triggered_values, station, connector)
        case "DiagnosticsStatusNotification" | "FirmwareStatusNotification" | "LogStatusNotification":
            station.afterwards(station.call, wanted, station.jobs.last(wanted))
        case _:
            return {"status": "NotImplemented"}
    return {"status": "Accepted"}


def _meant(station: Device16, number: int | None, first: int) -> list[Connector]:
    if number is not None:
        return [station.connectors[number]]
    return [connector for n, connector in station.connectors.items() if n >= first]


async def _repeat_status(station: Device16, connector: Connector) -> None:
    await station.notify_status(connector.connector_id, connector.status, error_code=connector.error_code)


async def _triggered_values(station: Device16, connector: Connector) -> None:
    await station.meter_values(connector.transaction, connector_id=connector.connector_id, context="Trigger")


def extended_trigger_message(station: Device16, payload: Payload) -> Payload:
    """Do the same, with the signed firmware's status and certificate renewal (1.6 security whitepaper)."""
    match payload["requestedMessage"]:
        case "FirmwareStatusNotification":
            notify = "SignedFirmwareStatusNotification"
            station.afterwards(station.call, notify, station.jobs.last(notify))
        case "SignChargePointCertificate":
            station.afterwards(_sign_certificate, station)
        case _:
            return trigger_message(station, payload)
    return {"status": "Accepted"}


async def _sign_certificate(station: Device16) -> None:
    request = station.certificates.request(station.configuration.text("CpoName"))
    await station.call("SignCertificate", {"csr": request})


async def security_event(station: Device16, event: str, tech_info: str | None = None) -> None:
    """Report a security event (1.6 security whitepaper)."""
    payload = {"type": event, "timestamp": to_wire(station.clock.now())}
    await station.call("SecurityEventNotification", payload | ({"techInfo": tech_info} if tech_info else {}))
