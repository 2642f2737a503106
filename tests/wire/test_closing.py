"""An operator ends what no stop will ever end."""

import pytest

from csms.errors import Conflict, InvalidInput
from tests.wire.appliance import Appliance
from tests.wire.payloads import at, meter_values, reading, start, stop
from tests.wire.station import Station


async def test_a_transaction_is_closed_at_its_last_reading(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(30, 6000)))
    csms.clock.forward(days=2)
    closed = await csms.verb("transaction.close", transaction=str(tid))
    assert (closed["state"], closed["endedAt"], closed["energyWh"]) == ("ENDED", at(30), 5000)
    assert [entry["kind"] for entry in closed["corrections"]] == ["closed_by_operator"]
    assert (await csms.verb("cdr.show", cdr=closed["cdrId"]))["energyWh"] == 5000


async def test_a_stop_that_comes_after_all_changes_nothing(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    await csms.verb("transaction.close", transaction=str(tid), meter_stop_wh=3000)
    assert await station.call("StopTransaction", stop(tid)) == {}
    [shown] = await csms.transactions()
    assert shown["energyWh"] == 2000
    assert [entry["kind"] for entry in shown["corrections"]] == ["closed_by_operator", "second_stop_ignored"]


async def test_only_a_running_transaction_is_closed(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", start()))["transactionId"]
    with pytest.raises(InvalidInput, match="1000 Wh"):
        await csms.verb("transaction.close", transaction=str(tid), meter_stop_wh=5)
    await station.call("StopTransaction", stop(tid))
    with pytest.raises(Conflict, match="ENDED"):
        await csms.verb("transaction.close", transaction=str(tid))
