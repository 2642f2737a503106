"""Energy from registers that cannot be true: every correction is recorded with its transaction (ocpp.md §1)."""

from typing import Any

import pytest

from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import at, meter_values, reading, sample, start, stop
from tests.wire.station import Station


async def _charge(
    csms: Appliance,
    station: Station,
    meter_start: int,
    registers: list[int],
    meter_stop: int,
    begin: float = 0,
) -> dict[str, Any]:
    """Charge for an hour with registers every ten minutes and return the transaction as shown."""
    answer = await station.call("StartTransaction", start(begin, meterStart=meter_start))
    tid = answer["transactionId"]
    for number, register in enumerate(registers, start=1):
        await station.call("MeterValues", meter_values(tid, reading(begin + number * 10, register)))
    await station.call("StopTransaction", stop(tid, begin + 60, meterStop=meter_stop))
    shown: dict[str, Any] = await csms.verb("transaction.show", transaction=str(tid))
    return shown


def _kinds(shown: dict[str, Any]) -> list[str]:
    return [correction["kind"] for correction in shown["corrections"]]


@ARITHMETIC
@pytest.mark.parametrize(
    ("meter_start", "registers", "meter_stop", "energy_wh", "kinds"),
    [
        (1000, [], 11_000, 10_000, []),
        (1000, [3000, 6000], 11_000, 10_000, []),
        (1000, [], 1000, 0, []),
        (0, [], 11_000, 11_000, []),
        (0, [2000, 4000], 11_000, 11_000, []),
        (0, [], 0, 0, []),
        (1000, [], 999, 0, ["meter_noise"]),
        (50_000, [52_000, 55_000, 100], 3000, 8000, ["meter_reset"]),
        (50_000, [], 3000, 3000, ["meter_reset"]),
        (50_000, [], 40_000, 0, ["meter_reset"]),
        (50_000, [52_000, 0, 55_000, 100], 3000, 8000, ["meter_reset"]),
        (50_000, [52_000, 0, 55_000], 56_000, 6000, []),
        (50_000, [55_000], 0, 5000, ["meter_stop_zero"]),
        (0, [910_000, 915_000], 920_000, 10_000, ["meter_start_zero"]),
        (0, [910_000, 915_000], 0, 5000, ["meter_stop_zero", "meter_start_zero"]),
        (5, [], 2_000_000, 1_999_995, ["implausible_energy"]),
    ],
    ids=[
        "two registers", "with readings", "nothing", "new meter", "new meter read", "no meter", "1 Wh less", "reset",
        "reset unseen", "less", "glitch and reset", "glitch", "stop 0", "start 0", "both 0", "implausible",
    ],
)  # fmt: skip
async def test_energy(
    csms: Appliance,
    station: Station,
    meter_start: int,
    registers: list[int],
    meter_stop: int,
    energy_wh: int,
    kinds: list[str],
) -> None:
    shown = await _charge(csms, station, meter_start, registers, meter_stop)
    assert (shown["energyWh"], _kinds(shown)) == (energy_wh, kinds)
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["energyWh"] == energy_wh
    assert cdr["document"]["total_energy"] * 1000 == energy_wh


async def test_begin_0_after_an_offline_start_does_not_bill_the_life_of_the_meter(
    csms: Appliance, station: Station
) -> None:
    """A meter that shows 910 kWh, a start that says 0: 910 kWh have been billed for this elsewhere."""
    await _charge(csms, station, 900_000, [], 910_000, begin=-120)
    tid = (await station.call("StartTransaction", start(meterStart=0)))["transactionId"]
    data = [
        reading(0, sample("0", context="Transaction.Begin", unit="kWh")),
        reading(60, sample("920", context="Transaction.End", unit="kWh")),
    ]
    await station.call("StopTransaction", stop(tid, meterStop=920_000, transactionData=data))
    shown = await csms.verb("transaction.show", transaction=str(tid))
    assert (shown["energyWh"], shown["meterStartWh"]) == (10_000, 910_000)
    last = shown["corrections"][-1]
    assert (last["kind"], last["detail"]["usedWh"]) == ("meter_start_zero", 910_000)
    assert last["detail"]["source"] == "last stop on this EVSE"


async def test_begin_0_in_the_samples_alone_changes_nothing(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start(meterStart=910_000)))["transactionId"]
    data = [reading(0, sample("0", context="Transaction.Begin")), reading(60, 920_000)]
    await station.call("StopTransaction", stop(tid, meterStop=920_000, transactionData=data))
    [shown] = await csms.transactions()
    assert (shown["energyWh"], shown["corrections"]) == (10_000, [])
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert cdr["document"]["total_energy"] == 10


async def test_the_other_connectors_meter_is_not_this_ones(csms: Appliance, station: Station) -> None:
    first = (await station.call("StartTransaction", start(-60, connectorId=2)))["transactionId"]
    await station.call("StopTransaction", stop(first, -30, meterStop=10_000))
    shown = await _charge(csms, station, 0, [], 11_000)
    assert (shown["energyWh"], shown["corrections"]) == (11_000, [])


async def test_a_new_meter_reads_less_than_the_old_one(csms: Appliance, station: Station) -> None:
    await _charge(csms, station, 1000, [], 80_000, begin=-120)
    shown = await _charge(csms, station, 20, [], 5020)
    assert shown["energyWh"] == 5000
    assert [(c["kind"], c["detail"]) for c in shown["corrections"]] == [
        ("meter_below_last_stop", {"meterStartWh": 20, "lastMeterStopWh": 80_000})
    ]


@pytest.mark.parametrize("noise_wh", [0, 1, 10])
async def test_a_meter_that_rounds_is_no_new_meter(csms: Appliance, station: Station, noise_wh: int) -> None:
    await _charge(csms, station, 1000, [], 80_000, begin=-120)
    shown = await _charge(csms, station, 80_000 - noise_wh, [], 85_000)
    assert shown["corrections"] == []


async def test_fractions_of_a_watt_hour(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start(meterStart=1000.4)))["transactionId"]
    await station.call("StopTransaction", stop(tid, meterStop=11_000.0))
    [shown] = await csms.transactions()
    assert (shown["meterStartWh"], shown["energyWh"]) == (1000, 10_000)


@ARITHMETIC
@pytest.mark.parametrize("register", [10**16, -(10**16), 10**30, 1e300])
async def test_a_register_no_meter_can_show(csms: Appliance, station: Station, register: float) -> None:
    tid = (await station.call("StartTransaction", start(meterStart=register)))["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(10, 3000), reading(20, 9000)))
    await station.call("StopTransaction", stop(tid, meterStop=register))
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 6000)
    notes = [m["note"] for m in await csms.messages() if m["note"]]
    assert any("meterStart is no register" in note for note in notes)


async def test_the_bill_follows_the_corrected_energy(csms: Appliance, station: Station) -> None:
    shown = await _charge(csms, station, 50_000, [52_000, 55_000, 100], 3000)
    cdr = await csms.verb("cdr.show", cdr=shown["cdrId"])
    assert str(cdr["totalCost"]) == "2.4"
    assert cdr["startedAt"] == at(0)
