"""A charge from id tag to free connector, the vehicle, the meter, and what the meter values say."""

from datetime import timedelta

import pytest
import trio

from csms.simulator import Station16, StationSettings
from csms.simulator.charge import Draw, Meter, Vehicle
from csms.simulator.clock import JumpingClock, PacedClock, to_wire
from csms.simulator.v16.charging import Charge, Wish
from tests.simulator.fake_csms import NOON, FakeCsms

BIG = Vehicle(battery_wh=80_000, arrival_wh=10_000, max_power_w=11_000, phases=3)
SMALL = Vehicle(battery_wh=40_000, arrival_wh=37_000, max_power_w=7_360, phases=1)


def value_of(meter_value: dict, measurand: str, phase: str | None = None) -> float:
    for sample in meter_value["sampledValue"]:
        if sample["measurand"] == measurand and sample.get("phase") == phase:
            return float(sample["value"])
    raise AssertionError(measurand)


async def charge(
    csms: FakeCsms, vehicle: Vehicle, settings: StationSettings | None = None, **wish
) -> list[dict]:
    async with Station16.connect(
        "ws://csms.example/ocpp", "CP1", dial=csms.dial(), settings=settings, clock=JumpingClock(NOON)
    ) as station:
        await station.boot()
        chosen = {"id_tag": "TAG", "duration_s": 3600.0, **wish}
        await Charge(station, station.connectors[1], Wish(vehicle=vehicle, **chosen)).run()
        assert station.tally.violations == []
    return csms.payloads("MeterValues")


async def test_the_messages_of_a_charge_in_order(csms: FakeCsms, autojump_clock):
    await charge(csms, BIG)
    assert csms.statuses(1) == ["Preparing", "Charging", "Finishing", "Available"]
    order = [action for action in csms.actions() if action not in ("StatusNotification", "MeterValues")]
    assert order == ["BootNotification", "Authorize", "StartTransaction", "StopTransaction"]
    start, stop = csms.payloads("StartTransaction")[0], csms.payloads("StopTransaction")[0]
    assert len(csms.payloads("MeterValues")) == 59
    assert stop["reason"] == "Local"
    assert stop["idTag"] == "TAG"
    assert stop["meterStop"] - start["meterStart"] == pytest.approx(11_000, abs=1)
    began = NOON + timedelta(seconds=5)
    assert start["timestamp"] == to_wire(began)
    assert stop["timestamp"] == to_wire(began + timedelta(hours=1))


async def test_a_full_battery_suspends_and_draws_no_more(csms: FakeCsms, autojump_clock):
    values = await charge(csms, SMALL, duration_s=7200.0)
    assert csms.statuses(1) == ["Preparing", "Charging", "SuspendedEV", "Finishing", "Available"]
    energy = (
        csms.payloads("StopTransaction")[0]["meterStop"] - csms.payloads("StartTransaction")[0]["meterStart"]
    )
    assert energy == pytest.approx(3000, abs=1)
    assert value_of(values[0]["meterValue"][0], "Power.Active.Import") > 3000
    assert value_of(values[-1]["meterValue"][0], "Power.Active.Import") == 0


async def test_eight_values_that_agree_with_one_another(csms: FakeCsms, autojump_clock):
    values = await charge(csms, BIG)
    first = values[0]["meterValue"][0]
    assert len(first["sampledValue"]) == 8
    power = sum(
        value_of(first, "Current.Import", f"L{n}") * value_of(first, "Voltage", f"L{n}-N") for n in (1, 2, 3)
    )
    assert power == pytest.approx(value_of(first, "Power.Active.Import"), rel=0.01)
    registers = [value_of(v["meterValue"][0], "Energy.Active.Import.Register") for v in values]
    assert registers == sorted(registers)
    assert registers[30] - registers[0] == pytest.approx(11_000 / 2, abs=2)


async def test_a_single_phase_vehicle_draws_on_one_phase(csms: FakeCsms, autojump_clock):
    values = await charge(csms, SMALL)
    first = values[0]["meterValue"][0]
    assert [value_of(first, "Current.Import", f"L{n}") > 0 for n in (1, 2, 3)] == [True, False, False]


@pytest.mark.parametrize("samples", [1, 4, 13])
async def test_as_many_values_as_asked_for(csms: FakeCsms, autojump_clock, samples: int):
    values = await charge(csms, BIG, StationSettings(samples=samples))
    assert {len(v["meterValue"][0]["sampledValue"]) for v in values} == {samples}


async def test_stop_transaction_carries_begin_samples_and_end(csms: FakeCsms, autojump_clock):
    await charge(csms, BIG)
    start, stop = csms.payloads("StartTransaction")[0], csms.payloads("StopTransaction")[0]
    samples = [row["sampledValue"][0] for row in stop["transactionData"]]
    assert samples[0]["context"] == "Transaction.Begin"
    assert int(samples[0]["value"]) == start["meterStart"]
    assert samples[-1]["context"] == "Transaction.End"
    assert int(samples[-1]["value"]) == stop["meterStop"]
    assert len(samples) == 20


async def test_an_interval_of_zero_means_no_meter_values(csms: FakeCsms, autojump_clock):
    async with Station16.connect(
        "ws://csms.example/ocpp", "CP1", dial=csms.dial(), clock=JumpingClock(NOON)
    ) as station:
        station.configuration.set("MeterValueSampleInterval", "0")
        await Charge(station, station.connectors[1], Wish(BIG, "TAG", 600.0)).run()
    assert csms.payloads("MeterValues") == []
    assert csms.payloads("StopTransaction")


async def test_a_token_that_is_not_accepted_does_not_charge(csms: FakeCsms, autojump_clock):
    csms.answers["Authorize"] = lambda *_: {"idTagInfo": {"status": "Blocked"}}
    await charge(csms, BIG)
    assert csms.payloads("StartTransaction") == []


async def test_a_start_that_is_not_accepted_is_stopped_at_once(csms: FakeCsms, autojump_clock):
    csms.answers["StartTransaction"] = lambda *_: {
        "transactionId": 5,
        "idTagInfo": {"status": "ConcurrentTx"},
    }
    await charge(csms, BIG)
    stop = csms.payloads("StopTransaction")[0]
    assert (stop["reason"], stop["transactionId"]) == ("DeAuthorized", 5)
    assert csms.payloads("MeterValues") == []


async def test_paced_time_takes_as_long_as_it_says(csms: FakeCsms, autojump_clock):
    async with Station16.connect(
        "ws://csms.example/ocpp", "CP1", dial=csms.dial(), clock=PacedClock(NOON, speed=60)
    ) as station:
        begun = trio.current_time()
        await Charge(station, station.connectors[1], Wish(BIG, "TAG", 3600.0)).run()
        assert trio.current_time() - begun == pytest.approx((3600 + 10) / 60, abs=0.01)


async def test_a_charge_goes_on_through_a_lost_connection(csms: FakeCsms, autojump_clock):
    async with (
        Station16.connect(
            "ws://csms.example/ocpp", "CP1", dial=csms.dial(), clock=PacedClock(NOON)
        ) as station,
        trio.open_nursery() as nursery,
    ):
        await station.boot()
        nursery.start_soon(Charge(station, station.connectors[1], Wish(BIG, "TAG", 1200.0)).run)
        await csms.until("MeterValues", 3)
        csms.refuse_with = 503
        await csms.sockets["CP1"].aclose(1001)
        await trio.sleep(250)
        assert len(station.delivery) >= 3
        csms.refuse_with = None
        await csms.until("StopTransaction")
    times = [row["timestamp"] for p in csms.payloads("MeterValues") for row in p["meterValue"]]
    assert times == sorted(times)
    assert len(set(times)) == 19
    stop = csms.payloads("StopTransaction")[0]
    assert stop["meterStop"] - csms.payloads("StartTransaction")[0]["meterStart"] == pytest.approx(
        3666, abs=1
    )


def test_power_falls_as_the_battery_fills():
    draw = Draw(Vehicle(50_000, 35_000, 10_000, 3), Meter(), 22_000)
    powers = []
    while not draw.full:
        powers.append(draw.offer(None))
        draw.advance(300)
        assert len(powers) < 100
    assert powers[0] == 10_000
    assert powers == sorted(powers, reverse=True)
    assert powers[-1] < 2_000
    assert draw.meter.register_wh == pytest.approx(15_000, abs=1)


def test_hardware_and_offer_limit_the_power():
    draw = Draw(BIG, Meter(), 5_000)
    assert draw.offer(None) == 5_000
    assert draw.offer(1_000) == 1_000
    assert draw.offer(90_000) == 5_000
