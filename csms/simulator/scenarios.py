"""★ What a station of any version does in each scenario of `csms simulate`."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import trio

from csms.simulator.delivery import Entry
from csms.simulator.errors import Refused, SimulatorError, Unreachable
from csms.simulator.meeting import Meeting
from csms.simulator.options import RunOptions
from csms.simulator.plan import ChargePlan, StationPlan
from csms.simulator.queueing import Queueing
from csms.simulator.report import Failures

CONNECT_TRIES: Final = 4
BUSY: Final = (429, 503)  # refusals that mean "later"


@dataclass(frozen=True, slots=True)
class Stage:
    """What one station's scenario has to work with."""

    station: Queueing
    plan: StationPlan
    options: RunOptions
    meeting: Meeting
    failures: Failures


async def hello(stage: Stage) -> None:
    """Connect, boot and tell every connector's status."""
    station = stage.station
    for attempt in range(CONNECT_TRIES):
        try:
            await station.go_online()
            break
        except (Unreachable, Refused) as failure:
            later = isinstance(failure, Unreachable) or failure.http_status in BUSY
            if not later or attempt == CONNECT_TRIES - 1:
                raise
            await trio.sleep(0.25 * 2**attempt * (0.5 + station.rng.random()))
    await station.boot(tries=station.settings.boot_tries)
    await station.tell_statuses()


async def charge(stage: Stage) -> None:
    """Charge one vehicle after the other while the CSMS listens."""
    await hello(stage)
    for number, planned in enumerate(stage.plan.charges):
        await _charge_once(stage, planned, await _arrive(stage, number, planned))
    await stage.station.until_delivered()


async def offline_replay(stage: Stage) -> None:
    """Charge without a connection, then replay, some messages twice, some starts never confirmed."""
    await hello(stage)
    station = stage.station
    station.repeats = _repeats(stage)
    for number, planned in enumerate(stage.plan.charges):
        place = await _arrive(stage, number, planned)
        match planned.outage:
            case "whole":
                await station.go_offline()
                await _charge_once(stage, planned, place)
            case "after-start":
                await _charge_once(stage, planned, place, station.go_offline)
            case _ if station.names_its_transactions:
                station.cut_after = "Started"
                await _charge_once(stage, planned, place)
                station.cut_after = None
            case _:
                station.cut_after = "StartTransaction"
                await _charge_once(stage, planned, place)
                station.cut_after = None
                station.delivery.give_up_first("StartTransaction")
        station.must_boot = stage.plan.boots_again
        await station.come_back()
        await station.until_delivered()


async def storm(stage: Stage) -> None:
    """Connect, then drop and come back together with all the others, once a round."""
    await hello(stage)
    station = stage.station
    for _ in range(stage.options.rounds):
        await stage.meeting.wait()
        begun_s = trio.current_time()
        await station.go_offline()
        station.must_boot = True
        await station.come_back()
        station.tally.reconnect_s.append(trio.current_time() - begun_s)


async def idle(stage: Stage) -> None:
    """Stay connected with heartbeats."""
    await hello(stage)
    await trio.sleep(stage.options.idle_s)


async def _arrive(stage: Stage, number: int, planned: ChargePlan) -> int:
    """Wait for the driver to come, and for a place that is free; return the place."""
    station = stage.station
    await station.clock.sleep_until(station.clock.now() + timedelta(seconds=planned.pause_s))
    place = number % station.settings.connectors
    await station.until_free(place)
    return place


async def _charge_once(
    stage: Stage,
    planned: ChargePlan,
    place: int,
    on_start: Callable[[], Awaitable[None]] | None = None,
) -> None:
    refusal = await stage.station.charge_once(place, stage.plan.id_tag, planned, on_start)
    if refusal is not None:
        stage.failures.add(stage.station.identity, f"token-{refusal}", stage.plan.id_tag)


def _repeats(stage: Stage) -> Callable[[Entry], Iterable[str]]:
    """Choose which messages go out twice, by turns with the same message id and with a new one."""
    station, share = stage.station, stage.options.repeat_share

    def choose(entry: Entry) -> Iterable[str]:
        if station.rng.random() >= share:
            return ()
        return (entry.message_id if station.rng.random() < 0.5 else station.next_message_id(),)

    return choose


SCENARIOS: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    "charge": charge,
    "offline-replay": offline_replay,
    "storm": storm,
    "idle": idle,
}


async def perform(stage: Stage) -> None:
    """Do the run's scenario at one station; what ends it early is noted, not raised."""
    try:
        await SCENARIOS[stage.options.scenario](stage)
    except SimulatorError as failure:
        stage.failures.add_error(stage.station.identity, failure)
    finally:
        stage.meeting.leave()
