"""What drivers are told of the price: before, while and after they charge (2.0.1 block I, X201-22)."""

from decimal import Decimal
from typing import Any

import pytest

from csms.services import cost, tariffs
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx
from tests.wire.appliance import Appliance
from tests.wire.furniture import TARIFF
from tests.wire.payloads import at
from tests.wire.station import CallError, Station
from tests.wire.v201.payloads import TAG1, ended, started, updated

TEXTS = [{"language": "de", "text": "0,30 EUR/kWh"}, {"language": "en", "text": "EUR 0.30/kWh"}]


async def _display(station: Station, **off: str) -> None:
    """Let a station report that it shows tariffs and costs."""
    data = [
        {
            "component": {"name": "TariffCostCtrlr"},
            "variable": {"name": name, "instance": what},
            "variableAttribute": [{"value": off.get(f"{name}{what}", "true"), "mutability": "ReadOnly"}],
        }
        for name in ("Available", "Enabled")
        for what in ("Tariff", "Cost")
    ]
    report = {"requestId": 900, "generatedAt": at(-60), "seqNo": 0, "reportData": data}
    await station.call("NotifyReport", report)


async def _tariff(csms: Appliance, **fields: Any) -> None:
    def work(tx: Tx) -> None:
        tariffs.add(tx, LOCAL_OPERATOR, document=TARIFF | fields)

    await csms.unit.run(work)


def _costs(station: Station) -> list[dict[str, Any]]:
    return [payload for action, payload in station.asked if action == "CostUpdated"]


async def test_i02_the_running_cost_is_told_by_the_clock(csms: Appliance, station: Station) -> None:
    await _display(station)
    await station.call("TransactionEvent", started())
    answer = await station.call("TransactionEvent", updated())
    assert "totalCost" not in answer
    csms.clock.forward(minutes=31)
    told = await cost.tell(csms.house, {})
    [sent] = _costs(station)
    assert sent == {"transactionId": "T1", "totalCost": 1.785}  # 5 kWh at 0.30 EUR and 19 % VAT
    assert await cost.tell(csms.house, told) == told
    assert len(_costs(station)) == 1
    await station.call("TransactionEvent", updated(2, 40, wh=7000))
    told = await cost.tell(csms.house, told)
    assert _costs(station)[1]["totalCost"] == 2.142
    await station.call("TransactionEvent", ended(3))
    assert await cost.tell(csms.house, told) == {}
    assert len(_costs(station)) == 2


@pytest.mark.parametrize("off", [{"EnabledCost": "false"}, {"AvailableCost": "false"}, None])
async def test_a_station_without_a_display_of_costs_is_told_nothing(
    csms: Appliance, station: Station, off: dict[str, str] | None
) -> None:
    if off is not None:
        await _display(station, **off)
    await station.call("TransactionEvent", started())
    await station.call("TransactionEvent", updated())
    assert await cost.tell(csms.house, {}) == {}
    assert _costs(station) == []


async def test_a_station_that_does_not_know_costs_is_asked_once(csms: Appliance, station: Station) -> None:
    await _display(station)
    station.answers["CostUpdated"] = CallError("NotImplemented", "", {})
    await station.call("TransactionEvent", started())
    await station.call("TransactionEvent", updated())
    await cost.tell(csms.house, {})
    await cost.tell(csms.house, {})
    assert len(_costs(station)) == 1


async def test_nothing_is_told_of_what_has_no_price(csms: Appliance, station: Station) -> None:
    await csms.verb("tariff.active", tariff="energy", active=False)
    await _display(station)
    await station.call("TransactionEvent", started())
    await station.call("TransactionEvent", updated())
    assert await cost.tell(csms.house, {}) == {}
    assert "totalCost" not in await station.call("TransactionEvent", ended())


@pytest.mark.parametrize("wh", [1000, 1001, 6000, 7777, 123_456])
async def test_the_final_cost_is_the_cdrs_to_the_cent(csms: Appliance, station: Station, wh: int) -> None:
    await station.call("TransactionEvent", started())
    answer = await station.call("TransactionEvent", ended(1, wh=wh))
    [cdr] = await csms.verb("cdr.list")
    total = cdr["totalCost"] if cdr["totalCostInclVat"] is None else cdr["totalCostInclVat"]
    assert Decimal(str(answer["totalCost"])) == total
    assert (await station.call("TransactionEvent", ended(1, wh=wh)))["totalCost"] == answer["totalCost"]


async def test_x201_22_free_is_zero(csms: Appliance, station: Station) -> None:
    await _tariff(csms, elements=[{"price_components": [{"type": "ENERGY", "price": 0.0, "step_size": 1}]}])
    await station.call("TransactionEvent", started())
    answer = await station.call("TransactionEvent", ended())
    assert answer["totalCost"] == 0


@pytest.mark.parametrize(
    ("language", "text"), [("de", "0,30 EUR/kWh"), ("en-GB", "EUR 0.30/kWh"), ("fr", None), (None, None)]
)
async def test_i01_the_tariff_speaks_the_drivers_language(
    csms: Appliance, station: Station, language: str | None, text: str | None
) -> None:
    await _tariff(csms, tariff_alt_text=TEXTS)
    await _display(station)
    await csms.verb("token.add", uid="DRIVER", language=language)
    token = {"idToken": "DRIVER", "type": "ISO14443"}
    shown = (await station.call("Authorize", {"idToken": token}))["idTokenInfo"]
    begun = (await station.call("TransactionEvent", started(idToken=token)))["idTokenInfo"]
    for info in (shown, begun):
        assert info.get("language1") == language
        assert info.get("personalMessage", {}).get("content") == text
        if text is not None:
            assert info["personalMessage"]["format"] == "UTF8"


async def test_i01_one_text_is_for_everybody(csms: Appliance, station: Station) -> None:
    await _tariff(csms, tariff_alt_text=TEXTS[:1])
    await _display(station)
    info = (await station.call("Authorize", {"idToken": TAG1}))["idTokenInfo"]
    assert info["personalMessage"] == {"format": "UTF8", "content": "0,30 EUR/kWh", "language": "de"}


async def test_i01_not_without_a_display_and_not_for_the_refused(csms: Appliance, station: Station) -> None:
    await _tariff(csms, tariff_alt_text=TEXTS[:1])
    assert "personalMessage" not in (await station.call("Authorize", {"idToken": TAG1}))["idTokenInfo"]
    await _display(station)
    await csms.verb("token.blocked", uid="TAG1", blocked=True)
    info = (await station.call("Authorize", {"idToken": TAG1}))["idTokenInfo"]
    assert (info["status"], "personalMessage" in info) == ("Blocked", False)
