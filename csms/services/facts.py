"""What a station's own answers teach us about it."""

from csms.clock import to_text
from csms.model.command import (
    AvailabilityWanted,
    EarlierCanceled,
    Fact,
    LocalListAt,
    PasswordTaken,
    ReservationCancelled,
    ReservationMade,
    SettingReported,
)
from csms.model.station import StationRef
from csms.services.unit import Tx
from csms.store import commands, stations


def apply(tx: Tx, station: StationRef, fact: Fact) -> None:
    """Keep one fact."""
    match fact:
        case SettingReported():
            setting = {"station_key": station.key, "name": fact.name, "value": fact.value}
            stations.write_settings(tx.db, [setting | {"readonly": int(fact.readonly), "reported_at": tx.at}])
        case AvailabilityWanted():
            stations.set_intent(tx.db, station.key, fact.evse_id, fact.connector_id, fact.available)
        case ReservationMade():
            _reserve(tx, station, fact)
        case ReservationCancelled():
            end_reservation(tx, station, fact.id, "CANCELLED")
        case LocalListAt():
            stations.write_list_version(tx.db, station.key, fact.version, tx.at)
        case PasswordTaken() | EarlierCanceled():
            pass  # services.commands knows which password or command it was, and settles it


def _reserve(tx: Tx, station: StationRef, made: ReservationMade) -> None:
    values = {
        "id": made.id,
        "tenant_id": station.tenant_id,
        "station_key": station.key,
        "station_id": station.station_id,
        "evse_id": made.evse_id,
        "id_token": made.id_token,
        "group_id": made.group_id,
        "expires_at": to_text(made.expires_at),
        "status": "ACTIVE",
        "at": tx.at,
    }
    commands.put_reservation(tx.db, values)
    tx.emit("reservation.changed", station, str(made.id), {"status": "ACTIVE", "evseId": made.evse_id})


def end_reservation(tx: Tx, station: StationRef, reservation_id: int, status: str) -> None:
    """End a reservation that is still active: CANCELLED or EXPIRED."""
    commands.close_reservation(tx.db, station.key, reservation_id, status, tx.at)
    tx.emit("reservation.changed", station, str(reservation_id), {"status": status})


def expire_reservations(tx: Tx) -> int:
    """End the reservations whose time is over; OCPP 1.6 stations do not report it (§5.13)."""
    over = commands.expire_reservations(tx.db, tx.at)
    for row in over:
        station = StationRef(row["tenant_id"], row["station_id"], row["station_key"])
        tx.emit(
            "reservation.changed", station, str(row["id"]), {"status": "EXPIRED", "evseId": row["evse_id"]}
        )
    return len(over)
