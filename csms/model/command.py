"""Commands to charging stations: what was asked, what the station said, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from csms.model.charging_profile import ChargingProfile, ProfileScope
from csms.model.monitor import Monitor
from csms.model.station_security import CertificateUse
from csms.model.variable import VariableName


class CallStatus(StrEnum):
    """How one CALL to a station ended (the words of the management interface)."""

    ANSWERED = "ANSWERED"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    OFFLINE = "OFFLINE"


class Outcome(StrEnum):
    """What came of a command; Accepted by the station is not yet the end of most of them."""

    PENDING = "PENDING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


class Purpose(StrEnum):
    """What a command is for, whatever the action is called on the wire."""

    REMOTE_START = "REMOTE_START"
    REMOTE_STOP = "REMOTE_STOP"
    RESET = "RESET"
    FIRMWARE = "FIRMWARE"
    LOG = "LOG"
    REPORT = "REPORT"
    AVAILABILITY = "AVAILABILITY"
    OTHER = "OTHER"


class Coverage(StrEnum):
    """What a report tells all of, so that whatever it leaves out is no more."""

    DEVICE_MODEL = "DEVICE_MODEL"
    MONITORS = "MONITORS"


@dataclass(frozen=True, slots=True)
class Shape:
    """A CALL as its protocol edge understands it.

    `record` is the payload without secrets. `promise` is how long the station may take to do what it accepted; None
    where its answer is the end of the command. `request_id` is the number by which what follows names the request
    (2.0.1 requestId, remoteStartId). `new_password` is what the station will sign on with once it has
    accepted this CALL, `new_profile` the security profile it will come with then.
    """

    record: dict[str, Any]
    purpose: Purpose = Purpose.OTHER
    promise: timedelta | None = None
    id_token: str | None = None
    evse_id: int | None = None
    ocpp_id: str | None = None
    request_id: int | None = None
    covers: Coverage | None = None
    new_password: bytes | None = field(default=None, repr=False)
    new_profile: int | None = None


@dataclass(frozen=True, slots=True)
class SettingReported:
    """A setting as the station holds it; `value` and `readonly` are None where the station does not say.

    `variable` is set for OCPP 2.0.1. `written` is one that we have set; it may take a reboot to take effect.
    """

    name: str
    value: str | None
    readonly: bool | None
    variable: VariableName | None = None
    written: bool = False
    needs_reboot: bool = False


@dataclass(frozen=True, slots=True)
class SettingRefused:
    """The station does not take a value for a setting (`written`), or does not know the setting at all."""

    name: str
    reason: str
    unknown: bool = False
    written: bool = False


@dataclass(frozen=True, slots=True)
class MonitorSet:
    """The station has a monitor of ours."""

    monitor: Monitor


@dataclass(frozen=True, slots=True)
class MonitorGone:
    """The station has no monitor of this number (any more)."""

    id: int


@dataclass(frozen=True, slots=True)
class CustomMonitorsGone:
    """The station has removed every monitor that was set by a CSMS (N03)."""


@dataclass(frozen=True, slots=True)
class NothingToReport:
    """The station has nothing of what a whole report would cover."""

    covers: Coverage


@dataclass(frozen=True, slots=True)
class AvailabilityWanted:
    """The operator wants an EVSE (0: the whole station) operative or not, and the station agreed.

    `connector_id` 0 is every connector of the EVSE.
    """

    evse_id: int
    available: bool
    connector_id: int = 0


@dataclass(frozen=True, slots=True)
class ReservationMade:
    """The station reserved an EVSE (0: any) for an id token."""

    id: int
    evse_id: int
    id_token: str
    group_id: str | None
    expires_at: datetime
    connector_type: str | None = None


@dataclass(frozen=True, slots=True)
class ReservationCancelled:
    """The station gave up a reservation."""

    id: int


@dataclass(frozen=True, slots=True)
class LocalListAt:
    """The version of the local authorization list that the station holds."""

    version: int


@dataclass(frozen=True, slots=True)
class ProfileInstalled:
    """The station holds a charging profile; one of the same id is gone."""

    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ProfilesCleared:
    """The station has none of these charging profiles any more."""

    scope: ProfileScope


@dataclass(frozen=True, slots=True)
class ProfilesReported:
    """The station has no more charging profiles to tell of than it has told in answer to this request."""

    request_id: int


@dataclass(frozen=True, slots=True)
class CustomerForgotten:
    """The station deletes what it knows of a customer; None where no id token names the customer."""

    id_token: str | None


@dataclass(frozen=True, slots=True)
class PasswordTaken:
    """The station signs on with the new password of the CALL from now on."""


@dataclass(frozen=True, slots=True)
class CertificateHeld:
    """A certificate in a station's store, named by hashes in lower-case hex; `as_reported` is the station's spelling.

    `child` is one that stands below another in a chain.
    """

    use: CertificateUse
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    as_reported: dict[str, Any] = field(default_factory=dict)
    child: bool = False
    subject: str | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificatesHeld:
    """All the certificates of these uses that a station holds."""

    uses: tuple[CertificateUse, ...]
    held: tuple[CertificateHeld, ...]


@dataclass(frozen=True, slots=True)
class CertificateGone:
    """The station has deleted a certificate, or has none of this name."""

    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class EarlierCanceled:
    """The station has given up what it was doing for an earlier command of the same purpose."""


Fact = (
    SettingReported
    | SettingRefused
    | MonitorSet
    | MonitorGone
    | CustomMonitorsGone
    | NothingToReport
    | AvailabilityWanted
    | ReservationMade
    | ReservationCancelled
    | LocalListAt
    | ProfileInstalled
    | ProfilesCleared
    | ProfilesReported
    | CustomerForgotten
    | PasswordTaken
    | EarlierCanceled
    | CertificateHeld
    | CertificatesHeld
    | CertificateGone
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A station's answer to a CALL: whether it agreed, and what the answer says about the station.

    `final`: it has done what it agreed to, although requests of this kind may only be promised.
    """

    payload: dict[str, Any]
    agreed: bool = True
    facts: tuple[Fact, ...] = field(default=())
    final: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command sent to a station; `followed_by` is the last thing the station reported about it."""

    id: str
    tenant_id: str
    station_key: str
    station_id: str
    action: str
    purpose: Purpose
    request: dict[str, Any]
    status: CallStatus | None
    outcome: Outcome
    requested_at: datetime
    requested_by: str
    expires_at: datetime
    id_token: str | None = None
    evse_id: int | None = None
    ocpp_id: str | None = None
    request_id: int | None = None
    covers: Coverage | None = None
    answered_at: datetime | None = None
    response: dict[str, Any] | None = None
    error: str | None = None
    followed_by: str | None = None
