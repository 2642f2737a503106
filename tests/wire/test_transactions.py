"""Transactions that begin and end in the wrong order, without an id, twice at once, or offline (ocpp.md §1)."""

from decimal import Decimal
from itertools import pairwise

import trio

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.payloads import at, meter_values, reading, start, status, stop
from tests.wire.station import Station


async def test_a_whole_charge(csms: Appliance, station: Station) -> None:
    answer = await station.call("StartTransaction", start())
    assert answer["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    tid = answer["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(30, 6000)))
    csms.clock.forward(hours=1)
    assert await station.call("StopTransaction", stop(tid)) == {}
    [shown] = await csms.transactions()
    assert shown["ocppId"] == str(tid)
    assert shown["corrections"] == []
    assert (shown["state"], shown["energyWh"], shown["stopReason"]) == ("ENDED", 10_000, "Local")
    assert (shown["startedAt"], shown["endedAt"]) == (at(0), at(60))
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert (cdr["totalCost"], cdr["totalCostInclVat"]) == (3, Decimal("3.57"))


async def test_the_start_is_committed_when_it_is_answered(csms: Appliance, station: Station) -> None:
    async with csms.unit.bus.subscribe() as events:
        await station.call("StartTransaction", start())
        kinds = [(await anext(events)).kind]
    assert kinds == ["transaction.started"]
    assert [
        row["kind"] for row in await csms.rows("SELECT kind FROM outbox WHERE kind LIKE 'transaction%'")
    ] == kinds


async def test_transaction_ids_are_positive_unique_and_not_to_be_guessed(
    csms: Appliance, station: Station
) -> None:
    ids = []
    for minute in range(20):
        tid = (await station.call("StartTransaction", start(minute)))["transactionId"]
        await station.call("StopTransaction", stop(tid, minute + 0.5))
        ids.append(tid)
    assert len(set(ids)) == 20
    assert all(0 < tid < 2**31 for tid in ids)
    steps = {second - first for first, second in pairwise(ids)}
    assert len(steps) == 19, "sequential ids can be guessed"
    assert max(ids) - min(ids) > 2**28


@case("X16-06")
async def test_x16_06_two_connectors_start_in_the_same_millisecond(csms: Appliance, station: Station) -> None:
    ids: list[int] = []

    async def begin(connector: int) -> None:
        answer = await station.call("StartTransaction", start(connectorId=connector))
        ids.append(answer["transactionId"])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(begin, 1)
        nursery.start_soon(begin, 2)
    assert len(set(ids)) == 2


@case("X16-03")
async def test_x16_03_stop_without_id_is_matched_by_token(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="TAG2")
    await station.call("StartTransaction", start())
    await station.call("StartTransaction", start(connectorId=2, idTag="TAG2"))
    answer = await station.call("StopTransaction", stop(-1, idTag="tag2"))
    assert answer == {"idTagInfo": {"status": "Accepted"}}
    one, two = await csms.transactions()
    one, two = sorted((one, two), key=lambda t: t["evseId"])
    assert (one["state"], two["state"], two["energyWh"]) == ("ACTIVE", "ENDED", 10_000)
    assert [(c["kind"], c["detail"]) for c in two["corrections"]] == [
        ("matched_without_id", {"sentId": "-1"})
    ]
    assert two["cdrId"]
    again = await station.call("StopTransaction", stop(-1, idTag="tag2"))
    assert again == answer
    assert len(await csms.transactions()) == 2


@case("X16-03")
async def test_x16_03_stop_without_id_that_could_mean_two_is_an_orphan(
    csms: Appliance, station: Station
) -> None:
    await station.call("StartTransaction", start())
    await station.call("StartTransaction", start(connectorId=2))
    for message_id in ("a", "b"):
        assert await station.call("StopTransaction", stop(-1), message_id=message_id) == {}
    states = sorted(t["state"] for t in await csms.transactions())
    assert states == ["ACTIVE", "ACTIVE", "ORPHANED"]


@case("X16-03")
async def test_x16_03_two_stops_without_id_of_one_moment_are_two(csms: Appliance, station: Station) -> None:
    """A reset ends both connectors of a meterless station at once, and it has lost both ids."""
    await csms.verb("token.add", uid="TAG2")
    await station.call("StartTransaction", start(meterStart=0))
    await station.call("StartTransaction", start(connectorId=2, idTag="TAG2", meterStart=0))
    for tag in ("TAG1", "TAG2", "TAG1"):
        await station.call("StopTransaction", stop(-1, meterStop=0, idTag=tag))
    assert [t["state"] for t in await csms.transactions()] == ["ENDED", "ENDED"]


async def test_stop_without_id_never_ends_what_began_later_or_reads_more(
    csms: Appliance, station: Station
) -> None:
    await station.call("StartTransaction", start(70))
    await station.call("StartTransaction", start(0, connectorId=2, meterStart=50_000))
    await station.call("StopTransaction", stop(-1, 60))
    assert sorted(t["state"] for t in await csms.transactions()) == ["ACTIVE", "ACTIVE", "ORPHANED"]


async def test_zero_is_no_transaction_id_either(csms: Appliance, station: Station) -> None:
    await station.call("StartTransaction", start())
    await station.call("MeterValues", meter_values(0, reading(30, 6000)))
    assert await station.call("StopTransaction", stop(0)) == {}
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"], len(shown["meterValues"])) == ("ENDED", 10_000, 1)


@case("X16-04")
async def test_x16_04_stop_of_an_unknown_id_touches_nothing(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Charging"))
    await station.call("StartTransaction", start())
    connectors = await csms.connectors()
    assert await station.call("StopTransaction", stop(4711)) == {}
    answer = await station.call("StopTransaction", stop(4712, idTag="TAG1"))
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert await csms.connectors() == connectors
    shown = {t["ocppId"]: t for t in await csms.transactions()}
    assert shown["4711"]["state"] == shown["4712"]["state"] == "ORPHANED"
    assert shown["4711"]["corrections"][0]["kind"] == "stop_without_start"
    assert (shown["4711"]["evseId"], shown["4711"]["cdrId"]) == (None, None)
    assert len(shown) == 3
    assert len([t for t in shown.values() if t["state"] == "ACTIVE"]) == 1


async def test_an_unknown_stop_repeated_is_one_orphan(csms: Appliance, station: Station) -> None:
    data = [reading(60, 11_000)]
    for message_id in ("a", "a", "b"):
        await station.call("StopTransaction", stop(4711, transactionData=data), message_id=message_id)
    [orphan] = await csms.transactions()
    assert [r["energyWh"] for r in orphan["meterValues"]] == [11_000]
    assert len(orphan["corrections"]) == 1


async def test_two_unknown_stops_of_one_moment_are_two(csms: Appliance, station: Station) -> None:
    """A reset ends both connectors in the same second, and a meterless station reads 0 on both."""
    await station.call("StopTransaction", stop(4711, meterStop=0))
    await station.call("StopTransaction", stop(4712, meterStop=0))
    assert sorted(t["ocppId"] for t in await csms.transactions()) == ["4711", "4712"]


async def test_the_stop_of_another_station_is_not_ours(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    other = await csms.station("CP2")
    await other.call("StopTransaction", stop(tid))
    states = {t["stationId"]: t["state"] for t in await csms.transactions()}
    assert states == {"CP1": "ACTIVE", "CP2": "ORPHANED"}


async def test_stop_before_start_ends_the_transaction_when_it_begins(
    csms: Appliance, station: Station
) -> None:
    """After a start that was never confirmed, a queue may hold the stop before the start."""
    csms.clock.forward(hours=2)
    data = [reading(30, 6000)]
    await station.call("StopTransaction", stop(-1, idTag="TAG1", transactionData=data))
    csms.clock.forward(seconds=1)
    answer = await station.call("StartTransaction", start())
    assert answer["transactionId"] > 0
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"], shown["endedAt"]) == ("ENDED", 10_000, at(60))
    assert {c["kind"] for c in shown["corrections"]} == {"stop_without_start", "stop_before_start_report"}
    assert shown["cdrId"]
    assert len(shown["meterValues"]) == 1
    assert await station.call("StartTransaction", start()) == answer
    await station.call("StopTransaction", stop(-1, idTag="TAG1", transactionData=data))
    assert await csms.transactions() == [shown]


async def test_an_early_stop_is_not_given_to_a_start_after_it(csms: Appliance, station: Station) -> None:
    await station.call("StopTransaction", stop(-1, 60))
    await station.call("StartTransaction", start(61))
    assert sorted(t["state"] for t in await csms.transactions()) == ["ACTIVE", "ORPHANED"]


@case("X16-07")
async def test_x16_07_a_start_on_a_busy_connector_keeps_both(csms: Appliance, station: Station) -> None:
    first = (await station.call("StartTransaction", start()))["transactionId"]
    second = (await station.call("StartTransaction", start(90, meterStart=11_000)))["transactionId"]
    shown = {t["ocppId"]: t for t in await csms.transactions()}
    assert shown[str(first)]["state"] == "AWAITING_STOP"
    assert [c["kind"] for c in shown[str(first)]["corrections"]] == ["superseded"]
    assert shown[str(first)]["corrections"][0]["detail"] == {"by": str(second)}
    assert shown[str(second)]["state"] == "ACTIVE"
    await station.call("MeterValues", meter_values(None, reading(95, 11_500)))
    await station.call("StopTransaction", stop(first, 96))
    assert (await csms.connectors())[1]["status"] == "OCCUPIED", "the second transaction still runs"
    await station.call("StopTransaction", stop(second, 120, meterStop=12_000))
    shown = {t["ocppId"]: t for t in await csms.transactions()}
    assert [(shown[str(t)]["state"], shown[str(t)]["energyWh"]) for t in (first, second)] == [
        ("ENDED", 10_000),
        ("ENDED", 1000),
    ]
    assert len(shown[str(second)]["meterValues"]) == 1
    assert (await csms.connectors())[1]["status"] == "AVAILABLE"


async def test_a_replayed_start_does_not_supersede_what_runs(csms: Appliance, station: Station) -> None:
    """A queue that survived a reset may hold a start older than the transaction that runs now."""
    csms.clock.forward(hours=5)
    live = (await station.call("StartTransaction", start(290)))["transactionId"]
    old = (await station.call("StartTransaction", start(0)))["transactionId"]
    await station.call("MeterValues", meter_values(None, reading(295, 1500)))
    shown = {t["ocppId"]: t for t in await csms.transactions()}
    assert (shown[str(live)]["state"], shown[str(old)]["state"]) == ("ACTIVE", "AWAITING_STOP")
    assert len(shown[str(live)]["meterValues"]) == 1
    await station.call("StopTransaction", stop(old))
    shown = {t["ocppId"]: t for t in await csms.transactions()}
    assert (shown[str(live)]["state"], shown[str(old)]["state"]) == ("ACTIVE", "ENDED")


async def test_tc_037_1_039_a_charge_made_offline_keeps_its_own_times(
    csms: Appliance, station: Station
) -> None:
    csms.clock.forward(days=3)
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(30, 6000)))
    await station.call("StopTransaction", stop(tid))
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["endedAt"], shown["energyWh"]) == (at(0), at(60), 10_000)
    assert shown["corrections"] == []
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["startedAt"] == at(0)


async def test_several_offline_charges_in_one_queue(csms: Appliance, station: Station) -> None:
    csms.clock.forward(days=1)
    for number in range(5):
        begin = number * 60
        tid = (await station.call("StartTransaction", start(begin, meterStart=number * 1000)))[
            "transactionId"
        ]
        await station.call("StopTransaction", stop(tid, begin + 50, meterStop=(number + 1) * 1000))
    shown = await csms.transactions()
    assert [(t["state"], t["energyWh"], t["corrections"]) for t in shown] == [("ENDED", 1000, [])] * 5


async def test_tc_037_3_a_refused_token_still_makes_a_transaction(csms: Appliance, station: Station) -> None:
    answer = await station.call("StartTransaction", start(idTag="STRANGER"))
    assert answer["idTagInfo"] == {"status": "Invalid"}
    assert answer["transactionId"] > 0
    await station.call(
        "StopTransaction", stop(answer["transactionId"], 1, reason="DeAuthorized", meterStop=1010)
    )
    [shown] = await csms.transactions()
    assert (shown["state"], shown["authorization"], shown["stopReason"]) == (
        "ENDED",
        "Invalid",
        "DeAuthorized",
    )


async def test_a_start_on_a_connector_nobody_knew(csms: Appliance, station: Station) -> None:
    await station.call("StartTransaction", start(connectorId=7))
    connectors = await csms.connectors()
    assert set(connectors) == {0, 1, 2, 7}
    assert (connectors[7]["connectorId"], connectors[7]["status"]) == (1, "OCCUPIED")


async def test_a_start_on_connector_0_makes_no_connector(csms: Appliance, station: Station) -> None:
    before = await csms.connectors()
    answer = await station.call("StartTransaction", start(connectorId=0))
    assert answer["transactionId"] > 0
    assert await csms.connectors() == before


async def test_meter_values_without_id_go_to_the_transaction_of_their_connector(
    csms: Appliance, station: Station
) -> None:
    await station.call("StartTransaction", start())
    await station.call("StartTransaction", start(connectorId=2))
    await station.call("MeterValues", meter_values(None, reading(5, 1500), connector=2))
    await station.call("MeterValues", meter_values(-1, reading(6, 1600), connector=2))
    shown = {t["evseId"]: t for t in await csms.transactions()}
    assert [len(shown[evse]["meterValues"]) for evse in (1, 2)] == [0, 2]


async def test_meter_values_of_no_transaction_are_kept_apart(csms: Appliance, station: Station) -> None:
    await station.call("MeterValues", meter_values(None, reading(-30, 900)))
    await station.call("MeterValues", meter_values(None, reading(0, 500_000), connector=0))
    await station.call("StartTransaction", start())
    await station.call("MeterValues", meter_values(4711, reading(5, 1500)))
    await station.call("MeterValues", meter_values(None, reading(-10, 950)))
    [shown] = await csms.transactions()
    assert shown["meterValues"] == []
    rows = await csms.rows("SELECT evse_id, energy_wh FROM meter_values ORDER BY energy_wh")
    assert [(r["evse_id"], r["energy_wh"]) for r in rows] == [(1, 900), (1, 950), (1, 1500), (0, 500_000)]


async def test_transaction_show_finds_by_wire_id_and_list_by_station(
    csms: Appliance, station: Station
) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    shown = await csms.verb("transaction.show", transaction=str(tid))
    assert shown["stationId"] == "CP1"
    assert [t["ocppId"] for t in await csms.verb("transaction.list", active=True)] == [str(tid)]
    await station.call("StopTransaction", stop(tid))
    assert await csms.verb("transaction.list", active=True) == []
