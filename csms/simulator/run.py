"""A run: all stations in one nursery, a ramp at the beginning, a summary at the end."""

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import trio

from csms.simulator.clock import JumpingClock, PacedClock, StationClock
from csms.simulator.meeting import Meeting
from csms.simulator.nursery import plain_nursery
from csms.simulator.options import RunOptions
from csms.simulator.plan import StationPlan, draw_station
from csms.simulator.queueing import Queueing
from csms.simulator.report import Failures, Summary
from csms.simulator.scenarios import Stage, perform
from csms.simulator.session import OnFrame
from csms.simulator.socket import Dial
from csms.simulator.tally import Tally
from csms.simulator.v16.station import Station16
from csms.simulator.v201.station import Station201

METER_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
METER_WRAPS_WH: Final = 2_000_000_000
SPARE_FILES: Final = 64
STATIONS: Final[dict[str, type[Queueing]]] = {"1.6": Station16, "2.0.1": Station201}

DialOf = Callable[[str], Dial]
OnFrameOf = Callable[[str], OnFrame]


class Run:
    """One run of the simulator; `tally` and `failures` can be read while it goes on."""

    def __init__(
        self,
        options: RunOptions,
        *,
        dial_of: DialOf | None = None,
        on_frame_of: OnFrameOf | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.options = options
        self.tally = Tally()
        self.failures = Failures()
        self.connected: set[str] = set()
        self._dial_of = dial_of
        self._on_frame_of = on_frame_of
        self._now = now
        self._begun_s = self._begun_cpu_s = 0.0

    async def perform(self) -> Summary:
        """Let every station do its scenario and return what it came to."""
        options = self.options
        raise_file_limit(len(options.identities) + SPARE_FILES)
        self._begun_s, self._begun_cpu_s = time.monotonic(), time.process_time()
        meeting = Meeting(len(options.identities))
        with rare_collections():
            async with plain_nursery() as nursery:
                for index, identity in enumerate(options.identities):
                    nursery.start_soon(self._station, self._plan(index, identity), meeting)
        return self.summary()

    def _plan(self, index: int, identity: str) -> StationPlan:
        options = self.options
        token = options.token_of(index)
        return draw_station(options.seed, index, identity, token, options.charges, options.duration_s)

    def summary(self, *, interrupted: bool = False) -> Summary:
        """Return what the run has come to so far."""
        return Summary(
            scenario=self.options.scenario,
            seed=self.options.seed,
            url=self.options.url,
            stations=len(self.options.identities),
            connected=len(self.connected),
            charges_planned=self.options.charges_planned,
            seconds=time.monotonic() - self._begun_s,
            cpu_s=time.process_time() - self._begun_cpu_s,
            tally=self.tally,
            failures=self.failures,
            interrupted=interrupted,
        )

    async def _station(self, plan: StationPlan, meeting: Meeting) -> None:
        options = self.options
        await trio.sleep(plan.arrival_share * options.ramp_s)
        settings = replace(options.station, seed=options.seed, charge_s=options.duration_s)
        async with STATIONS[options.version_of(plan.identity)].open(
            options.url,
            plan.identity,
            options.password_of(plan.identity),
            settings=settings,
            clock=self._clock(plan),
            tally=self.tally,
            dial=self._dial_of(plan.identity) if self._dial_of else None,
            tls=options.tls,
        ) as station:
            if self._on_frame_of is not None:
                station.on_frame = self._on_frame_of(plan.identity)
            self._prepare(station)
            try:
                await perform(Stage(station, plan, options, meeting, self.failures))
            finally:
                if station.registration == "Accepted":
                    self.connected.add(plan.identity)

    def _clock(self, plan: StationPlan) -> StationClock:
        """Return a clock that shows the present when the station's last charge ends."""
        options = self.options
        if options.charges_planned == 0:
            return PacedClock(options.starts_at or self._now())
        share = 1.0 - (1.0 / options.speed if options.speed else 0.0)
        start = options.starts_at or self._now() - timedelta(seconds=plan.length_s * max(0.0, share))
        return JumpingClock(start) if options.speed is None else PacedClock(start, options.speed)

    def _prepare(self, station: Queueing) -> None:
        """Set intervals and meters; a later run's meters begin above where an earlier one's ended."""
        hours = (station.clock.now() - METER_EPOCH).total_seconds() / 3600

        def register_wh() -> float:
            shown_wh = hours * station.settings.hardware_limit_w + station.rng.randrange(1000)
            return float(int(shown_wh) % METER_WRAPS_WH)

        station.prepare(register_wh, self.options.meter_interval_s)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the garbage collector look seldom: with thousands of stations alive it takes half the time to connect."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def raise_file_limit(wanted: int) -> None:
    """Ask the operating system for so many open files, as far as it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
