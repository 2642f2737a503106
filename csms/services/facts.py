"""What a station's own answers teach us about it: one table from each kind of fact to the rule that keeps it."""

from collections.abc import Callable
from typing import Any, Final

from csms.model.command import (
    AvailabilityWanted,
    CertificateGone,
    CertificateHeld,
    CertificatesHeld,
    CustomerForgotten,
    CustomMonitorsGone,
    Fact,
    LocalListAt,
    MonitorGone,
    MonitorSet,
    NothingToReport,
    ProfileInstalled,
    ProfilesCleared,
    ProfilesReported,
    ReservationCancelled,
    ReservationMade,
    SettingRefused,
    SettingReported,
)
from csms.model.reservation import ReservationStatus
from csms.model.station import StationRef
from csms.services import (
    certificate_ledger,
    charging_profiles,
    device_model,
    local_list_states,
    monitors,
    reservations,
)
from csms.services.unit import Tx
from csms.store import stations


def apply(tx: Tx, station: StationRef, fact: Fact) -> None:
    """Keep one fact; a password or an earlier command that it is about services.commands knows and settles."""
    rule = _RULES.get(type(fact))
    if rule is not None:
        rule(tx, station, fact)


def _nothing_to_report(tx: Tx, station: StationRef, fact: NothingToReport) -> None:
    monitors.replaced(tx, station, fact.covers, tx.at)


def _availability(tx: Tx, station: StationRef, fact: AvailabilityWanted) -> None:
    stations.set_intent(tx.db, station.key, fact.evse_id, fact.connector_id, fact.available)


def _reservation_cancelled(tx: Tx, station: StationRef, fact: ReservationCancelled) -> None:
    reservations.end(tx, station, fact.id, ReservationStatus.CANCELLED, "cancelled")


def _customer_forgotten(tx: Tx, station: StationRef, fact: CustomerForgotten) -> None:
    local_list_states.forget(tx, station, fact.id_token)


def _local_list_at(tx: Tx, station: StationRef, fact: LocalListAt) -> None:
    stations.write_list_version(tx.db, station.key, fact.version, tx.at)


_RULES: Final[dict[type[Any], Callable[[Tx, StationRef, Any], None]]] = {
    SettingReported: device_model.told,
    SettingRefused: device_model.refused,
    MonitorSet: monitors.learn,
    MonitorGone: monitors.learn,
    CustomMonitorsGone: monitors.learn,
    NothingToReport: _nothing_to_report,
    AvailabilityWanted: _availability,
    ReservationMade: reservations.made,
    ReservationCancelled: _reservation_cancelled,
    CustomerForgotten: _customer_forgotten,
    LocalListAt: _local_list_at,
    ProfileInstalled: charging_profiles.installed,
    ProfilesCleared: charging_profiles.cleared,
    ProfilesReported: charging_profiles.reported,
    CertificateHeld: certificate_ledger.held,
    CertificatesHeld: certificate_ledger.all_held,
    CertificateGone: certificate_ledger.gone,
}
