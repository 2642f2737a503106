"""All 26 actions of a 1.6 CSMS: each answer is valid by the schema (FakeCsms.call sees to it), with state behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csms.simulator import Station16, StationSettings
from csms.simulator.clock import PacedClock, to_wire
from csms.simulator.v16.answers import ANSWERS
from tests.simulator.fake_csms import NOON, FakeCsms

CP = "CP1"


@asynccontextmanager
async def booted(csms: FakeCsms, **settings: object) -> AsyncIterator[Station16]:
    chosen = StationSettings(connectors=2, **settings)  # type: ignore[arg-type]
    async with Station16.connect(
        "ws://csms.example/ocpp", CP, dial=csms.dial(), settings=chosen, clock=PacedClock(NOON)
    ) as station:
        await station.boot()
        yield station
        assert station.tally.violations == []


def test_the_table_has_every_action_of_the_package():
    from ocpp.v16 import enums

    from_station = {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
    assert {action.value for action in enums.Action} - from_station == set(ANSWERS)
    assert len(ANSWERS) == 26


# Core


async def test_remote_start_and_stop_make_a_whole_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        answer = await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 2})
        assert answer == {"status": "Accepted"}
        assert (await csms.until("Authorize")) == {"idTag": "TAG"}
        start = await csms.until("StartTransaction")
        assert (start["connectorId"], start["idTag"]) == (2, "TAG")
        await csms.until("MeterValues", 3)
        busy = await csms.call(CP, "RemoteStartTransaction", {"idTag": "OTHER", "connectorId": 2})
        assert busy == {"status": "Rejected"}
        assert await csms.call(CP, "RemoteStopTransaction", {"transactionId": 99}) == {"status": "Rejected"}
        assert await csms.call(CP, "RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
        stop = await csms.until("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (1, "Remote")
        assert stop["meterStop"] > start["meterStart"]
        await trio.sleep(30)
        assert csms.statuses(2) == ["Preparing", "Charging", "Finishing", "Available"]


async def test_two_remote_starts_in_one_breath_do_not_share_a_connector(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        answers = [await csms.call(CP, "RemoteStartTransaction", {"idTag": f"T{n}"}) for n in range(3)]
        assert [answer["status"] for answer in answers] == ["Accepted", "Accepted", "Rejected"]


async def test_remote_start_without_authorization_when_so_configured(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        change = {"key": "AuthorizeRemoteTxRequests", "value": "false"}
        assert await csms.call(CP, "ChangeConfiguration", change) == {"status": "Accepted"}
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("StartTransaction")
        assert csms.payloads("Authorize") == []


async def test_soft_reset_stops_the_charge_first(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("MeterValues")
        assert await csms.call(CP, "Reset", {"type": "Soft"}) == {"status": "Accepted"}
        await csms.until("BootNotification", 2)
        actions = csms.actions()
        assert csms.payloads("StopTransaction")[0]["reason"] == "SoftReset"
        assert actions.index("StopTransaction") < len(actions) - 1 - actions[::-1].index("BootNotification")


async def test_hard_reset_stops_the_charge_after_the_boot(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG"})
        await csms.until("MeterValues")
        assert await csms.call(CP, "Reset", {"type": "Hard"}) == {"status": "Accepted"}
        stop = await csms.until("StopTransaction")
        assert stop["reason"] == "HardReset"
        actions = csms.actions()
        assert actions.index("StopTransaction") > len(actions) - 1 - actions[::-1].index("BootNotification")
        assert csms.statuses(1)[-1] == "Available"


async def test_availability_at_once_scheduled_and_of_the_whole_station(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        off = {"connectorId": 1, "type": "Inoperative"}
        assert await csms.call(CP, "ChangeAvailability", off) == {"status": "Accepted"}
        await csms.until("StatusNotification")
        assert csms.statuses(1) == ["Unavailable"]
        assert await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}) == {
            "status": "Rejected"
        }
        transaction = await station.start(2, "TAG", 100)
        everything = {"connectorId": 0, "type": "Inoperative"}
        assert await csms.call(CP, "ChangeAvailability", everything) == {"status": "Scheduled"}
        await csms.call(CP, "RemoteStopTransaction", {"transactionId": transaction.transaction_id})
        await trio.sleep(1)
        assert csms.statuses(2) == ["Finishing", "Unavailable"]
        assert csms.statuses(0) == ["Unavailable"]
        unknown = {"connectorId": 9, "type": "Operative"}
        assert await csms.call(CP, "ChangeAvailability", unknown) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "30", "Accepted"),
        ("metervaluesampleinterval", "30", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "7", "Rejected"),
        ("WebSocketPingInterval", "30", "RebootRequired"),
        ("NoSuchKey", "1", "NotSupported"),
        ("MeterValuesSampledData", "Power.Active.Import,SoC", "Accepted"),
        ("MeterValuesSampledData", "Nonsense", "Rejected"),
        ("SecurityProfile", "1", "Accepted"),
        ("SecurityProfile", "2", "Rejected"),
    ],
)
async def test_change_configuration(csms: FakeCsms, autojump_clock, key: str, value: str, status: str):
    async with booted(csms):
        assert await csms.call(CP, "ChangeConfiguration", {"key": key, "value": value}) == {"status": status}


async def test_get_configuration_of_all_some_and_unknown_keys(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        everything = await csms.call(CP, "GetConfiguration", {})
        rows = {row["key"]: row for row in everything["configurationKey"]}
        assert rows["NumberOfConnectors"] == {"key": "NumberOfConnectors", "readonly": True, "value": "2"}
        assert rows["AuthorizationKey"] == {"key": "AuthorizationKey", "readonly": False}
        some = await csms.call(CP, "GetConfiguration", {"key": ["heartbeatinterval", "Nope"]})
        assert some["configurationKey"][0]["key"] == "HeartbeatInterval"
        assert some["unknownKey"] == ["Nope"]


async def test_a_new_password_is_used_at_once(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        key = {"key": "AuthorizationKey", "value": "0011223344556677FF"}
        assert await csms.call(CP, "ChangeConfiguration", key) == {"status": "Accepted"}
        await trio.sleep(5)
        from tests.simulator.fake_csms import basic

        assert len(csms.handshakes) == 2
        assert basic(csms.handshakes[1][1]) == b"CP1:" + bytes.fromhex("0011223344556677FF")


async def test_a_new_heartbeat_interval_holds_at_once(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "10"})
        await trio.sleep(35)
        assert len(csms.payloads("Heartbeat")) == 3


async def test_unlock_ends_the_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.start(1, "TAG", 100)
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
        assert (await csms.until("StopTransaction"))["reason"] == "UnlockCommand"
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 5}) == {"status": "NotSupported"}
        assert await csms.call(CP, "UnlockConnector", {"connectorId": 0}) == {"status": "NotSupported"}


async def test_clear_cache_forgets_whom_the_csms_accepted(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.authorize("TAG")
        assert station.local_list.known("tag", with_cache=True) is not None
        assert await csms.call(CP, "ClearCache", {}) == {"status": "Accepted"}
        assert station.local_list.known("tag", with_cache=True) is None


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({"vendorId": "csms.simulator", "data": "hi"}, {"status": "Accepted", "data": "hi"}),
        ({"vendorId": "csms.simulator", "messageId": "x"}, {"status": "UnknownMessageId"}),
        ({"vendorId": "other"}, {"status": "UnknownVendorId"}),
    ],
)
async def test_data_transfer(csms: FakeCsms, autojump_clock, payload: dict, answer: dict):
    async with booted(csms):
        assert await csms.call(CP, "DataTransfer", payload) == answer


# Remote trigger


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("BootNotification", 2),
        ("Heartbeat", 1),
        ("StatusNotification", 3),
        ("MeterValues", 2),
        ("DiagnosticsStatusNotification", 1),
        ("FirmwareStatusNotification", 1),
    ],
)
async def test_trigger_message(csms: FakeCsms, autojump_clock, wanted: str, number: int):
    async with booted(csms):
        assert await csms.call(CP, "TriggerMessage", {"requestedMessage": wanted}) == {"status": "Accepted"}
        await csms.until(wanted, number)


async def test_trigger_message_of_one_connector(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await station.start(2, "TAG", 1234)
        trigger = {"requestedMessage": "MeterValues", "connectorId": 2}
        assert await csms.call(CP, "TriggerMessage", trigger) == {"status": "Accepted"}
        values = await csms.until("MeterValues")
        assert (values["connectorId"], values["transactionId"]) == (2, 1)
        assert values["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
        unknown = {"requestedMessage": "StatusNotification", "connectorId": 9}
        assert await csms.call(CP, "TriggerMessage", unknown) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("LogStatusNotification", "LogStatusNotification"),
        ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
        ("SignChargePointCertificate", "SignCertificate"),
        ("Heartbeat", "Heartbeat"),
    ],
)
async def test_extended_trigger_message(csms: FakeCsms, autojump_clock, wanted: str, sent: str):
    async with booted(csms):
        trigger = {"requestedMessage": wanted}
        assert await csms.call(CP, "ExtendedTriggerMessage", trigger) == {"status": "Accepted"}
        await csms.until(sent)


# Local list and reservation


async def test_local_list_versions(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:

        async def send(version: int, update: str, *entries: dict) -> str:
            payload = {"listVersion": version, "updateType": update, "localAuthorizationList": list(entries)}
            return (await csms.call(CP, "SendLocalList", payload))["status"]

        accepted = {"idTagInfo": {"status": "Accepted"}}
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": 0}
        assert await send(5, "Full", {"idTag": "A", **accepted}, {"idTag": "B", **accepted}) == "Accepted"
        assert await send(6, "Differential", {"idTag": "b"}, {"idTag": "C", **accepted}) == "Accepted"
        assert await send(6, "Differential", {"idTag": "D", **accepted}) == "VersionMismatch"
        assert await send(7, "Full", {"idTag": "E"}) == "Failed"
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": 6}
        known = [tag for tag in "ABCD" if station.local_list.known(tag, with_cache=False)]
        assert known == ["A", "C"]
        await csms.call(CP, "ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "false"})
        assert await csms.call(CP, "GetLocalListVersion", {}) == {"listVersion": -1}
        assert await send(8, "Full") == "NotSupported"


def reservation(number: int, connector_id: int, tag: str = "TAG", minutes: float = 10) -> dict:
    expires = to_wire(NOON + timedelta(minutes=minutes))
    return {"reservationId": number, "connectorId": connector_id, "idTag": tag, "expiryDate": expires}


async def test_a_reservation_is_used_by_its_token_only(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        assert await csms.call(CP, "ReserveNow", reservation(7, 1)) == {"status": "Accepted"}
        await csms.until("StatusNotification")
        assert csms.statuses(1) == ["Reserved"]
        assert await csms.call(CP, "ReserveNow", reservation(8, 1, "OTHER")) == {"status": "Occupied"}
        other = {"idTag": "OTHER", "connectorId": 1}
        assert await csms.call(CP, "RemoteStartTransaction", other) == {"status": "Rejected"}
        mine = {"idTag": "tag", "connectorId": 1}
        assert await csms.call(CP, "RemoteStartTransaction", mine) == {"status": "Accepted"}
        assert (await csms.until("StartTransaction"))["reservationId"] == 7
        assert await csms.call(CP, "CancelReservation", {"reservationId": 7}) == {"status": "Rejected"}


async def test_a_reservation_expires_or_is_cancelled(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "ReserveNow", reservation(1, 1, minutes=5))
        await csms.call(CP, "ReserveNow", reservation(2, 2, minutes=60))
        assert await csms.call(CP, "CancelReservation", {"reservationId": 2}) == {"status": "Accepted"}
        await trio.sleep(301)
        assert csms.statuses(1) == ["Reserved", "Available"]
        assert csms.statuses(2) == ["Reserved", "Available"]


async def test_reserving_what_is_off_faulted_or_not_there(csms: FakeCsms, autojump_clock):
    async with booted(csms) as station:
        await csms.call(CP, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        await station.notify_status(2, "Faulted", error_code="GroundFailure")
        assert await csms.call(CP, "ReserveNow", reservation(1, 1)) == {"status": "Unavailable"}
        assert await csms.call(CP, "ReserveNow", reservation(1, 2)) == {"status": "Faulted"}
        assert await csms.call(CP, "ReserveNow", reservation(1, 3)) == {"status": "Rejected"}
        await station.notify_status(2, "Available")
        assert await csms.call(CP, "ReserveNow", reservation(1, 0)) == {"status": "Accepted"}


# Smart charging


def profile(number: int, purpose: str, limit: float, **more: object) -> dict:
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
        **more,
    }


def set_profile(connector_id: int, raw: dict) -> dict:
    return {"connectorId": connector_id, "csChargingProfiles": raw}


async def test_a_profile_limits_a_running_charge(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        await csms.call(CP, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1})
        await csms.until("MeterValues")
        limit = set_profile(1, profile(1, "TxProfile", 1000.1, transactionId=1))
        assert await csms.call(CP, "SetChargingProfile", limit) == {"status": "Accepted"}
        second = await csms.until("MeterValues", 3)
        power = [
            v["value"]
            for v in second["meterValue"][0]["sampledValue"]
            if v["measurand"] == "Power.Active.Import"
        ]
        assert power == ["1000.1"]
        zero = set_profile(1, profile(2, "TxProfile", 0.0, transactionId=1))
        assert await csms.call(CP, "SetChargingProfile", zero) == {"status": "Accepted"}
        await trio.sleep(1)
        assert csms.statuses(1)[-1] == "SuspendedEVSE"
        assert await csms.call(CP, "ClearChargingProfile", {"id": 2}) == {"status": "Accepted"}
        assert await csms.call(CP, "ClearChargingProfile", {"id": 2}) == {"status": "Unknown"}
        await trio.sleep(1)
        assert csms.statuses(1)[-1] == "Charging"


@pytest.mark.parametrize(
    ("connector_id", "raw"),
    [
        (0, profile(1, "TxProfile", 10)),
        (1, profile(1, "TxProfile", 10)),  # no transaction
        (1, profile(1, "ChargePointMaxProfile", 10)),
        (1, profile(1, "TxDefaultProfile", 10) | {"stackLevel": 99}),
        (7, profile(1, "TxDefaultProfile", 10)),
    ],
)
async def test_profiles_that_cannot_be(csms: FakeCsms, autojump_clock, connector_id: int, raw: dict):
    async with booted(csms):
        answer = await csms.call(CP, "SetChargingProfile", set_profile(connector_id, raw))
        assert answer == {"status": "Rejected"}


async def test_composite_schedule(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        raw = profile(1, "TxDefaultProfile", 6900.0)
        raw["chargingSchedule"]["chargingSchedulePeriod"].append({"startPeriod": 600, "limit": 3450.0})
        raw["chargingProfileKind"], raw["chargingSchedule"]["startSchedule"] = "Absolute", to_wire(NOON)
        await csms.call(CP, "SetChargingProfile", set_profile(0, raw))
        ask = {"connectorId": 1, "duration": 1200, "chargingRateUnit": "A"}
        answer = await csms.call(CP, "GetCompositeSchedule", ask)
        periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
        assert periods == [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 600, "limit": 5.0}]
        unknown = await csms.call(CP, "GetCompositeSchedule", {"connectorId": 8, "duration": 60})
        assert unknown == {"status": "Rejected"}


# Diagnostics, logs, firmware


@pytest.mark.parametrize(
    ("location", "end"), [("ftp://host/logs", "Uploaded"), ("carrier-pigeon:loft", "UploadFailed")]
)
async def test_diagnostics(csms: FakeCsms, autojump_clock, location: str, end: str):
    async with booted(csms):
        answer = await csms.call(CP, "GetDiagnostics", {"location": location})
        assert answer["fileName"].endswith(".log")
        await csms.until("DiagnosticsStatusNotification", 2)
        assert [p["status"] for p in csms.payloads("DiagnosticsStatusNotification")] == ["Uploading", end]
        await csms.call(CP, "TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"})
        assert (await csms.until("DiagnosticsStatusNotification", 3))["status"] == end


async def test_a_second_log_request_ends_the_first(csms: FakeCsms, autojump_clock):
    async with booted(csms):

        def ask(number: int) -> dict:
            return {"logType": "SecurityLog", "requestId": number, "log": {"remoteLocation": "https://h/x"}}

        assert (await csms.call(CP, "GetLog", ask(1)))["status"] == "Accepted"
        await csms.until("LogStatusNotification")
        assert (await csms.call(CP, "GetLog", ask(2)))["status"] == "AcceptedCanceled"
        await trio.sleep(60)
        told = [(p["requestId"], p["status"]) for p in csms.payloads("LogStatusNotification")]
        assert told == [(1, "Uploading"), (2, "Uploading"), (2, "Uploaded")]


async def test_firmware_update_with_restart(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        due = to_wire(NOON + timedelta(hours=1))
        payload = {"location": "https://host/fw.bin", "retrieveDate": due}
        assert await csms.call(CP, "UpdateFirmware", payload) == {}
        await trio.sleep(3500)
        assert csms.payloads("FirmwareStatusNotification") == []
        await csms.until("FirmwareStatusNotification", 4)
        told = [p["status"] for p in csms.payloads("FirmwareStatusNotification")]
        assert told == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert csms.payloads("BootNotification")[-1]["firmwareVersion"] == "1.0.1"


async def test_firmware_that_cannot_be_fetched(csms: FakeCsms, autojump_clock):
    async with booted(csms):
        payload = {"location": "gopher://host/fw", "retrieveDate": to_wire(NOON)}
        await csms.call(CP, "UpdateFirmware", payload)
        await trio.sleep(60)
        told = [p["status"] for p in csms.payloads("FirmwareStatusNotification")]
        assert told == ["Downloading", "DownloadFailed"]


# Certificates


def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    return key, issue(key, name, key.public_key(), name)


def issue(key, issuer: x509.Name, public_key, subject: x509.Name) -> x509.Certificate:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(public_key)
    dated = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    return dated.not_valid_after(begin + timedelta(days=3650)).sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


async def test_certificates_are_installed_listed_and_deleted(csms: FakeCsms, autojump_clock):
    _, root = authority()
    use = {"certificateType": "CentralSystemRootCertificate"}
    async with booted(csms):
        ask = "GetInstalledCertificateIds"
        assert await csms.call(CP, ask, use) == {"status": "NotFound"}
        install = {**use, "certificate": pem(root)}
        assert await csms.call(CP, "InstallCertificate", install) == {"status": "Accepted"}
        broken = {**use, "certificate": "no certificate"}
        assert await csms.call(CP, "InstallCertificate", broken) == {"status": "Rejected"}
        listed = (await csms.call(CP, ask, use))["certificateHashData"]
        expected = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
        assert len(listed) == 1
        assert listed[0]["hashAlgorithm"] == "SHA256"
        assert int(listed[0]["serialNumber"], 16) == root.serial_number
        import hashlib

        raw_key = root.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        assert hashlib.sha1(raw_key).digest() == expected.digest
        assert listed[0]["issuerKeyHash"] == hashlib.sha256(raw_key).hexdigest()
        gone = {"certificateHashData": listed[0]}
        assert await csms.call(CP, "DeleteCertificate", gone) == {"status": "Accepted"}
        assert await csms.call(CP, "DeleteCertificate", gone) == {"status": "NotFound"}


async def test_a_certificate_for_its_own_request_is_taken(csms: FakeCsms, autojump_clock):
    key, root = authority()
    async with booted(csms) as station:
        trigger = {"requestedMessage": "SignChargePointCertificate"}
        await csms.call(CP, "ExtendedTriggerMessage", trigger)
        request = x509.load_pem_x509_csr((await csms.until("SignCertificate"))["csr"].encode())
        assert request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == CP
        leaf = issue(key, root.subject, request.public_key(), request.subject)
        chain = {"certificateChain": pem(leaf) + pem(root)}
        assert await csms.call(CP, "CertificateSigned", chain) == {"status": "Accepted"}
        assert len(station.certificates.chain) == 2


async def test_a_foreign_certificate_is_rejected_and_reported(csms: FakeCsms, autojump_clock):
    _, root = authority()
    async with booted(csms):
        answer = await csms.call(CP, "CertificateSigned", {"certificateChain": pem(root)})
        assert answer == {"status": "Rejected"}
        assert (await csms.until("SecurityEventNotification"))["type"] == "InvalidChargePointCertificate"


async def test_signed_firmware(csms: FakeCsms, autojump_clock):
    _, root = authority()
    firmware = {
        "location": "https://host/fw.bin",
        "retrieveDateTime": to_wire(NOON),
        "signingCertificate": pem(root),
        "signature": "c2ln",
    }
    async with booted(csms):
        answer = await csms.call(CP, "SignedUpdateFirmware", {"requestId": 3, "firmware": firmware})
        assert answer == {"status": "Accepted"}
        await csms.until("SignedFirmwareStatusNotification", 6)
        told = [(p["requestId"], p["status"]) for p in csms.payloads("SignedFirmwareStatusNotification")]
        assert [status for _, status in told] == [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
        bad = {"requestId": 4, "firmware": {**firmware, "signingCertificate": "x"}}
        assert await csms.call(CP, "SignedUpdateFirmware", bad) == {"status": "InvalidCertificate"}
        event = await csms.until("SecurityEventNotification")
        assert event["type"] == "InvalidFirmwareSigningCertificate"
