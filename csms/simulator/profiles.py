"""Charging profiles and what they allow at a moment (OCPP 1.6 §3.13, OCPP 2.0.1 K: smart charging).

A place is a connector of 1.6 or an EVSE of 2.0.1; place 0 is the whole station.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from csms.simulator.charge import VOLTAGE_V

DEFAULT_PURPOSE: Final = "TxDefaultProfile"
TX_PURPOSE: Final = "TxProfile"
RECURRENCE: Final = {"Daily": timedelta(days=1), "Weekly": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Period:
    """One chargingSchedulePeriod."""

    start_s: int
    limit: float
    phases: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One installed charging profile."""

    place_id: int
    profile_id: int
    stack_level: int
    purpose: str
    kind: str
    recurrence: timedelta | None
    valid_from: datetime | None
    valid_to: datetime | None
    transaction_id: int | str | None
    unit: str
    duration_s: int | None
    start: datetime | None
    periods: tuple[Period, ...]

    def limit_w(self, at: datetime, transaction_started_at: datetime | None) -> float | None:
        """Return the limit in W at a moment, or None when the profile says nothing then."""
        if (self.valid_from and at < self.valid_from) or (self.valid_to and at >= self.valid_to):
            return None
        origin = self._origin(at, transaction_started_at)
        offset_s = (at - origin).total_seconds()
        if offset_s < 0 or (self.duration_s is not None and offset_s >= self.duration_s):
            return None
        current = None
        for period in self.periods:
            if period.start_s <= offset_s:
                current = period
        if current is None:
            return None
        return current.limit if self.unit == "W" else current.limit * VOLTAGE_V * current.phases

    def changes(
        self, begin: datetime, end: datetime, transaction_started_at: datetime | None
    ) -> Iterator[datetime]:
        """Yield the moments after `begin` and before `end` at which the limit may change."""
        edges = [period.start_s for period in self.periods]
        if self.duration_s is not None:
            edges.append(self.duration_s)
        origin = self._origin(begin, transaction_started_at)
        while origin < end:
            yield from (m for s in edges if begin < (m := origin + timedelta(seconds=s)) < end)
            if self.recurrence is None:
                break
            origin += self.recurrence
        yield from (moment for moment in (self.valid_from, self.valid_to) if moment and begin < moment < end)

    def _origin(self, at: datetime, transaction_started_at: datetime | None) -> datetime:
        if self.kind == "Relative":
            return transaction_started_at or at
        start = self.start or self.valid_from or at
        if self.recurrence is not None and at >= start:
            return start + (at - start) // self.recurrence * self.recurrence
        return start


class Profiles:
    """All profiles of one station."""

    def __init__(self, max_purpose: str) -> None:
        self._max_purpose = max_purpose  # what this version calls the profile of the whole station
        self._profiles: list[Profile] = []

    def __iter__(self) -> Iterator[Profile]:
        return iter(tuple(self._profiles))

    def __len__(self) -> int:
        return len(self._profiles)

    def install(self, profile: Profile) -> None:
        """Add a profile; it replaces one with its id, or with its place, purpose and stack level."""
        self._profiles = [
            old
            for old in self._profiles
            if old.profile_id != profile.profile_id
            and (old.place_id, old.purpose, old.stack_level)
            != (profile.place_id, profile.purpose, profile.stack_level)
        ]
        self._profiles.append(profile)

    def clear(self, meant: Callable[[Profile], bool]) -> int:
        """Remove the profiles that are meant; return how many went."""
        before = len(self._profiles)
        self._profiles = [profile for profile in self._profiles if not meant(profile)]
        return before - len(self._profiles)

    def forget_transaction(self, place_id: int) -> None:
        """Remove a place's TxProfiles when its transaction ends."""
        self._profiles = [
            profile
            for profile in self._profiles
            if not (profile.purpose == TX_PURPOSE and profile.place_id == place_id)
        ]

    def limit_w(
        self, place_id: int, at: datetime, started_at: datetime | None, sharers: int = 1
    ) -> float | None:
        """Return what a place may draw in W, or None; the station's own maximum is shared equally."""
        if not self._profiles:
            return None
        own = (place_id, 0)
        transaction = self._strongest(TX_PURPOSE, own, at, started_at) if started_at else None
        if transaction is None:
            transaction = self._strongest(DEFAULT_PURPOSE, own, at, started_at)
        station = self._strongest(self._max_purpose, (0,), at, started_at)
        limits = [
            limit
            for limit in (transaction, station / sharers if station is not None else None)
            if limit is not None
        ]
        return min(limits) if limits else None

    def schedule(
        self, started_at: Mapping[int, datetime | None], begin: datetime, duration_s: int, most_w: float
    ) -> list[tuple[int, float]]:
        """Return the composite schedule: seconds from `begin` and the limit in W from then on.

        `started_at` names the places, whose limits are added up, and when their transactions began; where
        none runs, one is thought to begin now. `most_w` is what each place can give.
        """
        started = {number: moment or begin for number, moment in started_at.items()}
        end = begin + timedelta(seconds=duration_s)
        moments = {begin}
        for profile in self._profiles:
            for number, start in started.items():
                if profile.place_id in (0, number):
                    moments.update(profile.changes(begin, end, start))
        steps: list[tuple[int, float]] = []
        for moment in sorted(moments):
            limit = self._total_w(started, moment, most_w)
            if not steps or steps[-1][1] != limit:
                steps.append((int((moment - begin).total_seconds()), limit))
        return steps

    def _total_w(self, started_at: Mapping[int, datetime], at: datetime, most_w: float) -> float:
        limits = (self.limit_w(number, at, start) for number, start in started_at.items())
        total = sum(most_w if limit is None else min(limit, most_w) for limit in limits)
        station = self._strongest(self._max_purpose, (0,), at, None)
        return total if station is None else min(total, station)

    def _strongest(
        self, purpose: str, places: Iterable[int], at: datetime, started_at: datetime | None
    ) -> float | None:
        best: tuple[int, bool] | None = None
        strongest = None
        for profile in self._profiles:
            if profile.purpose != purpose or profile.place_id not in places:
                continue
            rank = (profile.stack_level, profile.place_id != 0)
            if best is None or rank > best:
                limit = profile.limit_w(at, started_at)
                if limit is not None:
                    best, strongest = rank, limit
        return strongest
