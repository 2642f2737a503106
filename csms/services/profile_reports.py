"""Reports of the charging profiles a station holds, part by part (OCPP 2.0.1 K09)."""

from dataclasses import dataclass

from csms.model.charging_profile import ChargingProfile
from csms.model.command import ProfilesReported
from csms.model.station import StationRef
from csms.services import charging_profiles, device_reports
from csms.services.device_reports import Part
from csms.services.unit import Tx
from csms.store import charging_profiles as store


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """One part of a station's report of profiles: those at one EVSE from one source."""

    part: Part
    source: str
    profiles: tuple[ChargingProfile, ...]


def take_report(tx: Tx, station: StationRef, report: ProfileReport) -> None:
    """Take in one part of a report, and forget what is missing once it is whole (K09)."""
    for profile in report.profiles:
        store.put(tx.db, station.key, profile, report.source, reported_at=tx.at)
    if device_reports.take(tx, station, report.part):
        charging_profiles.reported(tx, station, ProfilesReported(report.part.request_id))
