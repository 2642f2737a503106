"""Every command of ours in OCPP 1.6, against the standard's own schemas."""

import typing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from csms.errors import InvalidInput, Unsupported
from csms.model import security_command as safety
from csms.model import station_command as ask
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfilePurpose,
    ProfileScope,
    RateUnit,
    SchedulePeriod,
)
from csms.model.device_command import DeviceCommand, GetReport
from csms.model.file_command import LogKind, UpdateFirmware, UploadLog
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.station_command import Abilities, ListUpdate, ResetKind, Trigger
from csms.model.station_security import CertificateUse
from csms.ocpp import schemas
from csms.ocpp.v16.abilities import FEATURE_PROFILES, bounds, first_ask
from csms.ocpp.v16.commands import COMMANDS, translate
from csms.ocpp.v16.routes import OUTBOUND

AT = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
URL = "https://files.example/a"
TRIGGER, EXTENDED, VERSION = "TriggerMessage", "ExtendedTriggerMessage", "GetLocalListVersion"
ACCEPTED = Authorization(AuthorizationStatus.ACCEPTED, AT, "FLEET")


def known(lacks: tuple[str, ...] = (), **settings: str) -> Abilities:
    return Abilities({name.casefold(): value for name, value in settings.items()}, frozenset(lacks))


def profile(number: int, purpose: str, kind: str, schedule: dict[str, Any]) -> dict[str, Any]:
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }


def amps(limit: float, **more: Any) -> dict[str, Any]:
    period = {"startPeriod": 0, "limit": limit} | more
    return {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}


PROFILE = ChargingProfile(
    id=7,
    evse_id=1,
    purpose=ProfilePurpose.TX,
    stack_level=2,
    kind=ProfileKind.RELATIVE,
    schedules=(
        ChargingSchedule(
            RateUnit.AMPS,
            (SchedulePeriod(0, Decimal("16.3"), 1), SchedulePeriod(60, Decimal(8))),
            duration_s=3600,
        ),
    ),
    transaction_id="33",
)

HASH_DATA = {
    "hashAlgorithm": "SHA256", "issuerNameHash": "a" * 64, "issuerKeyHash": "b" * 64, "serialNumber": "1"
}  # fmt: skip
SAID: list[tuple[Any, str, dict[str, Any]]] = [
    (ask.Reset(), "Reset", {"type": "Soft"}),
    (ask.Reset(ResetKind.HARD), "Reset", {"type": "Hard"}),
    (ask.UnlockConnector(2), "UnlockConnector", {"connectorId": 2}),
    (ask.StartTransaction("TAG1"), "RemoteStartTransaction", {"idTag": "TAG1"}),
    (
        ask.StartTransaction("TAG1", 2, Decimal("10.06")),
        "RemoteStartTransaction",
        {
            "idTag": "TAG1",
            "connectorId": 2,
            "chargingProfile": profile(899_999, "TxProfile", "Relative", amps(10.0)),
        },
    ),
    (ask.StopTransaction("7"), "RemoteStopTransaction", {"transactionId": 7}),
    (ask.ChangeAvailability(True), "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    (ask.ChangeAvailability(False, 1), "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
    (ask.TriggerMessage(Trigger.STATUS, 1), TRIGGER, {"connectorId": 1, "requestedMessage": "StatusNotification"}),
    (ask.TriggerMessage(Trigger.LOG_STATUS), TRIGGER, {"requestedMessage": "DiagnosticsStatusNotification"}),
    (
        ask.TriggerMessage(Trigger.SIGN_CERTIFICATE),
        "ExtendedTriggerMessage",
        {"requestedMessage": "SignChargePointCertificate"},
    ),
    (ask.GetSettings(), "GetConfiguration", {}),
    (ask.GetSettings(("A", "B")), "GetConfiguration", {"key": ["A", "B"]}),
    (ask.SetSetting("A", "1"), "ChangeConfiguration", {"key": "A", "value": "1"}),
    (
        ask.LimitCurrent(Decimal("16.28"), AT),
        "SetChargingProfile",
        {
            "connectorId": 0,
            "csChargingProfiles": profile(
                900_000,
                "ChargePointMaxProfile",
                "Absolute",
                amps(16.2) | {"startSchedule": "2026-03-02T12:30:00.000Z"},
            ),
        },
    ),
    (
        ask.LimitCurrent(Decimal(6), AT, 2, phases=1),
        "SetChargingProfile",
        {
            "connectorId": 2,
            "csChargingProfiles": profile(900_002, "TxDefaultProfile", "Relative", amps(6.0, numberPhases=1)),
        },
    ),
    (
        ask.LimitCurrent(Decimal(6), AT, 2, duration_s=600),
        "SetChargingProfile",
        {
            "connectorId": 2,
            "csChargingProfiles": profile(
                900_002,
                "TxDefaultProfile",
                "Absolute",
                amps(6.0) | {"duration": 600, "startSchedule": "2026-03-02T12:30:00.000Z"},
            ),
        },
    ),
    (
        ask.ClearLimit(),
        "ClearChargingProfile",
        {"connectorId": 0, "chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 0},
    ),
    (
        ask.ClearLimit(3),
        "ClearChargingProfile",
        {"connectorId": 3, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0},
    ),
    (ask.GetCompositeSchedule(1, 60), "GetCompositeSchedule", {"connectorId": 1, "duration": 60}),
    (
        ask.GetCompositeSchedule(1, 60, RateUnit.WATTS),
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"},
    ),
    (
        ask.SetChargingProfile(PROFILE),
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 7,
                "stackLevel": 2,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Relative",
                "transactionId": 33,
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "duration": 3600,
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16.3, "numberPhases": 1},
                        {"startPeriod": 60, "limit": 8.0},
                    ],
                },
            },
        },
    ),
    (ask.ClearChargingProfiles(ProfileScope(ids=(7,))), "ClearChargingProfile", {"id": 7}),
    (
        ask.ClearChargingProfiles(ProfileScope((), 0, ProfilePurpose.STATION_MAX, 1)),
        "ClearChargingProfile",
        {"connectorId": 0, "chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 1},
    ),
    (ask.ClearChargingProfiles(ProfileScope()), "ClearChargingProfile", {}),
    (
        UpdateFirmware(URL, AT, retries=2, retry_interval_s=9),
        "UpdateFirmware",
        {"location": URL, "retrieveDate": "2026-03-02T12:30:00.000Z", "retries": 2, "retryInterval": 9},
    ),
    (UploadLog(5, URL), "GetDiagnostics", {"location": URL}),
    (
        UploadLog(5, URL, LogKind.SECURITY, latest_at=AT),
        "GetLog",
        {
            "logType": "SecurityLog",
            "requestId": 5,
            "log": {"remoteLocation": URL, "latestTimestamp": "2026-03-02T12:30:00.000Z"},
        },
    ),
    (
        ask.ReserveNow(4, "TAG1", AT, 1, "A group with a name too long for CiString20"),
        "ReserveNow",
        {
            "connectorId": 1,
            "expiryDate": "2026-03-02T12:30:00.000Z",
            "idTag": "TAG1",
            "parentIdTag": "A group with a name ",
            "reservationId": 4,
        },
    ),
    (ask.CancelReservation(4), "CancelReservation", {"reservationId": 4}),
    (
        ask.SendLocalList(3, ListUpdate.DIFFERENTIAL, (ask.ListEntry("A", ACCEPTED), ask.ListEntry("B", None))),
        "SendLocalList",
        {
            "listVersion": 3,
            "updateType": "Differential",
            "localAuthorizationList": [
                {
                    "idTag": "A",
                    "idTagInfo": {
                        "status": "Accepted",
                        "expiryDate": "2026-03-02T12:30:00.000Z",
                        "parentIdTag": "FLEET",
                    },
                },
                {"idTag": "B"},
            ],
        },
    ),
    (ask.SendLocalList(1, ListUpdate.FULL, ()), "SendLocalList", {"listVersion": 1, "updateType": "Full"}),
    (ask.GetLocalListVersion(), "GetLocalListVersion", {}),
    (ask.ClearCache(), "ClearCache", {}),
    (ask.SetSettings((ask.SetSetting("K", "v"),)), "ChangeConfiguration", {"key": "K", "value": "v"}),
    (ask.DataTransfer("org.example", data="x"), "DataTransfer", {"vendorId": "org.example", "data": "x"}),
    (
        UpdateFirmware(URL, AT, number=8, signature="c2ln", signing_certificate="PEM", install_at=AT),
        "SignedUpdateFirmware",
        {
            "requestId": 8,
            "firmware": {
                "location": URL,
                "retrieveDateTime": "2026-03-02T12:30:00.000Z",
                "installDateTime": "2026-03-02T12:30:00.000Z",
                "signingCertificate": "PEM",
                "signature": "c2ln",
            },
        },
    ),
    (safety.CertificateSigned("PEM"), "CertificateSigned", {"certificateChain": "PEM"}),
    (
        safety.InstallCertificate(CertificateUse.CSMS_ROOT, "PEM"),
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": "PEM"},
    ),
    (safety.DeleteCertificate(HASH_DATA), "DeleteCertificate", {"certificateHashData": HASH_DATA}),
    (
        safety.GetInstalledCertificates(CertificateUse.MANUFACTURER_ROOT),
        "GetInstalledCertificateIds",
        {"certificateType": "ManufacturerRootCertificate"},
    ),
    (safety.SetOrganization("Operator"), "ChangeConfiguration", {"key": "CpoName", "value": "Operator"}),
    (
        safety.SetPassword("0123456789abcdef"),
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": b"0123456789abcdef".hex()},
    ),
    (safety.SetSecurityProfile(2), "ChangeConfiguration", {"key": "SecurityProfile", "value": "2"}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "action", "payload"), SAID, ids=lambda value: type(value).__name__)
def test_each_command_is_said_as_the_standard_wants(
    command: Any, action: str, payload: dict[str, Any]
) -> None:
    assert translate(command, known()) == (action, payload)
    assert schemas.validate("1.6", action, "request", payload) is None


def test_every_command_has_a_row_or_a_reason_to_have_none() -> None:
    tried = {type(command) for command, _, _ in SAID}
    assert tried == set(COMMANDS)
    every = set(typing.get_args(ask.StationCommand))
    assert set(typing.get_args(DeviceCommand)) <= every - set(COMMANDS)
    with pytest.raises(Unsupported, match=r"OCPP 1.6 has no reports"):
        translate(GetReport(), known())


def test_the_optional_actions_are_actions() -> None:
    assert set(FEATURE_PROFILES) <= set(OUTBOUND)


@pytest.mark.parametrize("tenths", [0, 1, 81, 163, 163_00, 99_999])
def test_limits_are_multiples_of_a_tenth(tenths: int) -> None:
    action, payload = translate(ask.LimitCurrent(Decimal(tenths) / 10, AT), known())
    assert schemas.validate("1.6", action, "request", payload) is None


def test_a_station_that_knows_only_power_is_told_watts() -> None:
    _, payload = translate(
        ask.LimitCurrent(Decimal(10), AT, 1, phases=1), known(ChargingScheduleAllowedChargingRateUnit="Power")
    )
    schedule = payload["csChargingProfiles"]["chargingSchedule"]
    assert schedule["chargingRateUnit"] == "W"
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 2300.0


@pytest.mark.parametrize(
    ("command", "abilities", "action"),
    [
        (ask.TriggerMessage(Trigger.BOOT), known(("TriggerMessage",)), "ExtendedTriggerMessage"),
        (ask.TriggerMessage(Trigger.BOOT), known(SupportedFeatureProfiles="Core"), "ExtendedTriggerMessage"),
        (ask.TriggerMessage(Trigger.LOG_STATUS), known(SecurityProfile="1"), "ExtendedTriggerMessage"),
        (UploadLog(1, URL), known(SecurityProfile="1"), "GetLog"),
        (UploadLog(1, URL), known(("GetLog",), SecurityProfile="1"), "GetDiagnostics"),
        (UploadLog(1, URL), known(("GetDiagnostics",)), "GetLog"),
        (UploadLog(1, URL), known(SupportedFeatureProfiles="Core,Reservation"), "GetLog"),
        (ask.GetLocalListVersion(), known(SupportedFeatureProfiles="core, local-auth list management"), VERSION),
    ],
)  # fmt: skip
def test_the_first_action_that_the_station_knows_is_taken(
    command: Any, abilities: Abilities, action: str
) -> None:
    assert translate(command, abilities)[0] == action


@pytest.mark.parametrize(
    ("command", "abilities", "why"),
    [
        (ask.ClearLimit(), known(SupportedFeatureProfiles="Core"), "SmartCharging.*are Core.*csms station call"),
        (ask.ClearCache(), known(("ClearCache",)), "does not know ClearCache"),
        (ask.TriggerMessage(Trigger.BOOT), known((TRIGGER, EXTENDED)), "TriggerMessage; .*Extended"),
        (ask.TriggerMessage(Trigger.SIGN_CERTIFICATE), known(("ExtendedTriggerMessage",)), "ExtendedTriggerMessage"),
        (ask.ReserveNow(1, "TAG1", AT), known(ReserveConnectorZeroSupported="false"), "by its number"),
    ],
)  # fmt: skip
def test_what_a_station_does_not_know_is_not_sent(command: Any, abilities: Abilities, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        translate(command, abilities)


@pytest.mark.parametrize(
    "command",
    [
        ask.StartTransaction("123456789012345678901"),
        ask.StartTransaction("TAG1", 0),
        ask.UnlockConnector(0),
        ask.StopTransaction("a-2.0.1-id"),
    ],
)
def test_what_ocpp_16_cannot_say_is_invalid(command: Any) -> None:
    with pytest.raises(InvalidInput, match=r"OCPP 1\.6"):
        translate(command, known())


def test_bounds_are_the_reported_ones() -> None:
    told = bounds(
        known(SendLocalListMaxLength="20", LocalAuthListMaxLength="0", GetConfigurationMaxKeys=" 5 ")
    )
    assert (told.list_entries_per_message, told.list_entries, told.settings_per_message) == (20, None, 5)
    assert told.id_token_characters == 20


def test_profiles_are_asked_for_before_an_optional_action_only() -> None:
    question = first_ask("SetChargingProfile", known())
    assert question is not None
    assert "SupportedFeatureProfiles" in question.names
    assert first_ask("Reset", known()) is None
    assert first_ask("SetChargingProfile", known(SupportedFeatureProfiles="")) is None
