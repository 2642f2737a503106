"""Id tokens at stations: Authorize, starts and stops (OCPP 1.6 §4.1, §4.8, §5.1; X16-12)."""

from typing import Any

import pytest

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.payloads import at, start, stop
from tests.wire.station import Station


async def _authorize(station: Station, tag: str) -> dict[str, Any]:
    answer = await station.call("Authorize", {"idTag": tag})
    assert list(answer) == ["idTagInfo"]
    info: dict[str, Any] = answer["idTagInfo"]
    return info


async def test_tc_023_authorize_says_why_not(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="BLOCKED", blocked=True)
    await csms.verb("token.add", uid="OLD", expires_at=at(-1))
    await csms.verb("token.add", uid="YOUNG", expires_at=at(1))
    assert await _authorize(station, "NOBODY") == {"status": "Invalid"}
    assert await _authorize(station, "") == {"status": "Invalid"}
    assert await _authorize(station, "BLOCKED") == {"status": "Blocked"}
    assert await _authorize(station, "OLD") == {"status": "Expired", "expiryDate": at(-1)}
    assert await _authorize(station, "YOUNG") == {"status": "Accepted", "expiryDate": at(1)}
    assert await _authorize(station, "TAG1") == {"status": "Accepted", "parentIdTag": "FLEET"}
    csms.clock.forward(minutes=1)
    assert (await _authorize(station, "YOUNG"))["status"] == "Expired"


@case("X16-12")
async def test_x16_12_case_does_not_matter(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="04aBcD")
    for minute, spelling in enumerate(("04abcd", "04ABCD", "04AbCd")):
        assert await _authorize(station, spelling) == {"status": "Accepted"}
        answer = await station.call("StartTransaction", start(minute, idTag=spelling))
        assert answer["idTagInfo"]["status"] == "Accepted"
        await station.call("StopTransaction", stop(answer["transactionId"], minute + 0.5))
    assert {t["idToken"] for t in await csms.transactions()} == {"04abcd", "04ABCD", "04AbCd"}
    assert (await csms.verb("token.show", uid="04ABCD"))["useCount"] == 3


async def test_authorize_touches_nothing(csms: Appliance, station: Station) -> None:
    await _authorize(station, "TAG1")
    shown = await csms.verb("token.show", uid="TAG1")
    assert (shown["useCount"], shown["lastUsedAt"]) == (0, None)
    assert await csms.transactions() == []


async def test_concurrent_use_is_only_told_at_the_start(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="ONCE", max_active=1)
    first = await station.call("StartTransaction", start(idTag="ONCE"))
    assert first["idTagInfo"] == {"status": "Accepted"}
    assert await _authorize(station, "ONCE") == {"status": "Accepted"}
    second = await station.call("StartTransaction", start(idTag="ONCE", connectorId=2))
    assert second["idTagInfo"] == {"status": "ConcurrentTx"}
    assert second["transactionId"] != first["transactionId"]
    await station.call("StopTransaction", stop(first["transactionId"]))
    await station.call("StopTransaction", stop(second["transactionId"]))
    third = await station.call("StartTransaction", start(90, idTag="ONCE", connectorId=2))
    assert third["idTagInfo"] == {"status": "Accepted"}


async def test_a_charge_whose_stop_is_missing_does_not_bar_the_next_on_its_connector(
    csms: Appliance, station: Station
) -> None:
    await csms.verb("token.add", uid="ONCE", max_active=1)
    await station.call("StartTransaction", start(idTag="ONCE"))
    second = await station.call("StartTransaction", start(60, idTag="ONCE"))
    assert second["idTagInfo"] == {"status": "Accepted"}


async def test_a_stop_tells_of_the_token_only_when_it_names_one(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    assert await station.call("StopTransaction", stop(tid)) == {}
    tid = (await station.call("StartTransaction", start(90)))["transactionId"]
    answer = await station.call("StopTransaction", stop(tid, 120, idTag="TAG1"))
    assert answer == {"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}}
    tid = (await station.call("StartTransaction", start(150)))["transactionId"]
    answer = await station.call("StopTransaction", stop(tid, 180, idTag="WHO"))
    assert answer == {"idTagInfo": {"status": "Invalid"}}
    assert [t["state"] for t in await csms.transactions()] == ["ENDED"] * 3


async def test_another_tag_of_the_group_may_stop(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="TAG2", group="FLEET")
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    answer = await station.call("StopTransaction", stop(tid, idTag="TAG2"))
    assert answer["idTagInfo"]["parentIdTag"] == "FLEET"
    [shown] = await csms.transactions()
    assert (shown["state"], shown["idToken"]) == ("ENDED", "TAG1")


async def test_a_token_blocked_during_a_charge_does_not_end_it(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await csms.verb("token.blocked", uid="TAG1", blocked=True)
    assert (await station.call("StopTransaction", stop(tid, idTag="TAG1")))["idTagInfo"][
        "status"
    ] == "Blocked"
    [shown] = await csms.transactions()
    assert (shown["authorization"], shown["energyWh"]) == ("Accepted", 10_000)
    assert shown["cdrId"]


async def test_a_token_of_another_tenant_is_unknown(csms: Appliance, station: Station) -> None:
    await csms.verb("tenant.add", name="other", party_id="OTH")
    await csms.verb("token.add", uid="FOREIGN", tenant="other")
    assert await _authorize(station, "FOREIGN") == {"status": "Invalid"}
    answer = await station.call("StartTransaction", start(idTag="FOREIGN"))
    assert answer["idTagInfo"] == {"status": "Invalid"}
    assert (await csms.verb("token.show", uid="FOREIGN", tenant="other"))["useCount"] == 0


async def test_a_group_longer_than_the_wire_takes_is_cut(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="LONG", group="G" * 36)
    assert await _authorize(station, "LONG") == {"status": "Accepted", "parentIdTag": "G" * 20}


@pytest.mark.parametrize("tag", ["T" * 21, "ü€", "a\x00b", " TAG1 ", "TAG1\t"])
async def test_odd_tags_are_answered_and_kept(csms: Appliance, station: Station, tag: str) -> None:
    expected = "Accepted" if tag.strip() == "TAG1" else "Invalid"
    assert (await _authorize(station, tag))["status"] == expected
    answer = await station.call("StartTransaction", start(idTag=tag))
    assert answer["idTagInfo"]["status"] == expected
    await station.call("StopTransaction", stop(answer["transactionId"], idTag=tag))
    [shown] = await csms.transactions()
    assert shown["idToken"] == tag.replace("\x00", "\ufffd")
