"""OCPP 1.6: triggered messages (cases 054, 055)."""

from tests.conformance.cases import case
from tests.conformance.site import Site


@case("TC_054")
async def test_tc_054_every_message_that_can_be_triggered(site: Site) -> None:
    station = await site.station16()
    transaction = await station.charging()
    reading = {"timestamp": station.at(), "sampledValue": [{"value": "2000", "context": "Trigger"}]}
    answers = {
        "MeterValues": {"connectorId": 1, "transactionId": transaction, "meterValue": [reading]},
        "Heartbeat": {},
        "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Charging"},
        "DiagnosticsStatusNotification": {"status": "Idle"},
        "FirmwareStatusNotification": {"status": "Idle"},
        "BootNotification": {"chargePointVendor": "ABL", "chargePointModel": "eMH1"},
    }
    for message, payload in answers.items():
        where = {"connectorId": 1} if message in ("MeterValues", "StatusNotification") else {}
        sent = await site.call(station, "TriggerMessage", {"requestedMessage": message} | where)
        assert station.asked_for("TriggerMessage")[-1] == {"requestedMessage": message} | where
        assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
        await station.call(message, payload)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["meterValues"][0]["samples"][0]["context"]) == ("ACTIVE", "Trigger")
    assert await site.events(station, "firmware.status") == [{"status": "Idle"}]
    assert await site.events(station, "diagnostics.status") == [{"status": "Idle"}]


@case("TC_055")
async def test_tc_055_a_trigger_is_rejected(site: Site) -> None:
    station = await site.station16(answers={"TriggerMessage": {"status": "Rejected"}})
    sent = await site.call(station, "TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})
    assert (sent["response"], sent["outcome"]) == ({"status": "Rejected"}, "REFUSED")
