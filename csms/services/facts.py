"""What a station's own answers teach us about it."""

from csms.model.command import (
    AvailabilityWanted,
    CertificateGone,
    CertificateHeld,
    CertificatesHeld,
    EarlierCanceled,
    Fact,
    LocalListAt,
    PasswordTaken,
    ReservationCancelled,
    ReservationMade,
    SettingReported,
)
from csms.model.reservation import ReservationStatus
from csms.model.station import StationRef
from csms.services import certificate_ledger, reservations
from csms.services.unit import Tx
from csms.store import stations


def apply(tx: Tx, station: StationRef, fact: Fact) -> None:
    """Keep one fact."""
    match fact:
        case SettingReported():
            setting = {"station_key": station.key, "name": fact.name, "value": fact.value}
            stations.write_settings(tx.db, [setting | {"readonly": int(fact.readonly), "reported_at": tx.at}])
        case AvailabilityWanted():
            stations.set_intent(tx.db, station.key, fact.evse_id, fact.connector_id, fact.available)
        case ReservationMade():
            reservations.made(tx, station, fact)
        case ReservationCancelled():
            reservations.end(tx, station, fact.id, ReservationStatus.CANCELLED, "cancelled")
        case LocalListAt():
            stations.write_list_version(tx.db, station.key, fact.version, tx.at)
        case CertificateHeld():
            certificate_ledger.held(tx, station, fact)
        case CertificatesHeld():
            certificate_ledger.all_held(tx, station, fact)
        case CertificateGone():
            certificate_ledger.gone(tx, station, fact)
        case PasswordTaken() | EarlierCanceled():
            pass  # services.commands knows which password or command it was, and settles it
