"""The live appliance as services see it: how to write, how to reach stations, and since when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from csms.services.message_log import MessageLog
from csms.services.ports import NO_PARTNERS, PartyLink, StationLink
from csms.services.unit import Unit


@dataclass(frozen=True, slots=True)
class House:
    """What a verb needs that works on the running appliance."""

    unit: Unit
    link: StationLink
    message_log: MessageLog
    started_at: datetime
    listeners: Callable[[], Sequence[dict[str, Any]]]
    data_dir: Path = Path()
    partners: PartyLink = NO_PARTNERS
