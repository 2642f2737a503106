"""TransactionEvent in every order, number and shape (ocpp.md §2 E, §6.2)."""

from decimal import Decimal
from typing import Any

import pytest
import trio
import trio.testing

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at
from tests.wire.station import CallError, Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import (
    NOBODY,
    TAG1,
    boot,
    ended,
    reading,
    started,
    status,
    updated,
    value,
)

ACCEPTED = {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}


async def _tell(station: Station, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return [await station.call("TransactionEvent", said) for said in events]


def _corrections(shown: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(entry["kind"], entry["detail"]) for entry in shown["corrections"]]


async def test_a_whole_charge(csms: Appliance, station: Station) -> None:
    csms.clock.forward(hours=1)
    answers = await _tell(station, started(), updated(), ended(stoppedReason="EVDisconnected"))
    assert answers == [{"idTokenInfo": ACCEPTED}, {}, {"totalCost": 3.57}]
    [shown] = await csms.transactions()
    assert (shown["ocppId"], shown["state"], shown["energyWh"]) == ("T1", "ENDED", 10_000)
    assert (shown["startedAt"], shown["endedAt"]) == (at(0), at(60))
    assert (shown["evseId"], shown["idToken"], shown["stopReason"]) == (1, "TAG1", "EVDisconnected")
    assert shown["corrections"] == []
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert (cdr["totalCost"], cdr["totalCostInclVat"]) == (3, Decimal("3.57"))


async def test_a_missing_stopped_reason_is_local(csms: Appliance, station: Station) -> None:
    await _tell(station, started(), ended(1))
    [shown] = await csms.transactions()
    assert shown["stopReason"] == "Local"


@case("X201-01")
async def test_x201_01_a_hole_in_the_numbers_is_recorded_and_filled(
    csms: Appliance, station: Station
) -> None:
    await _tell(station, started(), updated(1, 10, wh=2000), updated(3, 30))
    [shown] = await csms.transactions()
    assert _corrections(shown) == [("sequence_gap", {"missing": [2]})]
    assert await station.until_asked("GetTransactionStatus") == {"transactionId": "T1"}
    await _tell(station, updated(2, 20, wh=4000))
    [shown] = await csms.transactions()
    assert _corrections(shown)[1:] == [("sequence_complete", {"events": 4})]
    assert len(shown["meterValues"]) == 4


@pytest.mark.parametrize("numbers", [(0, 0, 0), (7, 9, 15), (3, 4, 5)])
async def test_numbers_that_count_nothing_are_no_hole(
    csms: Appliance, station: Station, numbers: tuple[int, int, int]
) -> None:
    first, second, third = numbers
    await _tell(station, started(first), updated(second), ended(third))
    [shown] = await csms.transactions()
    assert (shown["energyWh"], shown["corrections"]) == (10_000, [])


@case("X201-02")
async def test_x201_02_the_end_arrives_before_the_start(csms: Appliance, station: Station) -> None:
    assert await _tell(station, ended(2)) == [{}]
    [shown] = await csms.transactions()
    assert (shown["state"], shown["cdrId"]) == ("ENDED", None)
    assert _corrections(shown) == [("start_unseen", {"eventType": "Ended", "seqNo": 2})]
    await _tell(station, updated(1))
    assert await _tell(station, started()) == [{"idTokenInfo": ACCEPTED, "totalCost": 3.57}]
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"], shown["idToken"]) == ("ENDED", 10_000, "TAG1")
    assert (shown["startedAt"], shown["meterStartWh"]) == (at(0), 1000)
    assert shown["cdrId"]
    assert await _tell(station, ended(2), started()) == [
        {"totalCost": 3.57},
        {"idTokenInfo": ACCEPTED},
    ]
    assert len(await csms.rows("SELECT id FROM cdrs")) == 1


async def test_an_operator_bills_what_will_never_get_its_start(csms: Appliance, station: Station) -> None:
    await _tell(station, updated(1, 30, wh=6000, idToken=TAG1), ended(2))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"], shown["cdrId"]) == ("ENDED", 5000, None)
    closed = await csms.verb("transaction.close", transaction="T1")
    assert closed["cdrId"]
    cdr = await csms.verb("cdr.show", cdr=closed["cdrId"])
    assert (cdr["energyWh"], cdr["idToken"]) == (5000, "TAG1")
    assert await _tell(station, started()) == [{"idTokenInfo": ACCEPTED}]
    [shown] = await csms.transactions()
    assert _corrections(shown)[-1] == ("second_start_ignored", {"reported": "2026-03-02T12:00:00.000000Z"})
    assert len(await csms.rows("SELECT id FROM cdrs")) == 1


@case("X201-01")
async def test_x201_01_a_station_that_does_not_know_the_question_is_asked_once(
    csms: Appliance, station: Station
) -> None:
    station.answers["GetTransactionStatus"] = CallError("NotImplemented", "", {})
    await _tell(station, started(), updated(2, wh=2000))
    await station.until_asked("GetTransactionStatus")
    while not await csms.rows("SELECT * FROM unknown_actions"):
        await trio.testing.wait_all_tasks_blocked()
    await _tell(station, updated(4, 40, wh=3000))
    assert await station.call("Heartbeat")
    assert len(station.asked) == 1


async def test_what_goes_on_before_its_start_arrives(csms: Appliance, station: Station) -> None:
    await _tell(station, updated(1))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["startedAt"], shown["meterStartWh"]) == ("ACTIVE", at(30), 6000)
    await _tell(station, started(), ended())
    [shown] = await csms.transactions()
    assert (shown["startedAt"], shown["energyWh"]) == (at(0), 10_000)
    assert shown["cdrId"]


async def test_what_comes_after_the_end_is_kept_and_bills_nothing(csms: Appliance, station: Station) -> None:
    await _tell(station, started(), ended(2), updated(1))
    [shown] = await csms.transactions()
    assert [kind for kind, _ in _corrections(shown)] == [
        "sequence_gap",
        "sequence_complete",
        "reading_after_end",
    ]
    assert len(shown["meterValues"]) == 3
    assert len(await csms.rows("SELECT id FROM cdrs")) == 1


@case("X201-03")
async def test_x201_03_a_repeated_event_gets_the_same_answer_and_costs_once(
    csms: Appliance, station: Station
) -> None:
    events = [started(), updated(), ended()]
    first = await _tell(station, *events)
    before = await csms.transactions()
    again = await _tell(station, *[said | {"offline": True} for said in events])
    assert again == first
    assert await csms.transactions() == before
    assert len(await csms.rows("SELECT id FROM cdrs")) == 1
    assert len(await csms.rows("SELECT seq_no FROM transaction_events")) == 3


async def test_a_repeated_start_is_no_second_charge_of_its_token(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="ONE", max_active=1)
    said = started(idToken={"idToken": "ONE", "type": "ISO14443"})
    assert await _tell(station, said, said) == [{"idTokenInfo": {"status": "Accepted"}}] * 2
    other = started(tx="T2", evse={"id": 2}, idToken={"idToken": "one", "type": "ISO14443"})
    assert await _tell(station, other) == [{"idTokenInfo": {"status": "ConcurrentTx"}}]


@case("X201-04")
async def test_x201_04_two_stations_may_use_one_id(csms: Appliance, station: Station) -> None:
    await csms.verb("station.add", station_id="CP2", security_profile=0)
    other = await connected(csms, "CP2")
    await other.call("BootNotification", boot())
    await _tell(station, started())
    await _tell(other, started())
    assert sorted(t["stationId"] for t in await csms.transactions()) == ["CP1", "CP2"]


async def test_an_id_used_again_is_another_transaction(csms: Appliance, station: Station) -> None:
    csms.clock.forward(hours=3)
    await _tell(station, started(), ended(1), started(minutes=70, wh=11_000), ended(1, 90, wh=12_000))
    old, new = sorted(await csms.transactions(), key=lambda t: str(t["startedAt"]))
    assert (old["energyWh"], new["energyWh"], new["ocppId"]) == (10_000, 1000, "T1")
    assert _corrections(old) == [("id_used_again", {"transactionId": "T1"})]


@case("X201-05")
@pytest.mark.parametrize(
    ("change", "verdict"),
    [({"blocked": True}, "Blocked"), ({"expires_at": "2026-03-01T00:00:00Z"}, "Expired")],
)
async def test_x201_05_an_offline_start_with_a_refused_token_is_kept(
    csms: Appliance, station: Station, change: dict[str, Any], verdict: str
) -> None:
    await csms.verb("token.add", uid="BAD", **change)
    [answer] = await _tell(station, started(offline=True, idToken={"idToken": "BAD", "type": "ISO14443"}))
    assert answer["idTokenInfo"]["status"] == verdict
    [shown] = await csms.transactions()
    assert (shown["state"], shown["authorization"]) == ("ACTIVE", verdict)
    [row] = await csms.rows("SELECT offline FROM transaction_events")
    assert row["offline"] == 1


@case("X201-06")
async def test_x201_06_an_evse_that_is_known_later(csms: Appliance, station: Station) -> None:
    document = {
        "id": "dear",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "FLAT", "price": 9, "step_size": 1}]}],
    }
    await csms.verb("tariff.add", document=document)
    await csms.verb("tariff.assign", tariff="dear", station="CP1", evse_id=2)
    await _tell(station, started(evse=None), updated(evse={"id": 2, "connectorId": 1}))
    [shown] = await csms.transactions()
    assert (shown["evseId"], shown["connectorId"], shown["tariffId"]) == (2, 1, "dear")
    assert (await csms.connectors())[2]["status"] == "OCCUPIED"
    await _tell(station, updated(2, 40, wh=7000, evse={"id": 1}))
    [shown] = await csms.transactions()
    assert shown["evseId"] == 2
    assert _corrections(shown) == [("evse_changed", {"from": 2, "to": 1})]


async def test_an_evse_without_connector(csms: Appliance, station: Station) -> None:
    await _tell(station, started(evse={"id": 2}))
    [shown] = await csms.transactions()
    assert (shown["evseId"], shown["connectorId"]) == (2, 1)


@case("X201-07")
async def test_x201_07_no_token_no_verdict(csms: Appliance, station: Station) -> None:
    answers = await _tell(station, started(idToken=None), updated(), ended())
    assert all("idTokenInfo" not in answer for answer in answers)
    [shown] = await csms.transactions()
    assert (shown["idToken"], shown["authorization"]) == (None, None)


@case("X201-07")
async def test_x201_07_whoever_needs_no_authorization_is_accepted(csms: Appliance, station: Station) -> None:
    [answer] = await _tell(station, started(idToken=NOBODY))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


async def test_a_token_that_is_shown_later(csms: Appliance, station: Station) -> None:
    answers = await _tell(
        station,
        started(idToken=None, chargingState="EVConnected"),
        updated(idToken=TAG1, triggerReason="Authorized", chargingState="Charging"),
        updated(2, 40, idToken=TAG1, triggerReason="StopAuthorized"),
        ended(3),
    )
    assert answers == [{}, {"idTokenInfo": ACCEPTED}, {"idTokenInfo": ACCEPTED}, {"totalCost": 3.57}]
    [shown] = await csms.transactions()
    assert (shown["idToken"], shown["authorization"]) == ("TAG1", "Accepted")
    token = await csms.verb("token.show", uid="TAG1")
    assert token["useCount"] == 1


@case("X201-08")
async def test_x201_08_a_master_pass_is_accepted_and_starts_nothing(
    csms: Appliance, station: Station
) -> None:
    attribute = {"value": "Police", "mutability": "ReadWrite"}
    group = {
        "component": {"name": "AuthCtrlr"},
        "variable": {"name": "MasterPassGroupId"},
        "variableAttribute": [attribute],
    }
    said = {"requestId": 1, "seqNo": 0, "generatedAt": at(0), "reportData": [group]}
    await station.call("NotifyReport", said)
    await csms.verb("token.add", uid="MASTER", group="POLICE")
    token = {"idToken": "MASTER", "type": "ISO14443"}
    info = {"status": "Accepted", "groupIdToken": {"idToken": "POLICE", "type": "Central"}}
    assert await station.call("Authorize", {"idToken": token}) == {"idTokenInfo": info}
    assert await _tell(station, started(idToken=token)) == [{"idTokenInfo": info | {"status": "Invalid"}}]
    assert (await csms.verb("token.show", uid="MASTER"))["useCount"] == 0
    assert await _tell(station, started(tx="T2", evse={"id": 2}), updated(tx="T2", idToken=token)) == [
        {"idTokenInfo": ACCEPTED},
        {"idTokenInfo": info},
    ]


@case("X201-22")
async def test_x201_22_a_free_charge_costs_zero_and_an_unknown_price_is_not_told(
    csms: Appliance, station: Station
) -> None:
    free = {
        "id": "free",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0, "step_size": 1}]}],
    }
    await csms.verb("tariff.add", document=free)
    await csms.verb("tariff.assign", tariff="free", station="CP1")
    assert (await _tell(station, started(), ended()))[1] == {"totalCost": 0}
    await csms.rows("SELECT 1")
    await csms.unit.run(lambda tx: tx.db.run("DELETE FROM tariff_assignments"))
    assert (await _tell(station, started(tx="T2", minutes=70), ended(tx="T2", minutes=80)))[1] == {}


@case("X201-23")
@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (11_000, None),
        (11, {"unit": "kWh"}),
        (11, {"multiplier": 3}),
        (0.011, {"unit": "kWh", "multiplier": 3}),
        (1_100_000, {"unit": "Wh", "multiplier": -2}),
        (11.000000000000002, {"unit": "kWh"}),
    ],
)
@ARITHMETIC
async def test_x201_23_units_and_multipliers(
    csms: Appliance, station: Station, number: float, unit: dict[str, Any] | None
) -> None:
    sample = value(number, context="Transaction.End") | ({"unitOfMeasure": unit} if unit else {})
    await _tell(station, started(), ended(meterValue=[reading(60, sample)]))
    [shown] = await csms.transactions()
    assert shown["energyWh"] == 10_000


async def test_signed_values_are_kept_to_the_letter(csms: Appliance, station: Station) -> None:
    data = 'OCMF|{"FV":"1.0"}|{"SD":"\\u00e4ö=="} '
    signed = {"signedMeterData": data, "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": ""}
    sample = value(11_000, context="Transaction.End", signedMeterValue=signed)
    await _tell(station, started(), ended(meterValue=[reading(60, sample)]))
    [shown] = await csms.transactions()
    kept = shown["meterValues"][-1]["samples"][0]
    assert kept["signed"] == {"data": data, "signing_method": "ECDSA", "encoding_method": "OCMF"}
    assert shown["energyWh"] == 10_000


async def test_an_end_that_brings_the_begin_along(csms: Appliance, station: Station) -> None:
    both = [value(1000, context="Transaction.Begin"), value(11_000, context="Transaction.End")]
    await _tell(station, started(wh=None), ended(1, meterValue=[reading(60, *both)]))
    [shown] = await csms.transactions()
    assert (shown["meterStartWh"], shown["energyWh"]) == (1000, 10_000)


async def test_what_the_vehicle_does_shows_at_the_connector(csms: Appliance, station: Station) -> None:
    async def shows() -> str:
        return str((await csms.connectors())[1]["status"])

    csms.clock.forward(hours=2)
    await station.call("StatusNotification", status("Occupied"))
    assert await shows() == "OCCUPIED"
    await _tell(station, started(chargingState="EVConnected"))
    assert await shows() == "PREPARING"
    for number, (state, shown) in enumerate(
        [
            ("Charging", "CHARGING"),
            ("SuspendedEV", "SUSPENDED_EV"),
            ("SuspendedEVSE", "SUSPENDED_EVSE"),
            ("EVConnected", "FINISHING"),
        ],
        start=1,
    ):
        await _tell(station, updated(number, number, wh=None, chargingState=state))
        assert await shows() == shown
    await station.call("StatusNotification", status("Occupied", minutes=5))
    assert await shows() == "FINISHING"
    await _tell(station, ended(5, 6))
    assert await shows() == "OCCUPIED"
    await station.call("StatusNotification", status("Available", minutes=7))
    assert await shows() == "AVAILABLE"


async def test_a_charge_that_never_had_a_meter(csms: Appliance, station: Station) -> None:
    await _tell(station, started(wh=None), ended(1, wh=None))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 0)


async def test_a_transaction_without_an_id_is_one_all_the_same(csms: Appliance, station: Station) -> None:
    await _tell(
        station, *[said | {"transactionInfo": {"transactionId": ""}} for said in (started(), ended(1))]
    )
    [shown] = await csms.transactions()
    assert (shown["ocppId"], shown["energyWh"]) == ("-", 10_000)


async def test_a_killed_appliance_goes_on_where_it_was(csms: Appliance, station: Station) -> None:
    await _tell(station, started(), updated())
    heir = await csms.restarted()
    again = await connected(heir)
    await again.call("BootNotification", boot())
    assert await _tell(again, updated(), ended()) == [{}, {"totalCost": 3.57}]
    [shown] = await heir.transactions()
    assert (shown["energyWh"], shown["corrections"]) == (10_000, [])
