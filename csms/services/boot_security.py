"""What a station's certificate means for its boot: who it must be, and whether it may do more than renew it."""

from dataclasses import replace

from csms.model.station import Registration, StationRef
from csms.services import security_events, security_profiles
from csms.services.stations import Booted, BootReport
from csms.services.unit import Tx
from csms.store import station_security as store
from csms.store import stations


def refuse_boot(tx: Tx, station: StationRef, report: BootReport) -> Booted | None:
    """Return the answer to the boot of a station that is another one than its certificate says (B01.FR.11, FR.12)."""
    found = stations.by_key(tx.db, station.key)
    if found is None or found.security_profile != 3 or report.serial_number is None:
        return None
    expected = security_profiles.serial_of(tx, found)
    if report.serial_number == expected:
        return None
    said = report.serial_number[: security_profiles.LONGEST_SERIAL]
    reason = f"the serial number {said} is not that of its certificate, {expected}"
    security_events.invalid_certificate(tx, station, reason)
    return Booted(Registration.REJECTED, tx.now, tx.policy.boot_retry_s, reason)


def hold_back(tx: Tx, station: StationRef, answer: Booted) -> Booted:
    """Return the answer to a boot: Pending where the station may only renew its certificate (A00.FR.429)."""
    kept = store.security(tx.db, station.key)
    if kept is None or kept.restricted is None or answer.registration is not Registration.ACCEPTED:
        return answer
    security_events.invalid_certificate(tx, station, kept.restricted)
    tx.emit("certificate.wanted", station, station.key, {"reason": kept.restricted})
    return replace(answer, registration=Registration.PENDING, interval_s=tx.policy.boot_retry_s)
