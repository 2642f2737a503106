"""Block D: the local authorization list (OCPP 2.0.1 Part 2 §D, Part 6 TC_D)."""

from typing import Any

from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload


async def _sync(site: Site, station: Station201, **args: Any) -> tuple[Payload, Payload]:
    """Bring the list in step; returns how that ended and the SendLocalList that did it."""
    before = len(station.asked_for("SendLocalList"))
    done = await site.command(station, "local-list.sync", **args)
    [sent] = station.asked_for("SendLocalList")[before:]
    return done, sent


def _tokens(sent: Payload) -> dict[str, Any]:
    """Return the list's entries: verdicts by token, None for one that is taken off."""
    entries = sent.get("localAuthorizationList", [])
    listed = {entry["idToken"]["idToken"]: entry.get("idTokenInfo") for entry in entries}
    assert len(listed) == len(entries), "a token may be listed once (D01.FR.12)"
    return listed


@case("TC_D_01_CSMS")
async def test_tc_d_01_full(site: Site) -> None:
    station = await site.station201()
    done, sent = await _sync(site, station)
    assert station.asked_for("GetLocalListVersion") == [{}]
    assert (sent["versionNumber"], sent["updateType"]) == (1, "Full")
    listed = _tokens(sent)
    assert listed["TAG1"] == {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}
    assert listed["BLOCKED"]["status"] == "Blocked"
    assert (done["outcome"], done["detail"]["version"]) == ("DONE", 1)


@case("TC_D_02_CSMS")
async def test_tc_d_02_differential_update(site: Site) -> None:
    station = await site.station201()
    await _sync(site, station)
    await site.verb("token.add", uid="NEW")
    await site.verb("token.blocked", uid="ALONE", blocked=True)
    done, sent = await _sync(site, station)
    assert (sent["versionNumber"], sent["updateType"]) == (2, "Differential")
    verdicts = {uid: info["status"] for uid, info in _tokens(sent).items()}
    assert verdicts == {"NEW": "Accepted", "ALONE": "Blocked"}
    assert (done["outcome"], station.list_version) == ("DONE", 2)


@case("TC_D_03_CSMS")
async def test_tc_d_03_differential_remove(site: Site) -> None:
    station = await site.station201()
    await site.verb("token.add", uid="Near", type="ISO15693")
    await _sync(site, station)
    await site.verb("token.remove", uid="Near")
    done, sent = await _sync(site, station)
    assert (sent["versionNumber"], sent["updateType"]) == (2, "Differential")
    [entry] = sent["localAuthorizationList"]
    assert (entry["idToken"]["idToken"].casefold(), entry["idToken"]["type"]) == ("near", "ISO15693")
    assert "idTokenInfo" not in entry
    assert done["outcome"] == "DONE"


@case("TC_D_04_CSMS")
async def test_tc_d_04_full_without_tokens_empties_the_list(site: Site) -> None:
    station = await site.station201()
    await _sync(site, station)
    for token in await site.verb("token.list"):
        await site.verb("token.remove", uid=token["uid"])
    done, sent = await _sync(site, station, full=True)
    assert sent == {"versionNumber": 2, "updateType": "Full"}
    assert (done["outcome"], done["detail"]["idTokens"]) == ("DONE", 0)


@case("TC_D_08_CSMS")
async def test_tc_d_08_version(site: Site) -> None:
    station = await site.station201()
    station.list_version = 7
    done = await site.command(station, "local-list.version")
    assert station.asked_for("GetLocalListVersion") == [{}]
    assert (done["outcome"], done["response"]) == ("DONE", {"versionNumber": 7})


@case("TC_D_09_CSMS")
async def test_tc_d_09_no_list_available(site: Site) -> None:
    station = await site.station201()
    done = await site.command(station, "local-list.version")
    assert (done["outcome"], done["response"]) == ("DONE", {"versionNumber": 0})
    _, sent = await _sync(site, station)
    assert (sent["versionNumber"], sent["updateType"]) == (1, "Full")
