"""Meter values as stations send them: defaults, phases, units, garbage, signed data (OCPP 1.6 §6.31, §7.43)."""

import json
from typing import Any

import pytest

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.payloads import Payload, at, meter_values, reading, sample, start, stop
from tests.wire.station import Station


async def _begin(station: Station) -> int:
    return int((await station.call("StartTransaction", start()))["transactionId"])


async def _samples(csms: Appliance) -> list[list[Payload]]:
    [shown] = await csms.transactions()
    return [entry["samples"] for entry in shown["meterValues"]]


@case("X16-08")
async def test_x16_08_defaults_of_the_standard(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    await station.call("MeterValues", meter_values(tid, reading(5, sample("1500"))))
    [shown] = await csms.transactions()
    [kept] = shown["meterValues"]
    assert (kept["energyWh"], kept["powerW"]) == (1500, None)
    assert kept["samples"] == [{"measurand": "Energy.Active.Import.Register", "value": "1500"}]
    assert await csms.messages(action="MeterValues") != []
    assert (await csms.messages(action="MeterValues"))[-1]["note"] is None


async def test_every_field_is_kept_as_it_came(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    said = sample(
        "1.5", context="Sample.Clock", format="Raw", measurand="Energy.Active.Export.Register", phase="L1-N",
        location="Inlet", unit="kWh",
    )  # fmt: skip
    await station.call("MeterValues", meter_values(tid, reading(5, said)))
    assert await _samples(csms) == [[said]]


@case("X16-09")
@ARITHMETIC
@pytest.mark.parametrize("format", ["SignedData", "Raw"])
async def test_x16_09_signed_data_of_8_kb_is_kept_byte_for_byte(
    csms: Appliance, station: Station, format: str
) -> None:
    blob = ('OCMF|{"FV":"1.0","ü":"\\u00e9\\n"}|' + "A1b2+/=" * 1200)[:8192]
    tid = await _begin(station)
    await station.call("MeterValues", meter_values(tid, reading(5, sample(blob, format=format), sample("7"))))
    await station.call(
        "StopTransaction",
        stop(
            tid, transactionData=[reading(60, sample(blob, format="SignedData", context="Transaction.End"))]
        ),
    )
    first, second = await _samples(csms)
    assert first[0]["value"] == second[0]["value"] == blob
    [shown] = await csms.transactions()
    assert shown["meterValues"][0]["energyWh"] == 7
    assert [c["kind"] for c in shown["corrections"]] == (["rejected_sample"] if format == "Raw" else [])


@case("X16-10")
@ARITHMETIC
@pytest.mark.parametrize("value", ["NaN", "", "1,5", "-", "Infinity", " "])
async def test_x16_10_garbage_is_set_aside_and_the_rest_counts(
    csms: Appliance, station: Station, value: str
) -> None:
    tid = await _begin(station)
    power = sample("7000", measurand="Power.Active.Import", unit="W")
    assert await station.call("MeterValues", meter_values(tid, reading(5, sample(value), power))) == {}
    [shown] = await csms.transactions()
    assert [(r["energyWh"], r["powerW"]) for r in shown["meterValues"]] == [(None, 7000)]
    assert shown["meterValues"][0]["samples"][0]["value"] == value
    assert [(c["kind"], c["detail"]["values"]) for c in shown["corrections"]] == [
        ("rejected_sample", [value])
    ]


@case("X16-11")
@ARITHMETIC
@pytest.mark.parametrize(
    "odd",
    [
        {"unit": "Hz", "measurand": "Frequency"},
        {"unit": "Celcius", "measurand": "Temperature"},
        {"unit": "Celsius", "measurand": "Temperature"},
        {"measurand": "Power.Wireless"},
        {"context": "Sample.Whim"},
        {"location": "Roof"},
        {"phase": "L4"},
        {"format": "Cooked"},
        {"colour": "green"},
    ],
    ids=lambda odd: "-".join(odd.values()),
)
async def test_x16_11_what_the_standard_does_not_know(
    csms: Appliance, station: Station, odd: dict[str, str]
) -> None:
    values = meter_values(await _begin(station), reading(5, sample("50", **odd)))
    assert await station.call("MeterValues", values) == {}
    assert [s[0]["value"] for s in await _samples(csms)] == ["50"]
    [message] = await csms.messages(action="MeterValues")
    standard = odd.get("unit") in ("Celcius", "Celsius")
    assert bool(message["note"]) is not standard

    await csms.verb("station.update", station="CP1", quirks={"strict": True})
    strict = await csms.station()
    if standard:
        assert await strict.call("MeterValues", values) == {}
    else:
        expected = "FormationViolation" if "colour" in odd else "PropertyConstraintViolation"
        assert await strict.error("MeterValues", values) == expected


@ARITHMETIC
@pytest.mark.parametrize(
    ("samples", "energy_wh", "power_w"),
    [
        ([sample("1.5", unit="kWh")], 1500, None),
        ([sample("0.15006999999999998", unit="kWh")], 150, None),
        ([sample("0.5", unit="kWh", phase=p) for p in ("L1", "L2", "L3")], 1500, None),
        ([sample("7.4", unit="kW", measurand="Power.Active.Import")], None, 7400),
        ([sample("2300", measurand="Power.Active.Import", phase=f"{p}-N") for p in ("L1", "L2")], None, 4600),
        ([sample("-5000", measurand="Power.Active.Import")], None, -5000),
        ([sample("5000", measurand="Power.Active.Export")], None, None),
        ([sample("800", measurand="Energy.Active.Import.Interval")], None, None),
    ],
    ids=["kWh", "noise", "phases", "kW", "L-N", "negative", "export", "interval"],
)
async def test_units_and_phases(
    csms: Appliance, station: Station, samples: list[Any], energy_wh: int | None, power_w: int | None
) -> None:
    tid = await _begin(station)
    await station.call("MeterValues", meter_values(tid, reading(5, *samples)))
    [shown] = await csms.transactions()
    assert [(r["energyWh"], r["powerW"]) for r in shown["meterValues"]] == [(energy_wh, power_w)]


async def test_a_number_where_the_standard_wants_text(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    values = meter_values(
        tid, reading(5, {"value": 1500.5, "unit": "Wh"}, {"value": None}, {"value": [1]}, {})
    )
    assert await station.call("MeterValues", values) == {}
    [shown] = await csms.transactions()
    assert [r["energyWh"] for r in shown["meterValues"]] == [1500]
    assert [s["value"] for s in shown["meterValues"][0]["samples"]] == ["1500.5", "", "[1]", ""]


@ARITHMETIC
@pytest.mark.parametrize(
    "values", [[], [{"timestamp": at(5), "sampledValue": []}], [{"timestamp": at(5)}], [{}]]
)
async def test_meter_values_that_say_nothing(csms: Appliance, station: Station, values: list[Any]) -> None:
    tid = await _begin(station)
    payload = {"connectorId": 1, "transactionId": tid, "meterValue": values}
    assert await station.call("MeterValues", payload) == {}
    [shown] = await csms.transactions()
    assert (shown["meterValues"], shown["corrections"]) == ([], [])


async def test_a_reading_without_a_moment_gets_the_time_of_receipt(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    csms.clock.forward(minutes=9)
    payload = {"connectorId": 1, "transactionId": tid, "meterValue": [{"sampledValue": [sample("5")]}]}
    await station.call("MeterValues", payload)
    [shown] = await csms.transactions()
    assert shown["meterValues"][0]["takenAt"].startswith("2026-03-02T12:09:00")


async def test_a_stop_is_never_refused_for_its_transaction_data(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    data = [
        {},
        {"timestamp": at(5), "sampledValue": [{}, {"value": None}, {"value": {"a": 1}}]},
        reading(60, 11_000),
    ]
    assert await station.call("StopTransaction", stop(tid, transactionData=data)) == {}
    [shown] = await csms.transactions()
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 10_000)


async def test_transaction_data_with_begin_and_end_only(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    data = [
        reading(0, sample("1000", context="Transaction.Begin")),
        reading(60, sample("11000", context="Transaction.End")),
    ]
    await station.call("StopTransaction", stop(tid, transactionData=data))
    [shown] = await csms.transactions()
    assert [r["energyWh"] for r in shown["meterValues"]] == [1000, 11_000]
    assert (shown["energyWh"], shown["corrections"]) == (10_000, [])


async def test_many_readings_in_one_message(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    await station.call("MeterValues", meter_values(tid, *[reading(n, 1000 + n) for n in range(1, 41)]))
    [shown] = await csms.transactions()
    assert [r["energyWh"] for r in shown["meterValues"]] == [1000 + n for n in range(1, 41)]


async def test_listeners_hear_the_numbers_of_the_last_reading(csms: Appliance, station: Station) -> None:
    tid = await _begin(station)
    samples = [
        sample("1.5", unit="kWh"),
        sample("7000", measurand="Power.Active.Import", unit="W"),
        sample("10.1", measurand="Current.Import", unit="A", phase="L1"),
        sample("10.2", measurand="Current.Import", unit="A", phase="L2"),
        sample("55", measurand="SoC", unit="Percent", location="EV"),
    ]
    async with csms.unit.bus.subscribe() as events:
        await station.call("MeterValues", meter_values(tid, reading(4, 1400), reading(5, *samples)))
        event = await anext(events)
    assert event.kind == "transaction.updated"
    assert event.body == {
        "takenAt": "2026-03-02T12:05:00.000000Z", "energyWh": 1500, "powerW": 7000, "currentA": 20.3, "socPercent": 55,
    }  # fmt: skip
    json.dumps(event.body)
