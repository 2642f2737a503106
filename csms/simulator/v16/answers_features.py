"""How a 1.6 station answers local lists, reservations and smart charging (OCPP 1.6 §5)."""

from csms.simulator.charge import VOLTAGE_V
from csms.simulator.clock import from_wire, to_wire
from csms.simulator.frames import Payload
from csms.simulator.profiles import TX_PURPOSE, Profile
from csms.simulator.v16.connectors import Reservation
from csms.simulator.v16.device import Device16
from csms.simulator.v16.profiles import MAX_PURPOSE, parse


def get_local_list_version(station: Device16, _: Payload) -> Payload:
    """§5.10: 0 is an empty list, -1 none at all."""
    enabled = station.configuration.flag("LocalAuthListEnabled")
    return {"listVersion": station.local_list.version if enabled else -1}


def send_local_list(station: Device16, payload: Payload) -> Payload:
    """§5.15."""
    configuration = station.configuration
    entries = payload.get("localAuthorizationList", [])
    if not configuration.flag("LocalAuthListEnabled"):
        return {"status": "NotSupported"}
    if len(entries) > configuration.number("SendLocalListMaxLength"):
        return {"status": "Failed"}
    most = configuration.number("LocalAuthListMaxLength")
    return {"status": station.local_list.update(payload["listVersion"], payload["updateType"], entries, most)}


def reserve_now(station: Device16, payload: Payload) -> Payload:
    """§5.13: the same reservation id replaces; connector 0 promises any connector."""
    reservation = Reservation(
        payload["reservationId"],
        payload["connectorId"],
        payload["idTag"],
        payload.get("parentIdTag"),
        from_wire(payload["expiryDate"]),
    )
    if reservation.connector_id not in station.connectors:
        return {"status": "Rejected"}
    status = _reservable(station, reservation)
    if status != "Accepted":
        return {"status": status}
    replaced = station.reservations.get(reservation.reservation_id)
    station.reservations[reservation.reservation_id] = reservation
    if replaced is not None and replaced.connector_id != reservation.connector_id:
        station.afterwards(_show_free, station, replaced.connector_id)
    if reservation.connector_id:
        station.afterwards(station.show, reservation.connector_id, "Reserved")
    station.afterwards(_expire, station, reservation)
    return {"status": "Accepted"}


def _reservable(station: Device16, reservation: Reservation) -> str:
    number = reservation.connector_id
    candidates = [c for n, c in station.connectors.items() if n == number or (number == 0 and n > 0)]
    others = [r for r in station.reservations.values() if r.reservation_id != reservation.reservation_id]
    taken = {r.connector_id for r in others if r.connector_id}
    free = [c for c in candidates if c.operative and not c.busy and c.connector_id not in taken]
    if any(c.status not in ("Unavailable", "Faulted") for c in free):
        return "Accepted"
    statuses = {c.status for c in candidates}
    if statuses == {"Faulted"}:
        return "Faulted"
    return "Unavailable" if not any(c.operative for c in candidates) else "Occupied"


async def _expire(station: Device16, reservation: Reservation) -> None:
    await station.clock.sleep_until(reservation.expires_at)
    if station.reservations.get(reservation.reservation_id) is reservation:
        del station.reservations[reservation.reservation_id]
        await _show_free(station, reservation.connector_id)


async def _show_free(station: Device16, number: int) -> None:
    connector = station.connectors[number]
    if number and connector.status == "Reserved":
        await station.show(number, connector.idle_status)


def cancel_reservation(station: Device16, payload: Payload) -> Payload:
    """§5.1."""
    reservation = station.reservations.pop(payload["reservationId"], None)
    if reservation is None:
        return {"status": "Rejected"}
    station.afterwards(_show_free, station, reservation.connector_id)
    return {"status": "Accepted"}


def set_charging_profile(station: Device16, payload: Payload) -> Payload:
    """§5.16: the limit holds for a charge under way from the same moment on."""
    profile = parse(payload["connectorId"], payload["csChargingProfiles"])
    if not _installable(station, profile):
        return {"status": "Rejected"}
    station.profiles.install(profile)
    _reconsider(station)
    return {"status": "Accepted"}


def _installable(station: Device16, profile: Profile) -> bool:
    configuration = station.configuration
    connector = station.connectors.get(profile.place_id)
    periods_fit = 0 < len(profile.periods) <= configuration.number("ChargingScheduleMaxPeriods")
    if connector is None or not periods_fit or profile.periods[0].start_s != 0:
        return False
    if profile.stack_level > configuration.number("ChargeProfileMaxStackLevel"):
        return False
    if len(station.profiles) >= configuration.number("MaxChargingProfilesInstalled"):
        return False
    if profile.purpose == MAX_PURPOSE:
        return profile.place_id == 0
    if profile.purpose == TX_PURPOSE:
        transaction = connector.transaction
        if profile.place_id == 0 or transaction is None:
            return False
        return profile.transaction_id in (None, transaction.transaction_id)
    return True


def clear_charging_profile(station: Device16, payload: Payload) -> Payload:
    """§5.5: by id, or by all the criteria that are given."""
    cleared = station.profiles.clear_described(payload)
    _reconsider(station)
    return {"status": "Accepted" if cleared else "Unknown"}


def _reconsider(station: Device16) -> None:
    for connector in station.connectors.values():
        if connector.charge is not None:
            connector.charge.reconsider()


def get_composite_schedule(station: Device16, payload: Payload) -> Payload:
    """§5.7: what the profiles come to, in the asked unit, from now on; connector 0 is the sum of all."""
    number, duration_s = payload["connectorId"], payload["duration"]
    if number not in station.connectors:
        return {"status": "Rejected"}
    unit = payload.get("chargingRateUnit", "W")
    begin = station.clock.now().replace(microsecond=0)
    started = {
        n: connector.transaction.started_at if connector.transaction else None
        for n, connector in station.connectors.items()
        if n == number or (number == 0 and n > 0)
    }
    steps = station.profiles.schedule(started, begin, duration_s, station.settings.hardware_limit_w)
    periods = [{"startPeriod": start_s, "limit": _in_unit(limit_w, unit)} for start_s, limit_w in steps]
    schedule = {
        "duration": duration_s,
        "startSchedule": to_wire(begin),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": periods,
    }
    return {
        "status": "Accepted",
        "connectorId": number,
        "scheduleStart": to_wire(begin),
        "chargingSchedule": schedule,
    }


def _in_unit(limit_w: float, unit: str) -> float:
    return round(limit_w if unit == "W" else limit_w / (VOLTAGE_V * 3), 1)
