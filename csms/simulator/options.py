"""What a run is told: how many stations, which scenario, how fast."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from csms.simulator.settings import StationSettings


@dataclass(frozen=True, slots=True)
class RunOptions:
    """One run of the simulator; `_s` is seconds, of the station's time where a charge is meant."""

    url: str
    identities: tuple[str, ...]
    seed: str
    scenario: str = "charge"
    ocpp: str = "1.6"  # the version that stations speak
    versions: Mapping[str, str] = field(default_factory=dict)  # those that differ, by identity
    tokens: tuple[str, ...] = ("SIMTOKEN",)
    password: str | None = None
    passwords: Mapping[str, str] = field(default_factory=dict)  # those that differ, by identity
    charges: int = 1
    duration_s: float = 3600.0
    speed: float | None = 60.0  # None: as fast as the CSMS answers
    starts_at: datetime | None = None  # the station's time at the beginning; None: so that the run ends now
    meter_interval_s: int = 60
    rounds: int = 1
    idle_s: float = 60.0
    ramp_s: float = 0.0
    repeat_share: float = 0.25
    tls: ssl.SSLContext | None = None
    station: StationSettings = field(default_factory=StationSettings)

    def password_of(self, identity: str) -> str | None:
        """Return the password with which a station shows itself."""
        return self.passwords.get(identity, self.password)

    def version_of(self, identity: str) -> str:
        """Return the OCPP version that a station speaks."""
        return self.versions.get(identity, self.ocpp)

    def token_of(self, index: int) -> str:
        """Return the id tag of the station with that index; `{n}` in a token is the station's number from 1."""
        return self.tokens[index % len(self.tokens)].replace("{n}", str(index + 1))

    @property
    def charges_planned(self) -> int:
        """Return how many charges a complete run has."""
        charging = self.scenario in ("charge", "offline-replay")
        return len(self.identities) * self.charges if charging else 0
