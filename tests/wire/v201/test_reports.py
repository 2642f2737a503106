"""What a 2.0.1 station says of itself, of its connectors and of its jobs (blocks A–C, G, H, J, L–P)."""

from typing import Any

import pytest

from tests.conformance.cases import case
from tests.wire.appliance import Appliance
from tests.wire.payloads import at
from tests.wire.station import Station
from tests.wire.v201.conftest import PROTOCOL, connected
from tests.wire.v201.payloads import NOBODY, TAG1, boot, reading, started, status, updated, value

HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "0a",
    "issuerKeyHash": "0b",
    "serialNumber": "1",
    "responderURL": "http://ocsp.example",
}


async def _events(csms: Appliance, kind: str) -> list[dict[str, Any]]:
    return await csms.rows("SELECT * FROM station_events WHERE kind = :kind ORDER BY id", kind=kind)


async def _said(csms: Appliance, action: str, **payload: Any) -> dict[str, Any]:
    result: dict[str, Any] = await csms.verb("station.call", station="CP1", action=action, payload=payload)
    return result


async def _command(csms: Appliance, sent: dict[str, Any]) -> dict[str, Any]:
    found = await csms.verb("station.commands", station="CP1")
    return next(command for command in found if command["id"] == sent["commandId"])


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (f"{PROTOCOL}, ocpp1.6", PROTOCOL),
        (f"ocpp1.6, {PROTOCOL}", "ocpp1.6"),
        (f"ocpp2.1, {PROTOCOL}", PROTOCOL),
    ],
)
async def test_the_order_of_the_station_decides(csms: Appliance, offered: str, chosen: str) -> None:
    reply = await csms.line().handshake("/ocpp/CP1", protocols=offered)
    assert reply.headers["sec-websocket-protocol"] == chosen


async def test_a_boot_says_what_the_station_is(csms: Appliance) -> None:
    station = await connected(csms)
    answer = await station.call("BootNotification", boot())
    assert answer == {"status": "Accepted", "currentTime": at(0), "interval": 300}
    assert await station.call("Heartbeat") == {"currentTime": at(0)}
    shown = await csms.verb("station.show", station="CP1")
    assert (shown["vendor"], shown["model"], shown["serialNumber"]) == ("ABL", "eM4", "S1")
    assert (shown["firmwareVersion"], shown["ocppVersion"]) == ("2.0", "2.0.1")


async def test_a_pending_station_says_only_what_it_is_asked_for(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", registration="Pending")
    station = await connected(csms)
    assert (await station.call("BootNotification", boot()))["status"] == "Pending"
    assert await station.error("StatusNotification", status()) == "SecurityError"
    await _said(csms, "GetBaseReport", requestId=1, reportBase="FullInventory")
    assert await station.call("NotifyReport", {"requestId": 1, "generatedAt": at(0), "seqNo": 0}) == {}
    sent = await _said(csms, "RequestStopTransaction", transactionId="T1")
    assert (sent["status"], "pending" in sent["error"]) == ("ERROR", True)


@pytest.mark.parametrize("said", ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"])
async def test_a_status_is_that_of_one_connector(csms: Appliance, station: Station, said: str) -> None:
    assert await station.call("StatusNotification", status(said, evse=2, connector=3)) == {}
    [row] = await csms.rows("SELECT * FROM connectors WHERE evse_id = 2 AND connector_id = 3")
    assert row["status"] == said.upper()


def _availability(value: str, event_id: int = 1, minutes: float = 0) -> dict[str, Any]:
    return {
        "eventId": event_id,
        "timestamp": at(minutes),
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }


async def test_an_event_may_stand_for_a_status(csms: Appliance, station: Station) -> None:
    hot = _availability("81") | {"variable": {"name": "Temperature"}, "trigger": "Alerting", "cleared": False}
    said = {
        "generatedAt": at(0),
        "seqNo": 0,
        "eventData": [hot, _availability("Occupied"), _availability("Odd")],
    }
    assert await station.call("NotifyEvent", said) == {}
    assert (await csms.connectors())[1]["status"] == "OCCUPIED"
    later = {"generatedAt": at(1), "seqNo": 0, "eventData": [_availability("Faulted", 2, 1)]}
    await station.call("NotifyEvent", later)
    assert (await csms.connectors())[1]["status"] == "FAULTED"
    assert len(await _events(csms, "device.event")) == 2


@case("X201-07")
@pytest.mark.parametrize(
    ("token", "info"),
    [
        (TAG1, {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}}),
        (
            TAG1 | {"idToken": "tag1"},
            {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}},
        ),
        (TAG1 | {"idToken": "NOBODY"}, {"status": "Invalid"}),
        (NOBODY, {"status": "Accepted"}),
    ],
)
async def test_x201_07_authorize(
    csms: Appliance, station: Station, token: dict[str, Any], info: dict[str, Any]
) -> None:
    assert await station.call("Authorize", {"idToken": token}) == {"idTokenInfo": info}


async def test_a_verdict_says_how_long_it_holds(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="SOON", expires_at=at(60))
    answer = await station.call("Authorize", {"idToken": TAG1 | {"idToken": "SOON"}})
    assert answer["idTokenInfo"] == {"status": "Accepted", "cacheExpiryDateTime": at(60)}


@pytest.mark.parametrize("proof", [{"iso15118CertificateHashData": [HASHES]}, {"certificate": "-----"}])
async def test_a_contract_nobody_can_check_lets_nobody_charge(
    csms: Appliance, station: Station, proof: dict[str, Any]
) -> None:
    answer = await station.call("Authorize", {"idToken": TAG1 | {"type": "eMAID"}} | proof)
    assert answer["idTokenInfo"]["status"] == "Invalid"
    assert answer["certificateStatus"] == "CertChainError"


@case("X201-21")
async def test_x201_21_a_key_code_is_nobodys_business(csms: Appliance, station: Station) -> None:
    await station.call("Authorize", {"idToken": {"idToken": "4711-0815", "type": "KeyCode"}})
    refused = {"idToken": {"idToken": "4711-0815", "type": "KeyCode"}, "odd": 1}
    await station.call("Authorize", refused)
    assert "4711-0815" not in str(await csms.messages())
    assert "4711-0815" not in str(await csms.rows("SELECT * FROM messages"))


async def test_the_main_meter_is_evse_0(csms: Appliance, station: Station) -> None:
    readings = [reading(0, value(5, unitOfMeasure={"unit": "kWh"}))]
    assert await station.call("MeterValues", {"evseId": 0, "meterValue": readings}) == {}
    [row] = await csms.rows("SELECT * FROM meter_values")
    assert (row["evse_id"], row["energy_wh"]) == (0, 5000)


async def test_readings_outside_of_events_belong_to_what_runs(csms: Appliance, station: Station) -> None:
    await station.call("TransactionEvent", started())
    await station.call("MeterValues", {"evseId": 1, "meterValue": [reading(10, value(2000))]})
    [shown] = await csms.transactions()
    assert len(shown["meterValues"]) == 2


KEPT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("SecurityEventNotification", {"type": "SettingSystemTime", "timestamp": at(0)}, {}),
    ("SignCertificate", {"csr": "-----BEGIN"}, {"status": "Rejected"}),
    ("DataTransfer", {"vendorId": "org.example", "data": {"any": [1, None]}}, {"status": "UnknownVendorId"}),
    (
        "Get15118EVCertificate",
        {"iso15118SchemaVersion": "urn:x", "action": "Install", "exiRequest": "AAAA"},
        {"status": "Failed", "exiResponse": ""},
    ),
    ("GetCertificateStatus", {"ocspRequestData": HASHES}, {"status": "Failed"}),
    ("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": 1}, {}),
    ("ClearedChargingLimit", {"chargingLimitSource": "EMS"}, {}),
    (
        "NotifyEVChargingNeeds",
        {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC"}},
        {"status": "Processing"},
    ),
    (
        "NotifyEVChargingSchedule",
        {
            "timeBase": at(0),
            "evseId": 1,
            "chargingSchedule": {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.100000381}],
            },
        },
        {"status": "Accepted"},
    ),
    ("FirmwareStatusNotification", {"status": "Idle"}, {}),
    ("PublishFirmwareStatusNotification", {"status": "Idle"}, {}),
    ("LogStatusNotification", {"status": "Idle"}, {}),
    ("NotifyDisplayMessages", {"requestId": 5}, {}),
    ("NotifyMonitoringReport", {"requestId": 5, "seqNo": 0, "generatedAt": at(0)}, {}),
    ("NotifyCustomerInformation", {"requestId": 5, "seqNo": 0, "generatedAt": at(0), "data": "A"}, {}),
    ("NotifyReport", {"requestId": 5, "seqNo": 0, "generatedAt": at(0)}, {}),
    ("ReportChargingProfiles", {
        "requestId": 5,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [{
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [{
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
            }],
        }],
    }, {}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "payload", "answer"), KEPT, ids=[row[0] for row in KEPT])
async def test_what_a_station_says_is_kept_and_answered_honestly(
    csms: Appliance, station: Station, action: str, payload: dict[str, Any], answer: dict[str, Any]
) -> None:
    whole = payload | {"customData": {"vendorId": "org.example", "deep": {"er": [{"yet": 1}]}}}
    said = await station.call(action, whole)
    assert {name: value for name, value in said.items() if name != "statusInfo"} == answer
    [row] = await csms.rows("SELECT body FROM station_events")
    assert '"deep":{"er":[{"yet":1}]}' in row["body"]


@pytest.mark.parametrize(("said", "outcome"), [("Installed", "DONE"), ("InstallationFailed", "FAILED")])
async def test_a_firmware_update_ends_as_the_station_says(
    csms: Appliance, station: Station, said: str, outcome: str
) -> None:
    firmware = {"location": "https://f.example/a", "retrieveDateTime": at(0)}
    old = await _said(csms, "UpdateFirmware", requestId=1, firmware=firmware)
    new = await _said(csms, "UpdateFirmware", requestId=2, firmware=firmware)
    await station.call("FirmwareStatusNotification", {"status": "Downloading", "requestId": 1})
    await station.call("FirmwareStatusNotification", {"status": said, "requestId": 1})
    ended = await _command(csms, old)
    assert (ended["outcome"], ended["followedBy"]) == (outcome, said)
    assert (await _command(csms, new))["outcome"] == "PENDING"


async def test_a_log_ends_as_the_station_says(csms: Appliance, station: Station) -> None:
    log = {"remoteLocation": "https://f.example/up"}
    sent = await _said(csms, "GetLog", requestId=7, logType="DiagnosticsLog", log=log)
    assert sent["outcome"] == "PENDING"
    await station.call("LogStatusNotification", {"status": "Uploaded", "requestId": 7})
    assert (await _command(csms, sent))["outcome"] == "DONE"


@pytest.mark.parametrize(("said", "left"), [("Expired", "EXPIRED"), ("Removed", "CANCELLED")])
async def test_a_reservation_that_the_station_ends(
    csms: Appliance, station: Station, said: str, left: str
) -> None:
    sent = await _said(csms, "ReserveNow", id=5, expiryDateTime=at(60), idToken=TAG1, evseId=1)
    assert sent["outcome"] == "DONE"
    await station.call("ReservationStatusUpdate", {"reservationId": 5, "reservationUpdateStatus": said})
    [row] = await csms.rows("SELECT status FROM reservations")
    assert row["status"] == left


async def test_a_transaction_uses_its_reservation(csms: Appliance, station: Station) -> None:
    await _said(csms, "ReserveNow", id=5, expiryDateTime=at(60), idToken=TAG1)
    await station.call("TransactionEvent", started(idToken=None))
    await station.call("TransactionEvent", updated(idToken=TAG1, reservationId=5))
    [row] = await csms.rows("SELECT status, transaction_id FROM reservations")
    [shown] = await csms.transactions()
    assert (row["status"], row["transaction_id"], shown["reservationId"]) == ("USED", shown["id"], 5)


def _part(request: int, seq_no: int, value: str, *, tbc: bool = False, minutes: float = 0) -> dict[str, Any]:
    data = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval", "instance": str(seq_no)},
        "variableAttribute": [
            {"type": "Actual", "value": value, "mutability": "ReadWrite"},
            {"type": "MaxSet", "value": "86400"},
        ],
        "variableCharacteristics": {"dataType": "integer", "unit": "s", "supportsMonitoring": True},
    }
    return {
        "requestId": request,
        "seqNo": seq_no,
        "generatedAt": at(minutes),
        "tbc": tbc,
        "reportData": [data],
    }


async def _model(csms: Appliance) -> dict[tuple[str, str], str]:
    found = await csms.rows("SELECT * FROM device_variables")
    return {(row["variable_instance"], row["attribute"]): row["value"] for row in found}


@case("X201-09")
async def test_x201_09_a_report_in_parts_that_come_as_they_like(csms: Appliance, station: Station) -> None:
    sent = await _said(csms, "GetBaseReport", requestId=1, reportBase="FullInventory")
    assert sent["outcome"] == "PENDING"
    for seq_no in (2, 0, 0):
        await station.call("NotifyReport", _part(1, seq_no, "old", tbc=seq_no < 2))
        assert (await _command(csms, sent))["outcome"] == "PENDING"
    csms.clock.forward(minutes=1)
    again = await _said(csms, "GetBaseReport", requestId=2, reportBase="FullInventory")
    await station.call("NotifyReport", _part(2, 0, "new", tbc=True, minutes=1))
    await station.call("NotifyReport", _part(2, 1, "new", minutes=1))
    assert (await _command(csms, again))["outcome"] == "DONE"
    await station.call("NotifyReport", _part(1, 1, "old", tbc=True))
    assert (await _command(csms, sent))["outcome"] == "DONE"
    model = await _model(csms)
    assert [model[str(seq_no), "Actual"] for seq_no in range(2)] == ["new", "new"]
    assert ("2", "Actual") not in model, "a later report of everything has it no more"
    await station.call("NotifyReport", _part(1, 2, "old"))
    assert ("2", "Actual") not in await _model(csms)
    assert model["0", "MaxSet"] == "86400"


async def test_a_request_id_used_again_asks_for_another_report(csms: Appliance, station: Station) -> None:
    await _said(csms, "GetBaseReport", requestId=1, reportBase="FullInventory")
    for seq_no in (0, 1):
        await station.call("NotifyReport", _part(1, seq_no, "a", tbc=seq_no < 1))
    csms.clock.forward(minutes=1)
    again = await _said(csms, "GetBaseReport", requestId=1, reportBase="FullInventory")
    await station.call("NotifyReport", _part(1, 0, "b", tbc=True, minutes=1))
    assert (await _command(csms, again))["outcome"] == "PENDING"


async def test_what_is_reported_shows_among_the_settings_but_no_secret(
    csms: Appliance, station: Station
) -> None:
    secret = _part(1, 0, "hunter2-hunter2-")
    secret["reportData"][0]["variable"] = {"name": "BasicAuthPassword"}
    await station.call("NotifyReport", secret)
    await station.call("NotifyReport", _part(1, 3, "60"))
    found = await csms.rows("SELECT name, value, readonly FROM station_settings ORDER BY name")
    assert [(row["name"], row["value"]) for row in found] == [
        ("OCPPCommCtrlr.BasicAuthPassword", "********"),
        ("OCPPCommCtrlr.HeartbeatInterval[3]", "60"),
    ]
    assert (await _model(csms))["", "Actual"] == "********"


async def test_an_action_that_is_ours_or_nobodys(station: Station) -> None:
    assert await station.error("Reset", {"type": "OnIdle"}) == "NotSupported"
    assert await station.error("CustomOperation") == "NotImplemented"
    assert await station.error("StatusNotification", status() | {"connectorStatus": "Charging"}) == (
        "PropertyConstraintViolation"
    )
    assert await station.error("Authorize", {}) == "OccurrenceConstraintViolation"


@case("X201-19")
@pytest.mark.parametrize("kind", [5, 6, 9])
async def test_x201_19_other_types_of_message(station: Station, kind: int) -> None:
    await station.raw(f'[{kind},"x","Heartbeat",{{}}]')
    assert (await station.stray())[:3] == [4, "x", "MessageTypeNotSupported"]


@case("X201-24")
async def test_x201_24_what_is_no_json(station: Station) -> None:
    await station.raw('[2,"x')
    assert (await station.stray())[:3] == [4, "-1", "RpcFrameworkError"]
