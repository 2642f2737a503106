"""Block P: vendors' own data (OCPP 2.0.1 Part 2 §P, Part 6 TC_P)."""

import pytest

from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.wire.station import Payload

CUSTOM: Payload = {"vendorId": "org.example", "deep": {"er": [{"yet": {"more": 1}}]}}


@case("TC_P_02_CSMS")
@pytest.mark.parametrize("data", [None, "text", {"any": [1, None]}, 5, []])
async def test_tc_p_02_an_unknown_vendor(site: Site, data: object) -> None:
    station = await site.station201()
    said: Payload = {"vendorId": "org.example.unknown", "messageId": "m"}
    answer = await station.call("DataTransfer", said if data is None else said | {"data": data})
    assert answer["status"] in ("Rejected", "UnknownVendorId", "UnknownMessageId")


@case("TC_P_03_CSMS", "X201-20")
async def test_tc_p_03_custom_data_everywhere(site: Site) -> None:
    """CustomData is taken on every object and kept as it came; nothing else changes for it."""
    station = await site.station201()
    status = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied", "timestamp": station.at()}
    assert await station.call("StatusNotification", status | {"customData": CUSTOM}) == {}
    assert (await site.connectors(station))[1]["status"] == "OCCUPIED"
    event = station.event_payload(station.charge(), "Authorized", 1, False, {
        "idToken": {"idToken": "TAG1", "type": "ISO14443", "customData": CUSTOM},
        "meterValue": [station.reading("Transaction.Begin") | {"customData": CUSTOM}],
        "customData": CUSTOM,
    })  # fmt: skip
    event["transactionInfo"]["customData"] = CUSTOM
    event["evse"]["customData"] = CUSTOM
    event["meterValue"][0]["sampledValue"][0]["customData"] = CUSTOM
    answer = await station.call("TransactionEvent", event)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    [shown] = await site.transactions(station)
    assert (shown["idToken"], shown["meterStartWh"], shown["corrections"]) == ("TAG1", 1000, [])
    said = {"type": "SettingSystemTime", "timestamp": station.at(), "customData": CUSTOM}
    assert await station.call("SecurityEventNotification", said) == {}
    [kept] = await site.events(station, "security.event")
    assert kept["customData"] == CUSTOM
    sent = await site.call(station, "Reset", {"type": "OnIdle", "customData": CUSTOM})
    assert station.asked_for("Reset") == [{"type": "OnIdle", "customData": CUSTOM}]
    assert sent["status"] == "ANSWERED"
