"""What the OCPP edge remembers of each station it has admitted: its gate, its options, when it was last heard."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csms.model.station import Registration, StationRef


@dataclass(slots=True)
class Presence:
    """One station as long as the appliance runs; a reconnect keeps it."""

    station: StationRef
    registration: Registration
    quirks: dict[str, Any] = field(default_factory=dict)
    heard_at: datetime | None = None
    written_at: datetime | None = None
    triggered: set[str] = field(default_factory=set)
    """Actions a station whose registration is pending was told to send (OCPP 1.6 §4.2)."""
    restricted: bool = False
    """Whether it may only renew its certificate, whatever the operator has set for it (2.0.1 A00.FR.429)."""

    def awaits(self, action: str) -> bool:
        """Whether a station that is not accepted may send this."""
        return action == "BootNotification" or action in self.triggered

    def booted(self, registration: Registration) -> None:
        """Take over what a boot was answered with; what was triggered before it counts no more."""
        self.registration = registration
        self.triggered.clear()


class Roll:
    """The presences of all stations, by the station's key."""

    def __init__(self) -> None:
        self._by_key: dict[str, Presence] = {}

    def admit(
        self,
        station: StationRef,
        registration: Registration,
        quirks: dict[str, Any],
        *,
        restricted: bool | None = None,
    ) -> Presence:
        """Remember a station that was admitted, with what the operator has set for it; None keeps a restriction."""
        presence = self._by_key.get(station.key)
        if presence is None:
            presence = self._by_key[station.key] = Presence(station, registration)
        if restricted is not None:
            presence.restricted = restricted
        held_back = presence.restricted and registration is Registration.ACCEPTED
        presence.registration = Registration.PENDING if held_back else registration
        presence.quirks = quirks
        return presence

    def get(self, key: str) -> Presence | None:
        """Return the presence of a station, None when it was never admitted or has been removed."""
        return self._by_key.get(key)

    def forget(self, key: str) -> None:
        """Drop a station that was removed."""
        self._by_key.pop(key, None)

    def heard(self) -> list[Presence]:
        """Return the stations heard since their `last_seen_at` was written."""
        return [p for p in self._by_key.values() if p.heard_at is not None and p.heard_at != p.written_at]
