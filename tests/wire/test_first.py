from tests.wire.appliance import Appliance
from tests.wire.payloads import meter_values, reading, start, status, stop
from tests.wire.station import Station


async def test_a_charge(csms: Appliance, station: Station) -> None:
    await station.call("StatusNotification", status("Preparing"))
    started = await station.call("StartTransaction", start())
    tid = started["transactionId"]
    await station.call("MeterValues", meter_values(tid, reading(30, 6000)))
    csms.clock.forward(hours=1)
    await station.call("StopTransaction", stop(tid))
    [shown] = await csms.transactions()
    assert shown["energyWh"] == 10000
