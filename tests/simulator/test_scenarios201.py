"""Whole runs of 2.0.1 stations, alone and beside 1.6 stations."""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import pytest

from csms.simulator.clock import from_wire
from csms.simulator.plan import OUTAGES, draw_station
from csms.simulator.run import Run
from tests.simulator.fake_csms import NOON, FakeCsms
from tests.simulator.fake_csms201 import FakeCsms201
from tests.simulator.test_scenarios import OPTIONS as OPTIONS16
from tests.simulator.test_scenarios import confirm, perform

OPTIONS = replace(OPTIONS16, ocpp="2.0.1")


async def test_charge(csms201: FakeCsms201, autojump_clock):
    summary = await perform(csms201, replace(OPTIONS, charges=2))
    assert summary.complete, summary.to_json()
    assert summary.connected == 5
    assert summary.tally.sent == summary.tally.answered == len(csms201.calls)
    kinds = Counter(event["eventType"] for event in csms201.events())
    assert kinds["Started"] == kinds["Ended"] == len(summary.tally.charges) == 10
    assert {event["triggerReason"] for event in csms201.events("Started")} == {"Authorized", "CablePluggedIn"}
    assert all(from_wire(event["timestamp"]) <= NOON for event in csms201.events("Ended"))
    assert len({charge.transaction_id for charge in summary.tally.charges}) == 10


@pytest.mark.parametrize("scenario", ["charge", "offline-replay", "storm", "idle"])
@pytest.mark.parametrize("speed", [None, 30.0])
async def test_the_same_seed_gives_the_same_frames(
    nursery, autojump_clock, scenario: str, speed: float | None
):
    runs = []
    for seed in ("1", "1", "2"):
        frames: dict[str, list[Any]] = defaultdict(list)
        csms = FakeCsms201(nursery)
        csms.now = lambda: NOON
        options = replace(OPTIONS, scenario=scenario, seed=seed, speed=speed, charges=2, rounds=2, ramp_s=9)
        summary = await perform(csms, options, frames)
        assert csms.faults == []
        assert summary.complete, summary.to_json()
        runs.append(dict(frames))
    first, again, other = runs
    for identity in OPTIONS.identities:
        assert first[identity] == again[identity]
        assert first[identity] != other[identity]


async def test_offline_replay_has_every_kind_of_outage_and_loses_nothing(
    csms201: FakeCsms201, autojump_clock
):
    options = replace(OPTIONS, scenario="offline-replay", charges=6, repeat_share=0.5)
    summary = await perform(csms201, options)
    assert summary.complete, summary.to_json()
    assert len(summary.tally.charges) == 30
    planned = [
        charge.outage
        for index, identity in enumerate(OPTIONS.identities)
        for charge in draw_station("42", index, identity, "T", 6, 3600).charges
    ]
    assert set(planned) == set(OUTAGES)
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    offline: defaultdict[str, list[bool]] = defaultdict(list)
    for event in csms201.events():
        name = event["transactionInfo"]["transactionId"]
        numbers[name].append(event["seqNo"])
        offline[name].append(event.get("offline", False))
    assert len(numbers) == 30
    for name, told in numbers.items():
        assert sorted(set(told)) == list(range(max(told) + 1))
        assert told == sorted(told)
        assert offline[name][-1]
    starts_online = sum(not flags[0] for flags in offline.values())
    assert starts_online == 30 - planned.count("whole")
    repeated = sum(count - 1 for told in numbers.values() for count in Counter(told).values())
    assert repeated == summary.tally.repeats + planned.count("start-unconfirmed")


async def test_a_repeat_that_gets_another_cost_is_told(csms201: FakeCsms201, autojump_clock):
    costs = iter(range(1000))

    def answer(identity: str, payload: dict) -> dict:
        info = {"idTokenInfo": {"status": "Accepted"}} if "idToken" in payload else {}
        return {**info, "totalCost": next(costs)}

    csms201.answers["TransactionEvent"] = answer
    summary = await perform(csms201, replace(OPTIONS, scenario="offline-replay", repeat_share=1.0))
    assert not summary.complete
    assert "repeated TransactionEvent: totalCost" in summary.tally.violations[0]


async def test_a_repeat_that_gets_another_verdict_is_told(csms201: FakeCsms201, autojump_clock):
    seen: set[tuple[str, int]] = set()

    def answer(identity: str, payload: dict) -> dict:
        key = (payload["transactionInfo"]["transactionId"], payload["seqNo"])
        status = "Invalid" if key in seen else "Accepted"
        seen.add(key)
        return {"idTokenInfo": {"status": status}} if "idToken" in payload else {}

    csms201.answers["TransactionEvent"] = answer
    summary = await perform(csms201, replace(OPTIONS, scenario="offline-replay", repeat_share=1.0))
    assert "idTokenInfo.status Accepted, then Invalid" in summary.tally.violations[0]


async def test_storm_boots_everybody_again(csms201: FakeCsms201, autojump_clock):
    summary = await perform(csms201, replace(OPTIONS, scenario="storm", rounds=3))
    assert summary.complete
    assert summary.tally.connections == 5 * 4
    assert [p["reason"] for p in csms201.payloads("BootNotification")] == ["PowerUp"] * 20


async def test_both_versions_in_one_run(csms: FakeCsms, csms201: FakeCsms201, autojump_clock):
    csms.answers["StartTransaction"] = confirm
    versions = {"SIM-0002": "2.0.1", "SIM-0004": "2.0.1"}
    options = replace(OPTIONS16, versions=versions)

    def dial_of(identity: str):
        return (csms201 if identity in versions else csms).dial(identity)

    summary = await Run(options, dial_of=dial_of, now=lambda: NOON).perform()
    assert summary.complete, summary.to_json()
    assert {identity for identity, *_ in csms201.calls} == set(versions)
    assert {charge.station for charge in summary.tally.charges} == set(OPTIONS.identities)
    kinds = {type(charge["transactionId"]) for charge in summary.to_json()["charges"]}
    assert kinds == {int, str}
