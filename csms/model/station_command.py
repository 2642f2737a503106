"""What can be asked of a charging station, in the words of OCPP 2.0.1, whatever version it speaks.

Each protocol edge holds one table from these classes to its own messages; services and surfaces know only these.
EVSE 0 is the station as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from csms.model.charging_profile import ChargingProfile, ProfileLimits, ProfileScope, RateUnit
from csms.model.customer_request import CustomerInformation
from csms.model.device_command import DeviceCommand
from csms.model.display_message import ClearDisplayMessage, GetDisplayMessages, SetDisplayMessage
from csms.model.driver_text import UpdateCost
from csms.model.file_command import PublishFirmware, UnpublishFirmware, UpdateFirmware, UploadLog
from csms.model.id_token import ISO14443, Authorization
from csms.model.security_command import SecurityCommand


class ResetKind(StrEnum):
    """Whether running transactions may end in good order first (2.0.1: OnIdle, Immediate)."""

    SOFT = "soft"
    HARD = "hard"


class Trigger(StrEnum):
    """Messages a station can be asked to send (2.0.1 MessageTriggerEnumType)."""

    BOOT = "BootNotification"
    HEARTBEAT = "Heartbeat"
    STATUS = "StatusNotification"
    METER_VALUES = "MeterValues"
    FIRMWARE_STATUS = "FirmwareStatusNotification"
    LOG_STATUS = "LogStatusNotification"
    TRANSACTION = "TransactionEvent"
    PUBLISH_FIRMWARE_STATUS = "PublishFirmwareStatusNotification"
    SIGN_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2G_CERTIFICATE = "SignV2GCertificate"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"


class ListUpdate(StrEnum):
    """Whether a local list replaces what the station holds or changes it (2.0.1 UpdateEnumType)."""

    FULL = "Full"
    DIFFERENTIAL = "Differential"


@dataclass(frozen=True, slots=True)
class Reset:
    """Restart the station, or one EVSE of it."""

    kind: ResetKind = ResetKind.SOFT
    evse_id: int = 0


@dataclass(frozen=True, slots=True)
class UnlockConnector:
    """Release the cable; a running transaction ends."""

    evse_id: int
    connector_id: int = 1


@dataclass(frozen=True, slots=True)
class StartTransaction:
    """Begin a charge for an id token; without an EVSE the station chooses. `limit_a` bounds this charge.

    `number` is the remoteStartId, by which the transaction names what it follows.
    """

    id_token: str
    evse_id: int | None = None
    limit_a: Decimal | None = None
    id_token_type: str = ISO14443
    number: int = 0


@dataclass(frozen=True, slots=True)
class StopTransaction:
    """End a charge, by the id the station knows it under."""

    ocpp_id: str


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Put an EVSE, one connector of it, or the whole station, in or out of service."""

    available: bool
    evse_id: int = 0
    connector_id: int = 0


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    """Have the station send a message now."""

    message: Trigger
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class GetSettings:
    """Read settings (1.6 configuration keys, 2.0.1 variables); no names means all, in a report with this `number`."""

    names: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class SetSetting:
    """Write one setting."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetSettings:
    """Write several settings in one message."""

    settings: tuple[SetSetting, ...]


@dataclass(frozen=True, slots=True)
class LimitCurrent:
    """Bound the current per phase from `since` on, for `duration_s` or until it is cleared.

    `profile_id` is the charging profile whose place it takes, where the station has one there.
    """

    amps: Decimal
    since: datetime
    evse_id: int = 0
    phases: int | None = None
    duration_s: int | None = None
    profile_id: int | None = None


@dataclass(frozen=True, slots=True)
class ClearLimit:
    """Lift what `LimitCurrent` has set."""

    evse_id: int = 0


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """Ask what all charging profiles together come to for the next `duration_s`, in a unit of the asker's choice."""

    evse_id: int = 0
    duration_s: int = 86_400
    unit: RateUnit | None = None


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    """Have the station hold a charging profile; one of the same id is replaced."""

    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ClearChargingProfiles:
    """Have the station drop charging profiles: one by its id, or those of a scope; never both."""

    scope: ProfileScope


@dataclass(frozen=True, slots=True)
class GetChargingProfiles:
    """Have the station report the charging profiles of a scope, in a report with this number."""

    number: int
    scope: ProfileScope


@dataclass(frozen=True, slots=True)
class ReserveNow:
    """Keep an EVSE (0: any) for an id token or its group until `expires_at`."""

    id: int
    id_token: str
    expires_at: datetime
    evse_id: int = 0
    group_id: str | None = None
    id_token_type: str = ISO14443
    connector_type: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    """Give up a reservation."""

    id: int


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An id token of a local list with its verdict; None takes it off the list."""

    id_token: str
    authorization: Authorization | None
    id_token_type: str = ISO14443


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """Give the station the id tokens it may decide about by itself."""

    version: int
    update: ListUpdate
    entries: tuple[ListEntry, ...]


@dataclass(frozen=True, slots=True)
class GetLocalListVersion:
    """Ask which local list the station holds."""


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Have the station forget the authorizations it remembers."""


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """Send a vendor's own message."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


StationCommand = (
    Reset
    | UnlockConnector
    | StartTransaction
    | StopTransaction
    | ChangeAvailability
    | TriggerMessage
    | GetSettings
    | SetSetting
    | SetSettings
    | LimitCurrent
    | ClearLimit
    | GetCompositeSchedule
    | SetChargingProfile
    | ClearChargingProfiles
    | GetChargingProfiles
    | UpdateFirmware
    | UploadLog
    | PublishFirmware
    | UnpublishFirmware
    | UpdateCost
    | SetDisplayMessage
    | GetDisplayMessages
    | ClearDisplayMessage
    | CustomerInformation
    | ReserveNow
    | CancelReservation
    | SendLocalList
    | GetLocalListVersion
    | ClearCache
    | DataTransfer
    | DeviceCommand
    | SecurityCommand
)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What is known of a station: its settings by case-folded name, and the actions it answered it does not know."""

    settings: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()

    def setting(self, name: str) -> str | None:
        """Return a setting as the station last reported it; names are compared without regard to case."""
        return self.settings.get(name.casefold())

    def number(self, name: str) -> int | None:
        """Return a numeric setting, None where the station has not reported a positive number."""
        text = (self.setting(name) or "").strip()
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a station takes in one message and in all; None where it has not said."""

    settings_per_message: int | None = None
    settings_per_write: int | None = None
    bytes_per_read: int | None = None
    bytes_per_write: int | None = None
    monitors_per_message: int | None = None
    bytes_per_monitors: int | None = None
    monitors_per_clearing: int | None = None
    bytes_per_clearing: int | None = None
    untold: tuple[str, ...] = ()
    """Settings by which the station would say how many settings it takes at once, and has not yet."""
    profiles: ProfileLimits = field(default_factory=ProfileLimits)
    list_entries_per_message: int | None = None
    list_bytes_per_message: int | None = None
    list_entries: int | None = None
    id_token_characters: int | None = None
    certificate_chain_characters: int | None = None
    network_slots: tuple[int, ...] = ()
    """The network profiles a station tries, in their order, as far as it has said."""
