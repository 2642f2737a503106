"""OCPP 2.0.1, block C: id tokens, groups, the cache, the master pass (C01, C09–C12, C16)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201, token
from tests.wire.station import Payload

FLEET: Payload = {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}
MASTERS: Payload = {"status": "Accepted", "groupIdToken": {"idToken": "MASTERS", "type": "Central"}}


def _told(answer: Payload) -> Payload:
    """Return status and group of what a station was told about an id token."""
    return {name: value for name, value in answer["idTokenInfo"].items() if name in FLEET}


@pytest.mark.parametrize(
    ("uid", "statuses"),
    [
        row("TC_C_02_CSMS", "NOBODY", ("Invalid", "Unknown")),
        row("TC_C_06_CSMS", "BLOCKED", ("Blocked",)),
        row("TC_C_07_CSMS", "EXPIRED", ("Expired",)),
    ],
)
async def test_tc_c_02_06_07_authorize_is_refused(site: Site, uid: str, statuses: tuple[str, ...]) -> None:
    station = await site.station201()
    answer = await station.authorize(token(uid))
    assert answer["idTokenInfo"]["status"] in statuses
    assert await site.transactions(station) == []


@case("TC_C_08_CSMS")
async def test_tc_c_08_a_cached_token(site: Site) -> None:
    station = await site.station201()
    await station.ev_connected_pre_session()
    assert _told(await station.authorized(ask=False)) == FLEET
    await station.energy_transfer_started()
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"], shown["authorization"]) == ("ACTIVE", "TAG1", "Accepted")


@case("TC_C_20_CSMS")
async def test_tc_c_20_a_token_that_only_the_cache_takes(site: Site) -> None:
    station = await site.station201()
    await station.ev_connected_pre_session()
    answer = await station.event("Authorized", idToken=token("NOBODY"), chargingState="EVConnected")
    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    await station.event("Deauthorized", end=True, stoppedReason="DeAuthorized", chargingState="EVConnected")
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["stopReason"]) == ("ENDED", "DeAuthorized")
    assert shown["authorization"] in ("Invalid", "Unknown")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [row("TC_C_37_CSMS", "Accepted", "DONE"), row("TC_C_38_CSMS", "Rejected", "REFUSED")],
)
async def test_tc_c_37_38_the_cache_is_cleared(site: Site, answer: str, outcome: str) -> None:
    station = await site.station201(answers={"ClearCache": {"status": answer}})
    sent = await site.call(station, "ClearCache")
    assert station.asked_for("ClearCache") == [{}]
    assert (sent["response"], sent["outcome"]) == ({"status": answer}, outcome)


@pytest.mark.parametrize(
    ("first_asks", "second_asks"),
    [row("TC_C_39_CSMS", True, True), row("TC_C_40_CSMS", False, False), row("TC_C_43_CSMS", False, True)],
)
async def test_tc_c_39_40_43_another_token_of_the_group_stops(
    site: Site, first_asks: bool, second_asks: bool
) -> None:
    """Either token is looked up by the station in its local list, or asked for."""
    station = await site.station201()
    await station.ev_connected_pre_session()
    if first_asks:
        assert _told(await station.authorize()) == FLEET
    assert _told(await station.authorized(ask=False)) == FLEET
    await station.energy_transfer_started()
    if second_asks:
        assert _told(await station.authorize(token("TAG2"))) == FLEET
    assert _told(await station.stop_authorized(token("TAG2"))) == FLEET
    await station.ev_connected_post_session()
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"], shown["energyWh"]) == ("ENDED", "TAG1", 5000)


async def _two_charges(site: Site) -> Station201:
    """Return a station that charges for two drivers and knows the group of master passes."""
    station = await site.station201()
    station.variables["AuthCtrlr.MasterPassGroupId"] = "MASTERS"
    await site.command(station, "config.get", names=["AuthCtrlr.MasterPassGroupId"])
    await station.energy_transfer_started(1)
    await station.energy_transfer_started(2, token("OTHER"))
    assert _told(await station.authorize(token("MASTER"))) == MASTERS
    return station


async def _stopped_by_master(station: Station201, evse: int) -> None:
    station.wh += 5000
    answer = await station.event(
        "StopAuthorized", evse=evse, end=True, idToken=token("MASTER"), stoppedReason="MasterPass"
    )
    assert _told(answer) == MASTERS


@pytest.mark.parametrize(
    "stopped",
    [row("TC_C_47_CSMS", (1, 2)), row("TC_C_48_CSMS", (1,)), row("TC_C_49_CSMS", (1, 2))],
)
async def test_tc_c_47_48_49_a_master_pass_stops(site: Site, stopped: tuple[int, ...]) -> None:
    """All transactions, or those chosen on the station's screen; the drivers who began them pay."""
    station = await _two_charges(site)
    for evse in stopped:
        await _stopped_by_master(station, evse)
    shown = {entry["evseId"]: entry for entry in await site.transactions(station)}
    assert {evse: entry["state"] for evse, entry in shown.items()} == {
        evse: "ENDED" if evse in stopped else "ACTIVE" for evse in (1, 2)
    }
    assert (shown[1]["idToken"], shown[2]["idToken"]) == ("TAG1", "OTHER")
    assert {shown[evse]["stopReason"] for evse in stopped} == {"MasterPass"}
    assert (await site.cdr(shown[1]))["document"]["cdr_token"]["uid"] == "TAG1"
