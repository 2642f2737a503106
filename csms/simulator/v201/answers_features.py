"""How a 2.0.1 station answers local lists and reservations (OCPP 2.0.1 D, H)."""

from csms.simulator.clock import from_wire
from csms.simulator.frames import Payload
from csms.simulator.v201.connectors import Reservation
from csms.simulator.v201.device import Device201


def get_local_list_version(station: Device201, _: Payload) -> Payload:
    """Answer D02: 0 is no list."""
    enabled = station.model.flag("LocalAuthListCtrlr", "Enabled")
    return {"versionNumber": station.local_list.version if enabled else 0}


def send_local_list(station: Device201, payload: Payload) -> Payload:
    """Answer D01."""
    model, entries = station.model, payload.get("localAuthorizationList", [])
    if not model.flag("LocalAuthListCtrlr", "Enabled"):
        return {"status": "Failed"}
    if len(entries) > model.number("LocalAuthListCtrlr", "ItemsPerMessage"):
        return {"status": "Failed", "statusInfo": {"reasonCode": "TooManyElements"}}
    most = model.most("LocalAuthListCtrlr", "Entries")
    status = station.local_list.update(payload["versionNumber"], payload["updateType"], entries, most)
    model.set("LocalAuthListCtrlr", "Entries", str(len(station.local_list)))
    return {"status": status}


def reserve_now(station: Device201, payload: Payload) -> Payload:
    """Answer H01: the same reservation id replaces; without an EVSE any one is promised."""
    reservation = Reservation(
        payload["id"],
        payload.get("evseId", 0),
        payload["idToken"],
        payload.get("groupIdToken"),
        from_wire(payload["expiryDateTime"]),
    )
    if reservation.evse_id and reservation.evse_id not in station.evses:
        return {"status": "Rejected"}
    if payload.get("connectorType", "cType2") != "cType2":
        return {"status": "Rejected", "statusInfo": {"reasonCode": "UnsupportedConnector"}}
    status = _reservable(station, reservation)
    if status != "Accepted":
        return {"status": status}
    replaced = station.reservations.get(reservation.reservation_id)
    station.reservations[reservation.reservation_id] = reservation
    if replaced is not None and replaced.evse_id != reservation.evse_id:
        station.afterwards(_show_free, station, replaced.evse_id)
    if reservation.evse_id:
        station.afterwards(station.show, reservation.evse_id, "Reserved")
    station.afterwards(_expire, station, reservation)
    return {"status": "Accepted"}


def _reservable(station: Device201, reservation: Reservation) -> str:
    number = reservation.evse_id
    candidates = [evse for n, evse in station.evses.items() if number in (0, n)]
    others = [r for r in station.reservations.values() if r.reservation_id != reservation.reservation_id]
    taken = {r.evse_id for r in others if r.evse_id}
    free = [evse for evse in candidates if evse.usable and not evse.busy and evse.evse_id not in taken]
    if sum(evse.status not in ("Unavailable", "Faulted") for evse in free) > sum(
        1 for r in others if number == 0 and r.evse_id == 0
    ):
        return "Accepted"
    if {evse.status for evse in candidates} == {"Faulted"}:
        return "Faulted"
    return "Unavailable" if not any(evse.usable for evse in candidates) else "Occupied"


async def _expire(station: Device201, reservation: Reservation) -> None:
    await station.clock.sleep_until(reservation.expires_at)
    if station.reservations.get(reservation.reservation_id) is reservation:
        await _withdraw(station, reservation, "Expired")


async def _withdraw(station: Device201, reservation: Reservation, status: str) -> None:
    """Take a reservation back of the station's own accord (H04): the CSMS is told why."""
    del station.reservations[reservation.reservation_id]
    await _show_free(station, reservation.evse_id)
    update = {"reservationId": reservation.reservation_id, "reservationUpdateStatus": status}
    await station.call("ReservationStatusUpdate", update)


async def _show_free(station: Device201, number: int) -> None:
    if number and station.evses[number].status == "Reserved":
        await station.show(number, station.evses[number].idle_status)


def cancel_reservation(station: Device201, payload: Payload) -> Payload:
    """Answer H02."""
    reservation = station.reservations.pop(payload["reservationId"], None)
    if reservation is None:
        return {"status": "Rejected"}
    station.afterwards(_show_free, station, reservation.evse_id)
    return {"status": "Accepted"}
