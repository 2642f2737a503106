"""Local authorization lists, against a station that keeps one and against the simulator's."""

from typing import Any

import pytest
import trio
import trio.testing

from csms.errors import Conflict, Unsupported
from csms.simulator.v16.station import Station16
from tests.wire.appliance import Appliance
from tests.wire.station import CallError, Station

KEYS = {"SupportedFeatureProfiles": "Core,LocalAuthListManagement"}


class Keeper:
    """The list of a station, kept as OCPP 1.6 §5.15 says."""

    def __init__(self, station: Station, **settings: str) -> None:
        self.version = 0
        self.entries: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []
        self.refusals: list[Any] = []
        """Answers to give instead, one a message."""
        keys = [{"key": k, "readonly": True, "value": v} for k, v in (KEYS | settings).items()]
        station.answers["GetConfiguration"] = {"configurationKey": keys}
        station.answers["GetLocalListVersion"] = lambda _: {"listVersion": self.version}
        station.answers["SendLocalList"] = self.take

    def take(self, payload: dict[str, Any]) -> Any:
        self.sent.append(payload)
        if self.refusals:
            refusal = self.refusals.pop(0)
            return {"status": refusal} if isinstance(refusal, str) else refusal
        if payload["updateType"] == "Full":
            self.entries = {}
        elif payload["listVersion"] <= self.version:
            return {"status": "VersionMismatch"}
        for entry in payload.get("localAuthorizationList", ()):
            if "idTagInfo" in entry:
                self.entries[entry["idTag"].lower()] = entry["idTagInfo"]
            else:
                del self.entries[entry["idTag"].lower()]
        self.version = payload["listVersion"]
        return {"status": "Accepted"}

    @property
    def updates(self) -> list[tuple[str, int, int]]:
        """Type, version and length of each message."""
        return [
            (p["updateType"], p["listVersion"], len(p.get("localAuthorizationList", ()))) for p in self.sent
        ]


@pytest.fixture
def keeper(station: Station) -> Keeper:
    return Keeper(station)


async def sync(csms: Appliance, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb(
        "station.command", station="CP1", verb="local-list.sync", args=args
    )
    return done


async def tokens(csms: Appliance, *uids: str) -> None:
    await csms.verb("token.import", tokens=[{"uid": uid} for uid in uids])


async def test_first_all_then_what_has_changed_then_nothing(csms: Appliance, keeper: Keeper) -> None:
    await tokens(csms, "A", "B")
    await csms.verb("token.add", uid="C", expires_at="2026-05-01T00:00:00Z", group="G")
    first = await sync(csms)
    assert first["outcome"] == "DONE"
    assert first["detail"] == {
        "version": 1, "update": "Full", "entriesSent": 4, "idTokens": 4, "idTokensLeftOut": 0
    }  # fmt: skip
    assert keeper.entries["c"] == {
        "status": "Accepted", "expiryDate": "2026-05-01T00:00:00.000Z", "parentIdTag": "G"
    }  # fmt: skip
    await csms.verb("token.blocked", uid="a", blocked=True)
    await csms.verb("token.remove", uid="B")
    await tokens(csms, "D")
    second = await sync(csms)
    assert second["detail"]["update"] == "Differential"
    assert keeper.updates == [("Full", 1, 4), ("Differential", 2, 3)]
    assert {uid: info["status"] for uid, info in keeper.entries.items()} == {
        "a": "Blocked", "c": "Accepted", "d": "Accepted", "tag1": "Accepted"
    }  # fmt: skip
    third = await sync(csms)
    assert third["detail"] == {
        "version": 2, "update": None, "entriesSent": 0, "idTokens": 4, "idTokensLeftOut": 0
    }  # fmt: skip
    assert len(keeper.sent) == 2
    await sync(csms, full=True)
    assert keeper.updates[-1] == ("Full", 3, 4)


async def test_a_token_that_expires_changes_the_list(csms: Appliance, keeper: Keeper) -> None:
    await csms.verb("token.add", uid="SOON", expires_at="2026-03-02T13:00:00Z")
    await sync(csms)
    csms.clock.forward(hours=2)
    await sync(csms)
    assert keeper.updates[-1] == ("Differential", 2, 1)
    assert keeper.entries["soon"]["status"] == "Expired"


async def test_no_tokens_empty_the_list(csms: Appliance, keeper: Keeper) -> None:
    await csms.verb("token.remove", uid="TAG1")
    await sync(csms)
    assert keeper.sent == [{"listVersion": 1, "updateType": "Full"}]
    assert (await sync(csms))["detail"]["update"] is None


@pytest.mark.parametrize("refusal", ["VersionMismatch", "Failed"])
async def test_a_refused_change_is_followed_by_the_whole_list(
    csms: Appliance, keeper: Keeper, refusal: str
) -> None:
    await sync(csms)
    await tokens(csms, "A")
    keeper.refusals = [refusal]
    done = await sync(csms)
    assert keeper.updates[1:] == [("Differential", 2, 1), ("Full", 2, 2)]
    assert (done["outcome"], done["detail"]["version"]) == ("DONE", 2)
    keeper.refusals = ["Failed"] * 2
    await tokens(csms, "B")
    done = await sync(csms)
    assert (done["outcome"], done["response"]) == ("REFUSED", {"status": "Failed"})
    assert (done["detail"]["version"], keeper.version) == (2, 2)
    await sync(csms)
    assert keeper.updates[-1] == ("Differential", 3, 1)


async def test_a_station_that_lost_its_list_gets_all_of_it(csms: Appliance, keeper: Keeper) -> None:
    await sync(csms)
    keeper.version, keeper.entries = 0, {}
    await sync(csms)
    assert keeper.updates[-1] == ("Full", 2, 1)
    keeper.version = 50
    await sync(csms)
    assert keeper.updates[-1] == ("Full", 51, 1)
    keeper.version = 2**31 - 1
    await sync(csms)
    assert keeper.updates[-1] == ("Full", 1, 1)


async def test_long_lists_go_in_parts(csms: Appliance, station: Station) -> None:
    keeper = Keeper(station, SendLocalListMaxLength="3")
    await tokens(csms, *(f"T{n}" for n in range(6)))
    await sync(csms)
    assert keeper.updates == [("Full", 1, 3), ("Differential", 2, 3), ("Differential", 3, 1)]
    assert len(keeper.entries) == 7
    await tokens(csms, *(f"N{n}" for n in range(4)))
    await sync(csms)
    assert keeper.updates[3:] == [("Differential", 4, 3), ("Differential", 5, 1)]
    assert len(keeper.entries) == 11


async def test_a_list_that_broke_off_is_sent_anew(csms: Appliance, station: Station) -> None:
    keeper = Keeper(station, SendLocalListMaxLength="1")
    await tokens(csms, "A", "B")
    accepted = {"status": "Accepted"}
    keeper.refusals = [accepted, CallError("InternalError", "", {})]
    done = await sync(csms)
    assert (done["status"], done["detail"]["version"]) == ("ERROR", 1)
    keeper.version = 1
    await sync(csms)
    assert keeper.updates[2:] == [("Full", 2, 1), ("Differential", 3, 1), ("Differential", 4, 1)]


async def test_a_lost_answer_to_the_last_part_is_noticed(csms: Appliance, keeper: Keeper) -> None:
    await sync(csms)
    await tokens(csms, "A")
    keeper.refusals = [CallError("GenericError", "applied, but could not say so", {})]
    await sync(csms)
    keeper.version = 2
    await csms.verb("token.remove", uid="A")
    await sync(csms)
    assert keeper.updates[-1] == ("Full", 3, 1)


async def test_what_does_not_fit_is_said_before_anything_is_sent(csms: Appliance, station: Station) -> None:
    keeper = Keeper(station, LocalAuthListMaxLength="2")
    await tokens(csms, "A", "B")
    with pytest.raises(Conflict, match="at most 2 id tokens, there are 3"):
        await sync(csms)
    assert keeper.sent == []


async def test_tokens_too_long_for_an_id_tag_are_left_out(csms: Appliance, keeper: Keeper) -> None:
    await tokens(csms, "DE-ABC-C12345678-9-AND-MORE")
    done = await sync(csms)
    assert (done["detail"]["idTokens"], done["detail"]["idTokensLeftOut"]) == (1, 1)
    assert set(keeper.entries) == {"tag1"}


async def test_a_station_without_a_list_says_so(csms: Appliance, keeper: Keeper) -> None:
    keeper.version = -1
    with pytest.raises(Unsupported, match="CP1 keeps no local authorization list"):
        await sync(csms)
    assert keeper.sent == []


async def test_the_simulated_station_holds_what_was_synced(csms: Appliance) -> None:
    async def dial() -> trio.abc.Stream:
        return csms.stream()

    await tokens(csms, *(f"T{n}" for n in range(5)))
    async with Station16.connect("ws://csms.example/ocpp", "CP1", dial=dial) as simulated:
        await simulated.boot()
        simulated.configuration.set("SendLocalListMaxLength", "2")
        await sync(csms)
        await csms.verb("token.remove", uid="T3")
        await csms.verb("token.blocked", uid="T4", blocked=True)
        await sync(csms)
        assert simulated.local_list.version == 4
        known = {u: simulated.local_list.known(u, with_cache=False) for u in ("tag1", "t0", "t3", "t4")}
    assert {uid: info and info["status"] for uid, info in known.items()} == {
        "tag1": "Accepted", "t0": "Accepted", "t3": None, "t4": "Blocked"
    }  # fmt: skip
    assert simulated.tally.violations == []
