"""Messages on the displays of stations, and what operators ask about them (OCPP 2.0.1 block O)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LONGEST_CONTENT: Final = 512
LONGEST_LANGUAGE: Final = 8


class MessagePriority(StrEnum):
    """Whether other messages may show beside this one (MessagePriorityEnumType)."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


class MessageState(StrEnum):
    """During what a message shows (MessageStateEnumType); without one at any time."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"


class MessageFormat(StrEnum):
    """How the content is written (MessageFormatEnumType)."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"


@dataclass(frozen=True, slots=True)
class DisplayMessage:
    """One message of a station; `set_at` is when we had it set, `reported_at` when the station last told of it."""

    station_key: str
    id: int
    content: str
    priority: MessagePriority = MessagePriority.NORMAL_CYCLE
    format: MessageFormat = MessageFormat.UTF8
    language: str | None = None
    state: MessageState | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    transaction_id: str | None = None
    set_at: datetime | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetDisplayMessage:
    """Show a message; one of the same id is replaced."""

    message: DisplayMessage


@dataclass(frozen=True, slots=True)
class GetDisplayMessages:
    """Have the station report its messages in a report with this number, all or some."""

    number: int
    ids: tuple[int, ...] = ()
    priority: MessagePriority | None = None
    state: MessageState | None = None


@dataclass(frozen=True, slots=True)
class ClearDisplayMessage:
    """Show a message no more."""

    id: int
