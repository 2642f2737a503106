"""Local lists that follow the id tokens by themselves, whatever happens to station and appliance in between."""

from datetime import timedelta
from typing import Any

import pytest
import trio

from csms.model.station_command import ListEntry
from csms.services import local_list_sync
from csms.services.local_lists import _parts
from csms.services.rounds import Rounds
from tests.services.test_local_lists import Keeper, tokens
from tests.wire.appliance import Appliance
from tests.wire.payloads import boot
from tests.wire.station import CallError, Station


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test say when a round is done."""

    async def never(_rounds: Rounds[Any]) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Rounds, "run", never)
    monkeypatch.setattr(local_list_sync, "SETTLED", timedelta(0))


@pytest.fixture
def keeper(station: Station) -> Keeper:
    return Keeper(station)


async def round_(csms: Appliance) -> None:
    await local_list_sync.rounds(csms.house).once()


async def follow(csms: Appliance, follows: bool = True) -> None:
    shown = await csms.verb("tenant.local-lists", tenant="Default", follows=follows)
    assert shown["localListSync"] is follows


async def state(csms: Appliance) -> dict[str, Any]:
    shown: dict[str, Any] = await csms.verb("station.local-list", station="CP1")
    assert (await csms.verb("station.show", station="CP1"))["localList"] == shown
    return shown


async def test_nothing_is_sent_that_nobody_wants(csms: Appliance, keeper: Keeper) -> None:
    await tokens(csms, "A")
    await round_(csms)
    assert keeper.sent == []
    assert await state(csms) == {
        "version": 0, "entries": 0, "follows": False, "inStep": False, "syncedAt": None, "triedAt": None,
        "attempts": 0, "dueAt": None, "problem": None,
    }  # fmt: skip


async def test_every_change_of_the_tokens_reaches_the_list(csms: Appliance, keeper: Keeper) -> None:
    await follow(csms)
    await round_(csms)
    assert keeper.updates == [("Full", 1, 1)]
    await round_(csms)
    assert keeper.updates == [("Full", 1, 1)]
    await csms.verb("token.add", uid="A")
    assert (await state(csms))["inStep"] is False
    await round_(csms)
    await csms.verb("token.blocked", uid="A", blocked=True)
    await round_(csms)
    await tokens(csms, "B", "C")
    await csms.verb("token.remove", uid="A")
    await round_(csms)
    assert keeper.updates[1:] == [("Differential", 2, 1), ("Differential", 3, 1), ("Differential", 4, 3)]
    assert set(keeper.entries) == {"b", "c", "tag1"}
    shown = await state(csms)
    assert (shown["version"], shown["entries"], shown["inStep"], shown["problem"]) == (4, 3, True, None)
    assert shown["syncedAt"] == shown["triedAt"] == "2026-03-02T12:00:00.000Z"


@pytest.mark.parametrize(("tenant", "own", "sent"), [(True, False, 0), (False, True, 1), (True, None, 1)])
async def test_a_stations_own_word_overrules_its_tenants(
    csms: Appliance, keeper: Keeper, tenant: bool, own: bool | None, sent: int
) -> None:
    await follow(csms, tenant)
    await csms.verb("station.update", station="CP1", quirks={"local_list_sync": own})
    await round_(csms)
    assert len(keeper.sent) == sent
    assert (await state(csms))["follows"] is bool(sent)


async def test_a_quiet_station_is_left_alone_unless_it_is_meant(csms: Appliance, keeper: Keeper) -> None:
    await follow(csms)
    await csms.verb("station.update", station="CP1", quirks={"quiet": True})
    await round_(csms)
    assert keeper.sent == []
    await csms.verb("station.update", station="CP1", quirks={"local_list_sync": True})
    await round_(csms)
    assert len(keeper.sent) == 1


async def test_a_station_that_was_offline_catches_up(
    csms: Appliance, keeper: Keeper, station: Station
) -> None:
    await follow(csms)
    await round_(csms)
    await station.drop()
    await csms.verb("token.add", uid="A")
    await round_(csms)
    again = await csms.station()
    await again.call("BootNotification", boot())
    again.answers = station.answers
    await round_(csms)
    assert keeper.updates == [("Full", 1, 1), ("Differential", 2, 1)]


async def test_what_was_to_do_is_done_by_the_next_process(
    csms: Appliance, keeper: Keeper, station: Station
) -> None:
    await follow(csms)
    await csms.verb("token.add", uid="A")
    heir = await csms.restarted()
    again = await heir.station()
    again.answers = station.answers
    await round_(heir)
    assert keeper.updates == [("Full", 1, 2)]
    assert (await heir.verb("station.local-list", station="CP1"))["inStep"] is True


async def test_a_failure_is_shown_and_tried_again_later_and_later(csms: Appliance, keeper: Keeper) -> None:
    await follow(csms)
    keeper.refusals = ["Failed"]
    await round_(csms)
    shown = await state(csms)
    assert shown["problem"] == "the station answered Failed to SendLocalList"
    assert (shown["attempts"], shown["dueAt"], shown["inStep"]) == (1, "2026-03-02T12:00:30.000Z", False)
    csms.clock.forward(seconds=29)
    await round_(csms)
    assert len(keeper.sent) == 1
    csms.clock.forward(seconds=1)
    keeper.refusals = [CallError("InternalError", "no memory", {})]
    await round_(csms)
    shown = await state(csms)
    assert (shown["attempts"], shown["dueAt"]) == (2, "2026-03-02T12:01:30.000Z")
    assert "no memory" in shown["problem"]
    csms.clock.forward(hours=1)
    await round_(csms)
    shown = await state(csms)
    assert (shown["attempts"], shown["problem"], shown["inStep"]) == (0, None, True)


async def test_an_alert_tells_of_a_list_that_stays_behind_and_ends_with_it(
    csms: Appliance, keeper: Keeper
) -> None:
    await follow(csms)
    keeper.refusals = ["Failed"] * 3
    for number in range(3):
        assert await csms.verb("alert.list") == []
        await round_(csms)
        csms.clock.forward(hours=1)
        assert len(keeper.sent) == number + 1
    [alert] = await csms.verb("alert.list")
    assert "local list of CP1 is out of step" in alert["message"]
    await round_(csms)
    assert await csms.verb("alert.list") == []


async def test_a_station_without_a_list_is_asked_again_only_when_tokens_change(
    csms: Appliance, keeper: Keeper, station: Station
) -> None:
    await follow(csms)
    keeper.version = -1
    await round_(csms)
    await round_(csms)
    asked = [action for action, _ in station.asked if action == "GetLocalListVersion"]
    assert len(asked) == 1
    assert "keeps no local authorization list" in (await state(csms))["problem"]
    await csms.verb("token.add", uid="A")
    keeper.version = 0
    await round_(csms)
    assert (await state(csms))["inStep"] is True


async def test_one_silent_station_holds_nobody_up(csms: Appliance, keeper: Keeper, station: Station) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    await follow(csms)
    other = await csms.station("CP2")
    await other.call("BootNotification", boot())
    second = Keeper(other)
    station.answers["GetLocalListVersion"] = CallError("GenericError", "busy", {})
    await round_(csms)
    assert (keeper.sent, second.updates) == ([], [("Full", 1, 1)])


async def test_a_station_that_has_just_connected_boots_first(
    csms: Appliance, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_list_sync, "SETTLED", timedelta(seconds=5))
    await follow(csms)
    csms.clock.forward(seconds=4.9)
    await round_(csms)
    assert keeper.sent == []
    csms.clock.forward(seconds=0.1)
    await round_(csms)
    assert len(keeper.sent) == 1


async def test_an_operators_own_sync_counts(csms: Appliance, keeper: Keeper) -> None:
    await follow(csms)
    await csms.verb("station.command", station="CP1", verb="local-list.sync", args={})
    await round_(csms)
    assert keeper.updates == [("Full", 1, 1)]


def test_parts_are_no_larger_than_the_station_reads() -> None:
    entries = [ListEntry(str(n), None) for n in range(5)]
    assert [len(p) for p in _parts(entries, [100] * 5, None, 450)] == [2, 2, 1]
    assert [len(p) for p in _parts(entries, [100] * 5, 1, 450)] == [1] * 5
    assert [len(p) for p in _parts(entries, [900] * 5, None, 450)] == [1] * 5
    assert _parts([], [], 3, 450) == [()]
