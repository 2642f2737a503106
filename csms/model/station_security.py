"""What secures a station: its certificates, the requests for them, and its way up to a security profile (OCPP A00–A05).

Certificate uses are named in the words of OCPP 2.0.1; OCPP 1.6 has two of them under other names.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from csms.model.certificate import CertificateKind


class CertificateUse(StrEnum):
    """What a certificate in a station's store is for (GetCertificateIdUseEnumType)."""

    CSMS_ROOT = "CSMSRootCertificate"
    MANUFACTURER_ROOT = "ManufacturerRootCertificate"
    V2G_ROOT = "V2GRootCertificate"
    MO_ROOT = "MORootCertificate"
    V2G_CHAIN = "V2GCertificateChain"


INSTALLABLE: Final = frozenset(CertificateUse) - {CertificateUse.V2G_CHAIN}


class RequestState(StrEnum):
    """How far a station's request for a certificate has come."""

    ACCEPTED = "ACCEPTED"
    SIGNED = "SIGNED"
    INSTALLED = "INSTALLED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"


OPEN: Final = frozenset({RequestState.ACCEPTED, RequestState.SIGNED})


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """One key of a station that was to be certified; `kind` None where the station named none.

    `next_try_at` is when it is signed, or sent, again; None where nothing is to be done.
    """

    id: str
    tenant_id: str
    station_key: str
    station_id: str
    kind: CertificateKind | None
    key_fingerprint: str
    csr: str
    state: RequestState
    requested_at: datetime
    updated_at: datetime
    attempts: int = 0
    next_try_at: datetime | None = None
    chain: str | None = None
    not_after: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InstalledCertificate:
    """A certificate that a station holds; the hashes are lower-case hex, `as_reported` is the station's spelling."""

    station_key: str
    tenant_id: str
    usage: CertificateUse
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    as_reported: dict[str, Any]
    child: bool
    reported_at: datetime
    subject: str | None = None
    not_after: datetime | None = None


class UpgradeState(StrEnum):
    """How a station's way to a higher profile stands."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A station's way to a higher security profile: the step it is at, and what was done so far."""

    station_key: str
    tenant_id: str
    station_id: str
    profile: int
    state: UpgradeState
    step: str
    asked_by: str
    started_at: datetime
    updated_at: datetime
    url: str | None = None
    steps: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Security:
    """What is kept of a station's security beside its profile.

    `next_profile` is one it was told to change to and has not shown yet; `restricted` says why it may only renew its
    certificate now.
    """

    station_key: str
    tenant_id: str
    registered_serial: str | None = None
    next_profile: int | None = None
    highest_profile: int = 0
    restricted: str | None = None


CRITICAL_EVENTS: Final = frozenset(
    {
        "FirmwareUpdated",
        "FailedToAuthenticateAtCsms",
        "FailedToAuthenticateAtCentralSystem",
        "CsmsFailedToAuthenticate",
        "CentralSystemFailedToAuthenticate",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "ReconfigurationOfSecurityParameters",
        "MemoryExhaustion",
        "InvalidMessages",
        "AttemptedReplayAttacks",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidCentralSystemCertificate",
        "InvalidChargingStationCertificate",
        "InvalidChargePointCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
    }
)
"""Security events that the standard calls critical (2.0.1 Part 2 appendices §1; whitepaper §6)."""
ROUTINE_EVENTS: Final = frozenset(
    {"FirmwareUpdated", "SettingSystemTime", "StartupOfTheDevice", "ResetOrReboot"}
)
"""Critical events of every day: shown, but no reason to wake somebody."""
URGENT_EVENTS: Final = frozenset(
    {
        "AttemptedReplayAttacks",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
    }
)
"""Critical events that point at an attack."""
