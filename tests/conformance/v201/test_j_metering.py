"""Block J: meter values in and outside of transactions (OCPP 2.0.1 Part 2 §J, Part 6 TC_J)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201
from tests.wire.station import Payload

CLOCK = "Sample.Clock"
SIGNED = {
    "signedMeterData": "T0NNRnx7IkZWIjoiMS4wIn18eyJTRCI6Ik1FUUMifQ==",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "MFkwEwYHKoZIzj0CAQ==",
}


def _sampled(station: Station201, context: str, *, signed: bool = False) -> list[Payload]:
    """Return one reading of register, power and current, the register signed or not."""
    register: Payload = {"value": float(station.wh), "context": context}
    if signed:
        register |= {"measurand": "Energy.Active.Import.Register", "signedMeterValue": SIGNED}
    power = {"value": 11.0, "measurand": "Power.Active.Import", "context": context,
             "unitOfMeasure": {"unit": "kW"}}  # fmt: skip
    current = {"value": 16.0, "measurand": "Current.Import", "phase": "L1", "context": context}
    return [{"timestamp": station.at(), "sampledValue": [register, power, current]}]


async def _last(site: Site, station: Station201) -> Payload:
    [shown] = await site.transactions(station)
    reading: Payload = shown["meterValues"][-1]
    return reading


def _contexts(reading: Payload) -> set[Any]:
    return {sample.get("context", "Sample.Periodic") for sample in reading["samples"]}


@case("TC_J_01_CSMS")
async def test_tc_j_01_clock_aligned_without_a_transaction(site: Site) -> None:
    station = await site.station201()
    for evse in (0, 1, 2):
        metered = {"eventId": evse, "timestamp": station.at(), "trigger": "Periodic", "actualValue": "1000",
                   "eventNotificationType": "PreconfiguredMonitor", "component": {"name": "FiscalMetering"},
                   "variable": {"name": "EnergyRegister"}}  # fmt: skip
        told = {"generatedAt": station.at(), "seqNo": 0, "eventData": [metered]}
        assert await station.call("NotifyEvent", told) == {}
        assert (
            await station.call("MeterValues", {"evseId": evse, "meterValue": _sampled(station, CLOCK)}) == {}
        )
    rows = await site.csms.rows("SELECT * FROM meter_values ORDER BY evse_id")
    assert [(kept["evse_id"], kept["energy_wh"], kept["power_w"]) for kept in rows] == [
        (0, 1000, 11_000),
        (1, 1000, 11_000),
        (2, 1000, 11_000),
    ]
    assert await site.transactions(station) == []


@pytest.mark.parametrize(
    ("context", "trigger"),
    [
        row("TC_J_02_CSMS", CLOCK, "MeterValueClock"),
        row("TC_J_09_CSMS", "Sample.Periodic", "MeterValuePeriodic"),
    ],
)
async def test_readings_of_a_running_transaction(site: Site, context: str, trigger: str) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    for _ in range(3):
        await site.forward(minutes=15)
        station.wh += 2750
        assert await station.event(trigger, meterValue=_sampled(station, context)) == {}
    [shown] = await site.transactions(station)
    kept = shown["meterValues"][-3:]
    assert [reading["energyWh"] for reading in kept] == [3750, 6500, 9250]
    assert all(reading["powerW"] == 11_000 and _contexts(reading) == {context} for reading in kept)


@pytest.mark.parametrize("context", [row("TC_J_03_CSMS", CLOCK), row("TC_J_10_CSMS", "Transaction.End")])
async def test_readings_come_with_the_end(site: Site, context: str) -> None:
    """TxEnded: all readings of the transaction, from its begin on, come in the last event."""
    station = await site.station201()
    await station.authorized()
    await station.ev_connected_pre_session()
    begin = _sampled(station, "Transaction.Begin")
    await site.forward(minutes=15)
    station.wh += 2750
    between = _sampled(station, CLOCK if context == CLOCK else "Sample.Periodic")
    await site.forward(minutes=15)
    station.wh += 2750
    await station.ev_disconnected(end=True, meterValue=[*begin, *between, *_sampled(station, context)])
    [shown] = await site.transactions(station)
    assert [reading["energyWh"] for reading in shown["meterValues"]] == [1000, 3750, 6500]
    assert (shown["state"], shown["meterStartWh"], shown["energyWh"]) == ("ENDED", 1000, 5500)


@pytest.mark.parametrize("context", [row("TC_J_04_CSMS", CLOCK), row("TC_J_11_CSMS", "Transaction.End")])
async def test_signed_readings_are_kept_to_the_letter(site: Site, context: str) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    await site.forward(minutes=15)
    station.wh += 2750
    await station.ev_disconnected(end=True, meterValue=_sampled(station, context, signed=True))
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 2750)
    last = await _last(site, station)
    assert _contexts(last) == {context}
    signed = last["samples"][0]["signed"]
    assert signed["data"] == SIGNED["signedMeterData"]
    assert signed["encoding_method"] == "OCMF"
    assert signed["public_key"] == SIGNED["publicKey"]


@case("TC_J_07_CSMS")
async def test_tc_j_07_with_the_start_on_a_known_evse(site: Site) -> None:
    station = await site.station201()
    begin = _sampled(station, "Transaction.Begin")
    assert await station.event("CablePluggedIn", chargingState="EVConnected", meterValue=begin) == {}
    [shown] = await site.transactions(station)
    assert (shown["evseId"], shown["meterStartWh"]) == (1, 1000)
    assert _contexts(shown["meterValues"][0]) == {"Transaction.Begin"}


@case("TC_J_08_CSMS")
async def test_tc_j_08_begin_before_the_evse_is_known(site: Site) -> None:
    station = await site.station201()
    await station.authorize()
    charge = station.charge()
    first = station.event_payload(charge, "Authorized", 1, False, {"idToken": TAG1})
    del first["evse"]
    charge.events.append(first)
    charge.authorized = TAG1
    assert (await station.call("TransactionEvent", first))["idTokenInfo"]["status"] == "Accepted"
    await station.ev_connected_pre_session()
    await station.energy_transfer_started()
    [shown] = await site.transactions(station)
    assert (shown["evseId"], shown["meterStartWh"]) == (1, 1000)
    assert _contexts(shown["meterValues"][-1]) == {"Transaction.Begin"}
