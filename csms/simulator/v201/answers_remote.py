"""How a 2.0.1 station answers remote control, triggers and costs (OCPP 2.0.1 E14, F, I02)."""

from csms.simulator.frames import Payload
from csms.simulator.plan import draw_vehicle
from csms.simulator.profiles import TX_PURPOSE
from csms.simulator.v201.answers_security import sign_certificate
from csms.simulator.v201.charging import Charge, Wish
from csms.simulator.v201.connectors import Evse
from csms.simulator.v201.device import Device201
from csms.simulator.v201.id_tokens import needs_no_answer

STATUS_MESSAGES = {
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "PublishFirmwareStatusNotification",
}


def request_start(station: Device201, payload: Payload) -> Payload:
    """Answer F01 and F02: a vehicle that waits is authorized; else a driver with one stands ready."""
    token, raw, remote_start_id = payload["idToken"], payload.get("chargingProfile"), payload["remoteStartId"]
    evse = _evse_for(station, payload.get("evseId"), token)
    if evse is None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "NoFreeEvse"}}
    if raw is not None:
        if raw["chargingProfilePurpose"] != TX_PURPOSE or "transactionId" in raw:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}
        station.profiles.take(evse.evse_id, raw)
    asks = station.model.flag("AuthCtrlr", "AuthorizeRemoteStart") and not needs_no_answer(token)
    waiting = evse.charge
    if isinstance(waiting, Charge):
        known = {"transactionId": evse.transaction.transaction_id} if evse.transaction else {}
        station.afterwards(_present, waiting, token, remote_start_id, asks)
        return {"status": "Accepted", **known}
    wish = Wish(
        vehicle=draw_vehicle(station.rng, station.settings.charge_s),
        id_token=token,
        duration_s=station.settings.charge_s,
        asks=asks,
        remote_start_id=remote_start_id,
    )
    charge = evse.charge = Charge(station, evse, wish)  # taken from now on: a second request finds it busy
    station.afterwards(charge.run)
    return {"status": "Accepted"}


async def _present(waiting: Charge, token: Payload, remote_start_id: int, asks: bool) -> None:
    waiting.present(token, remote_start_id=remote_start_id, asks=asks)


def _evse_for(station: Device201, wanted: int | None, token: Payload) -> Evse | None:
    """Return the EVSE with a vehicle that waits, else a free one that this token may use."""
    candidates = [evse for number, evse in station.evses.items() if wanted in (None, number)]
    for evse in candidates:
        if isinstance(evse.charge, Charge) and evse.charge.waits_for_token:
            return evse
    for evse in candidates:
        reserved = evse.status == "Reserved" and station.reservation_for(evse.evse_id, token) is None
        if evse.usable and not evse.busy and not reserved and evse.status != "Faulted":
            return evse
    return None


def request_stop(station: Device201, payload: Payload) -> Payload:
    """Answer F03: Accepted where the transaction runs, then Ended with the reason Remote."""
    transaction = station.transaction(payload["transactionId"])
    if transaction is None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
    station.afterwards(station.end_charging, station.evses[transaction.evse_id], "Remote")
    return {"status": "Accepted"}


def get_transaction_status(station: Device201, payload: Payload) -> Payload:
    """Answer E14: whether the transaction runs, and whether messages about it, or any, still wait."""
    wanted = payload.get("transactionId")
    if wanted is None:
        return {"messagesInQueue": len(station.delivery) > 0}
    waiting = any(entry.payload["transactionInfo"]["transactionId"] == wanted for entry in station.delivery)
    return {"ongoingIndicator": station.transaction(wanted) is not None, "messagesInQueue": waiting}


def cost_updated(station: Device201, payload: Payload) -> Payload:
    """Answer I02: the driver sees the running cost."""
    station.costs[payload["transactionId"]] = payload["totalCost"]
    return {}


def trigger_message(station: Device201, payload: Payload) -> Payload:
    """Answer F06: the message follows the answer."""
    wanted, place = payload["requestedMessage"], payload.get("evse", {})
    number = place.get("id")
    if (number is not None and number not in station.evses) or place.get("connectorId", 1) != 1:
        return {"status": "Rejected"}
    evses = list(station.evses.values()) if number is None else [station.evses[number]]
    match wanted:
        case "BootNotification" if station.registration == "Accepted":
            return {"status": "Rejected"}  # F06.FR.17
        case "BootNotification":
            station.boot_reason = "Triggered"
            station.afterwards(station.boot_once)
        case "Heartbeat":
            station.afterwards(station.heartbeat)
        case "MeterValues" | "TransactionEvent":
            return _trigger_values(station, evses, wanted)
        case "StatusNotification" if "connectorId" in place:
            station.afterwards(station.notify_status, number, station.evses[number].status)
        case "StatusNotification":
            return {"status": "Rejected"}  # F06.FR.12: which connector is meant must be said
        case "SignChargingStationCertificate" | "SignV2GCertificate":
            kind = wanted.removeprefix("Sign")
            station.afterwards(sign_certificate, station, kind)
        case _ if wanted in STATUS_MESSAGES:
            station.afterwards(station.call, wanted, station.jobs.last(wanted))
        case _:
            return {"status": "NotImplemented"}
    return {"status": "Accepted"}


def _trigger_values(station: Device201, evses: list[Evse], wanted: str) -> Payload:
    """Let readings follow, of the EVSEs or of the transactions that run there."""
    if wanted == "TransactionEvent":
        evses = [evse for evse in evses if evse.transaction is not None]
    for evse in evses:
        station.afterwards(_values, station, evse, wanted == "TransactionEvent")
    return {"status": "Accepted" if evses else "Rejected"}


async def _values(station: Device201, evse: Evse, of_transaction: bool) -> None:
    transaction = evse.transaction if of_transaction else None
    await station.meter_values(transaction, evse_id=evse.evse_id, context="Trigger")
