"""Whole runs: the scenarios, their repeatability, and what is said of runs that go wrong."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import pytest
import trio

from csms.simulator import StationSettings
from csms.simulator.clock import from_wire
from csms.simulator.options import RunOptions
from csms.simulator.plan import OUTAGES, draw_station
from csms.simulator.report import Summary
from csms.simulator.run import Run
from tests.simulator.fake_csms import NOON, Fail, FakeCsms, fault

OPTIONS = RunOptions(
    url="ws://csms.example/ocpp",
    identities=tuple(f"SIM-{n:04d}" for n in range(1, 6)),
    seed="42",
    speed=None,
    meter_interval_s=600,
    station=StationSettings(connectors=2, boot_tries=2),
)


async def perform(csms: FakeCsms, options: RunOptions, frames: dict[str, list[Any]] | None = None) -> Summary:
    def on_frame_of(identity: str):
        def note(direction: str, text: str) -> None:
            if frames is not None:
                frames[identity].append((direction, json.loads(text)))

        return note

    return await Run(options, dial_of=csms.dial, on_frame_of=on_frame_of, now=lambda: NOON).perform()


def confirm(identity: str, payload: dict) -> dict:
    """Give a repeated start the same transaction id."""
    number = int(identity[-4:]) * 10_000_000 + int(from_wire(payload["timestamp"]).timestamp()) % 10_000_000
    return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}


async def test_charge(csms: FakeCsms, autojump_clock):
    summary = await perform(csms, replace(OPTIONS, charges=2))
    assert summary.complete
    assert summary.connected == 5
    assert len(summary.tally.charges) == 10
    assert summary.tally.sent == summary.tally.answered == len(csms.calls)
    counts = Counter(csms.actions())
    assert counts["BootNotification"] == 5
    assert counts["Authorize"] == counts["StartTransaction"] == counts["StopTransaction"] == 10
    assert csms.statuses(0) == ["Available"] * 5
    stops = [from_wire(p["timestamp"]) for p in csms.payloads("StopTransaction")]
    assert all(stop <= NOON for stop in stops)
    assert summary.tally.energy_wh == sum(p["meterStop"] for p in csms.payloads("StopTransaction")) - sum(
        p["meterStart"] for p in csms.payloads("StartTransaction")
    )


@pytest.mark.parametrize("scenario", ["charge", "offline-replay", "storm", "idle"])
@pytest.mark.parametrize("speed", [None, 30.0])
async def test_the_same_seed_gives_the_same_frames(
    nursery, autojump_clock, scenario: str, speed: float | None
):
    runs = []
    for seed in ("1", "1", "2"):
        frames: dict[str, list[Any]] = defaultdict(list)
        csms = FakeCsms(nursery)
        csms.answers["StartTransaction"] = confirm
        csms.now = lambda: NOON
        options = replace(OPTIONS, scenario=scenario, seed=seed, speed=speed, charges=2, rounds=2, ramp_s=9)
        summary = await perform(csms, options, frames)
        assert csms.faults == []
        assert summary.complete, summary.to_json()
        runs.append(dict(frames))
    first, again, other = runs
    assert set(first) == set(OPTIONS.identities)
    for identity in OPTIONS.identities:
        assert first[identity] == again[identity]
        assert first[identity] != other[identity]


async def test_offline_replay_has_every_kind_of_outage_in_order(csms: FakeCsms, autojump_clock):
    csms.answers["StartTransaction"] = confirm
    summary = await perform(csms, replace(OPTIONS, scenario="offline-replay", charges=6, repeat_share=0.5))
    assert summary.complete, summary.to_json()
    tally = summary.tally
    assert len(tally.charges) == 30
    unconfirmed = [charge for charge in tally.charges if charge.transaction_id is None]
    planned = [
        charge.outage
        for index, identity in enumerate(OPTIONS.identities)
        for charge in draw_station("42", index, identity, "T", 6, 3600).charges
    ]
    assert set(planned) == set(OUTAGES)
    assert len(unconfirmed) == planned.count("start-unconfirmed")
    assert {p["transactionId"] for p in csms.payloads("StopTransaction")} >= {-1}
    for identity in OPTIONS.identities:
        stamps = []
        for name, message_id, action, payload in csms.calls:
            if name == identity and action in ("StartTransaction", "StopTransaction"):
                stamps.append((from_wire(payload["timestamp"]), message_id))
        assert [at for at, _ in stamps] == sorted(at for at, _ in stamps)
    sent = Counter((name, message_id) for name, message_id, _, _ in csms.calls)
    bodies = Counter(
        (name, action, json.dumps(payload, sort_keys=True))
        for name, _, action, payload in csms.calls
        if action in ("StartTransaction", "MeterValues", "StopTransaction")
    )
    same_id = sum(count - 1 for count in sent.values())
    again = sum(count - 1 for count in bodies.values())
    assert 0 < same_id < again == tally.repeats


async def test_a_repeat_that_gets_another_transaction_id_is_told(csms: FakeCsms, autojump_clock):
    options = replace(OPTIONS, scenario="offline-replay", charges=3, repeat_share=1.0)
    summary = await perform(csms, options)  # the fake gives every StartTransaction a number of its own
    assert not summary.complete
    assert "repeated StartTransaction: transactionId" in summary.tally.violations[0]


async def test_storm(csms: FakeCsms, autojump_clock):
    summary = await perform(csms, replace(OPTIONS, scenario="storm", rounds=3))
    assert summary.complete
    assert summary.tally.connections == 5 * 4
    assert len(summary.tally.reconnect_s) == 15
    assert Counter(csms.actions())["BootNotification"] == 20


async def test_a_storm_waits_for_nobody_who_was_refused(csms: FakeCsms, autojump_clock):
    def boot(identity: str, payload: dict) -> dict:
        status = "Rejected" if identity == "SIM-0002" else "Accepted"
        return {"status": status, "currentTime": "2026-03-02T12:00:00Z", "interval": 5}

    csms.answers["BootNotification"] = boot
    summary = await perform(csms, replace(OPTIONS, scenario="storm", rounds=2))
    assert not summary.complete
    assert summary.connected == 4
    assert summary.failures.by_kind == {"registration": {"SIM-0002": "the registration is Rejected"}}


async def test_idle_stays_with_heartbeats(csms: FakeCsms, autojump_clock):
    csms.interval_s = 10
    begun = trio.current_time()
    summary = await perform(csms, replace(OPTIONS, scenario="idle", idle_s=65))
    assert summary.complete
    assert trio.current_time() - begun >= 65
    assert Counter(csms.actions())["Heartbeat"] == 5 * 6


async def test_refusals_are_gathered_by_kind(csms: FakeCsms, autojump_clock):
    csms.refuse_with = 404
    summary = await perform(csms, OPTIONS)
    assert not summary.complete
    assert summary.connected == 0
    assert list(summary.failures.by_kind) == ["http-404"]
    assert len(summary.to_json()["refused"]) == 5
    assert len(csms.handshakes) == 5  # nobody asks twice


async def test_a_busy_csms_is_asked_again(csms: FakeCsms, autojump_clock):
    csms.refuse_with = 503
    await perform(csms, OPTIONS)
    assert len(csms.handshakes) == 20


async def test_tokens_are_used_in_turns_and_their_refusal_is_told(csms: FakeCsms, autojump_clock):
    def authorize(identity: str, payload: dict) -> dict:
        return {"idTagInfo": {"status": "Accepted" if payload["idTag"] == "GOOD" else "Invalid"}}

    csms.answers["Authorize"] = authorize
    summary = await perform(csms, replace(OPTIONS, tokens=("GOOD", "BAD{n}")))
    assert len(summary.tally.charges) == 3
    assert summary.failures.by_kind["token-Invalid"] == {"SIM-0002": "BAD2", "SIM-0004": "BAD4"}


async def test_errors_of_the_csms_make_a_run_incomplete(csms: FakeCsms, autojump_clock):
    def fail(*_):
        raise Fail("InternalError")

    csms.answers["StatusNotification"] = fail
    summary = await perform(csms, OPTIONS)
    assert len(summary.tally.charges) == 5
    assert summary.tally.call_errors == len(csms.payloads("StatusNotification"))
    assert not summary.complete


async def test_the_ramp_spreads_the_connections(csms: FakeCsms, autojump_clock):
    times = []
    csms.answers["BootNotification"] = lambda *_: (
        times.append(trio.current_time())
        or {"status": "Accepted", "currentTime": "2026-03-02T12:00:00Z", "interval": 300}
    )
    await perform(csms, replace(OPTIONS, scenario="idle", idle_s=1, ramp_s=100))
    assert max(times) - min(times) > 20


def test_plans_differ_by_station_and_seed_and_by_nothing_else():
    first = draw_station("a", 3, "X", "T", 4, 3600)
    assert first == draw_station("a", 3, "X", "T", 4, 3600)
    assert first.charges != draw_station("a", 4, "X", "T", 4, 3600).charges
    assert first.charges != draw_station("b", 3, "X", "T", 4, 3600).charges
    assert first.charges[:2] == draw_station("a", 3, "X", "T", 2, 3600).charges


def test_the_fake_csms_itself_is_strict():
    assert fault("Heartbeat", {"extra": 1}) is not None
