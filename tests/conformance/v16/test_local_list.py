"""OCPP 1.6: the local authorization list (cases 042, 043)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.wire.station import Payload


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        row("TC_042_1", -1, "REFUSED"),
        row("TC_042_2", 0, "DONE"),
    ],
)
async def test_tc_042_the_version_of_the_list(site: Site, version: int, outcome: str) -> None:
    """-1 says that there is no such thing, 0 that the list is empty."""
    station = await site.station16(answers={"GetLocalListVersion": {"listVersion": version}})
    sent = await site.call(station, "GetLocalListVersion")
    assert station.asked_for("GetLocalListVersion")[-1] == {}
    assert (sent["response"], sent["outcome"]) == ({"listVersion": version}, outcome)


@case("TC_043_1")
async def test_tc_043_1_no_list_is_supported(site: Site) -> None:
    station = await site.station16(answers={"SendLocalList": {"status": "NotSupported"}})
    sent = await site.call(station, "SendLocalList", {"listVersion": 1, "updateType": "Full"})
    assert (sent["response"], sent["outcome"]) == ({"status": "NotSupported"}, "REFUSED")
    assert (await site.verb("station.commands", station=station.id))[0]["outcome"] == "REFUSED"


@case("TC_043_3")
async def test_tc_043_3_after_a_failed_change_the_whole_list_is_sent(site: Site) -> None:
    station = await site.station16()
    await site.command(station, "local-list.sync")
    await site.verb("token.blocked", uid="TAG2", blocked=True)
    usual = station.answers["SendLocalList"]

    def no_changes(asked: Payload) -> Payload:
        assert callable(usual)
        told = {"status": "Failed"} if asked["updateType"] == "Differential" else usual(asked)
        assert isinstance(told, dict)
        return told

    station.answers["SendLocalList"] = no_changes
    done = await site.command(station, "local-list.sync")
    assert done["outcome"] == "DONE"
    first, change, whole = station.asked_for("SendLocalList")
    assert [first["updateType"], change["updateType"], whole["updateType"]] == [
        "Full",
        "Differential",
        "Full",
    ]
    assert 0 < first["listVersion"] < whole["listVersion"]
    sent = {entry["idTag"]: entry["idTagInfo"]["status"] for entry in whole["localAuthorizationList"]}
    assert (sent["TAG1"], sent["TAG2"]) == ("Accepted", "Blocked")


@case("TC_043_4")
async def test_tc_043_4_the_whole_list(site: Site) -> None:
    station = await site.station16()
    done = await site.command(station, "local-list.sync")
    assert done["outcome"] == "DONE"
    [sent] = station.asked_for("SendLocalList")
    assert (sent["updateType"], sent["listVersion"] > 0) == ("Full", True)
    tags = {entry["idTag"]: entry["idTagInfo"] for entry in sent["localAuthorizationList"]}
    assert tags["TAG1"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    assert tags["EXPIRED"]["status"] == "Expired"
    asked = await site.call(station, "GetLocalListVersion")
    assert asked["response"] == {"listVersion": sent["listVersion"]}


@case("TC_043_5")
async def test_tc_043_5_changes_of_the_list(site: Site) -> None:
    station = await site.station16()
    await site.command(station, "local-list.sync")
    await site.verb("token.add", uid="NEW")
    await site.verb("token.remove", uid="OTHER")
    done = await site.command(station, "local-list.sync")
    assert done["outcome"] == "DONE"
    whole, change = station.asked_for("SendLocalList")
    assert (change["updateType"], change["listVersion"]) == ("Differential", whole["listVersion"] + 1)
    assert {entry["idTag"].upper(): entry.get("idTagInfo") for entry in change["localAuthorizationList"]} == {
        "NEW": {"status": "Accepted"},
        "OTHER": None,
    }
