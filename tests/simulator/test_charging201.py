"""A 2.0.1 charge: which event tells what, at every start and stop point, in either order of cable and token."""

from datetime import timedelta

import pytest

from csms.simulator import Station201, StationSettings
from csms.simulator.charge import Vehicle
from csms.simulator.clock import JumpingClock, to_wire
from csms.simulator.v201.charging import Charge, Wish
from csms.simulator.v201.transaction import Transaction
from tests.simulator.fake_csms import NOON, Fail, once
from tests.simulator.fake_csms201 import FakeCsms201

BIG = Vehicle(battery_wh=80_000, arrival_wh=10_000, max_power_w=11_000, phases=3)
SMALL = Vehicle(battery_wh=40_000, arrival_wh=37_000, max_power_w=7_360, phases=1)


async def charge(
    csms: FakeCsms201, vehicle: Vehicle = BIG, settings: StationSettings | None = None, **wish: object
) -> Transaction | None:
    async with Station201.connect(
        "ws://csms.example/ocpp", "CP1", dial=csms.dial(), settings=settings, clock=JumpingClock(NOON)
    ) as station:
        await station.boot()
        chosen = {"id_token": "TAG", "duration_s": 3600.0, **wish}
        transaction = await Charge(station, station.evses[1], Wish(vehicle=vehicle, **chosen)).run()  # type: ignore[arg-type]
        assert station.tally.violations == []
        assert not station.evses[1].busy
    return transaction


def value_of(meter_value: dict, measurand: str, phase: str | None = None) -> float:
    for sample in meter_value["sampledValue"]:
        if sample["measurand"] == measurand and sample.get("phase") == phase:
            return float(sample["value"])
    raise AssertionError(measurand)


async def test_the_messages_of_a_charge_in_order(csms201: FakeCsms201, autojump_clock):
    transaction = await charge(csms201)
    assert transaction is not None
    assert csms201.statuses(1) == ["Occupied", "Available"]
    first = [a for a in csms201.actions() if a != "StatusNotification"][:3]
    assert first == ["BootNotification", "Authorize", "TransactionEvent"]
    assert csms201.story() == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Ended", "StopAuthorized", "EVConnected"),
    ]
    events = csms201.events()
    assert [event["seqNo"] for event in events] == list(range(62))
    assert {event["transactionInfo"]["transactionId"] for event in events} == {transaction.transaction_id}
    assert [n for n, event in enumerate(events) if "evse" in event] == [0]
    assert [n for n, event in enumerate(events) if "idToken" in event] == [0, 61]
    assert not any("offline" in event for event in events)
    began = NOON + timedelta(seconds=5)
    assert (events[0]["timestamp"], events[-1]["timestamp"]) == (
        to_wire(began),
        to_wire(began + timedelta(hours=1)),
    )
    assert transaction.total_cost == 1.5


async def test_the_readings_agree_with_one_another(csms201: FakeCsms201, autojump_clock):
    transaction = await charge(csms201)
    assert transaction is not None
    periodic = [e["meterValue"][0] for e in csms201.events() if e["triggerReason"] == "MeterValuePeriodic"]
    assert len(periodic) == 59
    assert {len(one["sampledValue"]) for one in periodic} == {8}
    registers = [value_of(one, "Energy.Active.Import.Register") for one in periodic]
    assert registers[30] - registers[0] == pytest.approx(11_000 / 2, abs=2)
    first = periodic[0]
    power = sum(
        value_of(first, "Current.Import", f"L{n}") * value_of(first, "Voltage", f"L{n}-N") for n in (1, 2, 3)
    )
    assert power == pytest.approx(value_of(first, "Power.Active.Import"), rel=0.01)
    begin, end = csms201.events("Ended")[0]["meterValue"]
    assert [row["sampledValue"][0]["context"] for row in (begin, end)] == [
        "Transaction.Begin",
        "Transaction.End",
    ]
    energy = [value_of(row, "Energy.Active.Import.Register") for row in (begin, end)]
    assert energy == [transaction.meter_start_wh, transaction.meter_stop_wh]
    assert energy[1] - energy[0] == pytest.approx(11_000, abs=1)


STARTS = [
    ("EVConnected", False, "CablePluggedIn", "EVConnected"),
    ("EVConnected", True, "CablePluggedIn", "EVConnected"),
    ("Authorized", False, "Authorized", "Idle"),
    ("Authorized", True, "Authorized", "EVConnected"),
    ("PowerPathClosed", False, "CablePluggedIn", "EVConnected"),
    ("PowerPathClosed", True, "Authorized", "EVConnected"),
    ("EnergyTransfer", False, "ChargingStateChanged", "Charging"),
    ("EnergyTransfer", True, "ChargingStateChanged", "Charging"),
    ("EVConnected,Authorized", False, "Authorized", "Idle"),
    ("EVConnected,Authorized", True, "CablePluggedIn", "EVConnected"),
]


@pytest.mark.parametrize(("point", "cable_first", "trigger", "state"), STARTS)
async def test_a_transaction_begins_at_its_start_point(
    csms201: FakeCsms201, autojump_clock, point: str, cable_first: bool, trigger: str, state: str
):
    await charge(csms201, settings=StationSettings(tx_start_point=point), cable_first=cable_first)
    events = csms201.events()
    assert (events[0]["eventType"], events[0]["triggerReason"]) == ("Started", trigger)
    assert events[0]["transactionInfo"]["chargingState"] == state
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    told = [event for event in events if "idToken" in event]
    assert len(told) == 2  # once when it was shown or the first event after, once at the end
    assert told[1]["eventType"] == "Ended"
    order = [action for action in csms201.actions() if action in ("Authorize", "TransactionEvent")]
    assert order.index("Authorize") == (1 if cable_first and "EVConnected" in point else 0)


async def test_where_the_cable_will_go_is_told_when_it_is_known(csms201: FakeCsms201, autojump_clock):
    settings = StationSettings(tx_start_point="Authorized", connectors=2)
    await charge(csms201, settings=settings)
    events = csms201.events()
    assert "evse" not in events[0]
    assert events[1]["evse"] == {"id": 1, "connectorId": 1}
    assert csms201.story()[:2] == [
        ("Started", "Authorized", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
    ]


async def test_with_the_cable_as_stop_point_the_end_comes_later(csms201: FakeCsms201, autojump_clock):
    await charge(csms201, settings=StationSettings(tx_stop_point="EVConnected"))
    assert csms201.story()[-2:] == [
        ("Updated", "StopAuthorized", "EVConnected"),
        ("Ended", "EVCommunicationLost", "Idle"),
    ]
    assert csms201.events("Ended")[0]["transactionInfo"]["stoppedReason"] == "Local"
    assert "idToken" in csms201.events()[-2]
    assert "idToken" not in csms201.events()[-1]


async def test_a_pulled_cable_ends_at_once(csms201: FakeCsms201, autojump_clock):
    await charge(csms201, reason="EVDisconnected")
    end = csms201.events("Ended")[0]
    assert end["triggerReason"] == "EVCommunicationLost"
    assert end["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert "idToken" not in end


async def test_a_full_battery_suspends_or_ends(csms201: FakeCsms201, autojump_clock):
    await charge(csms201, SMALL, duration_s=7200.0)
    assert ("Updated", "ChargingStateChanged", "SuspendedEV") in csms201.story()
    until_full = len(csms201.events())
    settings = StationSettings(tx_stop_point="EnergyTransfer")
    transaction = await charge(csms201, SMALL, settings, duration_s=7200.0)
    assert transaction is not None
    assert transaction.reason == "StoppedByEV"
    assert len(csms201.events()) - until_full < until_full
    assert csms201.story()[-1] == ("Ended", "ChargingStateChanged", "EVConnected")


async def test_a_refused_token_starts_nothing(csms201: FakeCsms201, autojump_clock):
    csms201.answers["Authorize"] = lambda *_: {"idTokenInfo": {"status": "Blocked"}}
    assert await charge(csms201) is None
    assert await charge(csms201, cable_first=True) is None
    assert csms201.events() == []
    assert csms201.statuses(1) == ["Occupied", "Available"]


async def test_a_refused_token_leaves_the_transaction_of_the_cable(csms201: FakeCsms201, autojump_clock):
    csms201.answers["Authorize"] = lambda *_: {"idTokenInfo": {"status": "Blocked"}}
    await charge(csms201, settings=StationSettings(tx_start_point="EVConnected"), cable_first=True)
    assert csms201.story() == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Ended", "EVCommunicationLost", "Idle"),
    ]
    assert not any("idToken" in event for event in csms201.events())


async def test_a_token_refused_in_the_event_is_deauthorized(csms201: FakeCsms201, autojump_clock):
    def answer(identity: str, payload: dict) -> dict:
        return {"idTokenInfo": {"status": "ConcurrentTx"}} if "idToken" in payload else {}

    csms201.answers["TransactionEvent"] = answer
    transaction = await charge(csms201)
    assert transaction is not None
    assert transaction.reason == "DeAuthorized"
    assert csms201.story()[-1][:2] == ("Ended", "Deauthorized")
    assert len(csms201.events()) == 2


async def test_a_token_without_a_verdict_is_a_breach(csms201: FakeCsms201, autojump_clock):
    csms201.answers["TransactionEvent"] = lambda *_: {}
    async with Station201.connect("ws://csms.example/ocpp", "CP1", dial=csms201.dial()) as station:
        await station.boot()
        await station.start(1, "TAG")
        assert "without idTokenInfo" in station.tally.violations[0]


async def test_no_authorization_is_asked_for_nowhere(csms201: FakeCsms201, autojump_clock):
    csms201.answers["TransactionEvent"] = lambda *_: {}
    await charge(csms201, id_token={"idToken": "", "type": "NoAuthorization"})
    assert "Authorize" not in csms201.actions()


async def test_events_of_ones_own_making(csms201: FakeCsms201, autojump_clock):
    async with Station201.connect("ws://csms.example/ocpp", "CP1", dial=csms201.dial()) as station:
        await station.boot()
        transaction = await station.start(1, "TAG", 1000, transaction_id="TX-1", remote_start_id=9)
        await station.meter_values(transaction, 1500)
        answer = await station.stop(transaction, 2000, reason="PowerLoss")
        assert answer == {"totalCost": 1.5}
        await station.meter_values(None, evse_id=1)
    started, updated, ended = csms201.events()
    assert started["triggerReason"] == "RemoteStart"
    assert started["transactionInfo"]["remoteStartId"] == 9
    assert "remoteStartId" not in updated["transactionInfo"]
    assert value_of(updated["meterValue"][0], "Energy.Active.Import.Register") == 1500
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == (
        "AbnormalCondition",
        "PowerLoss",
    )
    assert ended["seqNo"] == 2
    assert csms201.payloads("MeterValues")[0]["evseId"] == 1
    assert station.tally.charges[0].energy_wh == 1000


async def test_a_refused_event_is_sent_again_in_its_place(csms201: FakeCsms201, autojump_clock):
    csms201.answers["TransactionEvent"] = once(Fail("InternalError"), 2)
    async with Station201.connect("ws://csms.example/ocpp", "CP1", dial=csms201.dial()) as station:
        await station.boot()
        transaction = await station.start(1)
        await station.stop(transaction)
    assert [event["seqNo"] for event in csms201.events()] == [0, 0, 0, 1]
    ids = [message_id for _, message_id, action, _ in csms201.calls if action == "TransactionEvent"]
    assert len(set(ids)) == 2


async def test_offline_events_say_so_and_come_in_order(csms201: FakeCsms201, autojump_clock):
    async with Station201.connect("ws://csms.example/ocpp", "CP1", dial=csms201.dial()) as station:
        await station.boot()
        transaction = await station.start(1, "TAG")
        await station.go_offline()
        await station.meter_values(transaction)
        assert await station.stop(transaction) is None
        await station.come_back()
        await station.until_delivered()
    assert [event.get("offline", False) for event in csms201.events()] == [False, True, True]
    assert [event["seqNo"] for event in csms201.events()] == [0, 1, 2]
    assert len(csms201.payloads("BootNotification")) == 1  # a lost connection is no boot
