"""The friendly commands, from the operator's words to the station's wire and back."""

from decimal import Decimal
from typing import Any

import pytest
import trio
import trio.testing

from csms.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unsupported
from csms.services import commands, tenants, verbs
from csms.services.access import LOCAL_OPERATOR, Caller, Role
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import CallError, Station

PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"


async def order(csms: Appliance, verb: str, *, station: str | None = "CP1", **more: Any) -> dict[str, Any]:
    options = {k: more.pop(k) for k in ("force", "wait_s", "timeout_s", "tenant") if k in more}
    done: dict[str, Any] = await csms.verb(
        "station.command", station=station, verb=verb, args=more, **options
    )
    return done


def tell(station: Station, **settings: str) -> None:
    """Let a station answer GetConfiguration with these keys."""

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        wanted = payload.get("key", list(settings))
        return {
            "configurationKey": [
                {"key": k, "readonly": False, "value": settings[k]} for k in wanted if k in settings
            ],
            "unknownKey": [k for k in wanted if k not in settings],
        }

    station.answers["GetConfiguration"] = answer


def sent(station: Station, action: str) -> list[dict[str, Any]]:
    return [payload for name, payload in station.asked if name == action]


async def test_reset_is_done_when_the_station_has_booted_again(csms: Appliance, station: Station) -> None:
    async with trio.open_nursery() as nursery:
        found: list[dict[str, Any]] = []

        async def reset() -> None:
            found.append(await order(csms, "reset", kind="hard", wait_s=60))

        nursery.start_soon(reset)
        assert await station.until_asked("Reset") == {"type": "Hard"}
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert found == []
        await station.call("BootNotification", payloads.boot())
    assert (found[0]["outcome"], found[0]["followedBy"]) == ("DONE", "booted")


async def test_without_wait_an_accepted_reset_is_pending(csms: Appliance, station: Station) -> None:
    done = await order(csms, "reset")
    assert (done["status"], done["outcome"], done["response"]) == (
        "ANSWERED",
        "PENDING",
        {"status": "Accepted"},
    )


async def test_a_start_ends_with_the_transaction_that_followed(csms: Appliance, station: Station) -> None:
    async with trio.open_nursery() as nursery:

        async def charge() -> None:
            payload = await station.until_asked("RemoteStartTransaction")
            assert payload == {"idTag": "TAG1", "connectorId": 2}
            await station.call("StartTransaction", payloads.start(connectorId=2))

        nursery.start_soon(charge)
        done = await order(csms, "start", id_token="tag1", evse_id=2, wait_s=60)
    [transaction] = await csms.transactions()
    assert done["outcome"] == "DONE"
    assert done["detail"] == {"transactionId": transaction["ocppId"]}
    assert transaction["remoteCommandId"] == done["commandId"]


async def test_a_start_that_nothing_follows_times_out(csms: Appliance, station: Station) -> None:
    async with trio.open_nursery() as nursery:
        found: list[dict[str, Any]] = []

        async def start() -> None:
            found.append(await order(csms, "start", id_token="TAG1", wait_s=3600))

        nursery.start_soon(start)
        await station.until_asked("RemoteStartTransaction")
        await trio.testing.wait_all_tasks_blocked(0.05)
        csms.clock.forward(minutes=4)
        await csms.unit.run(commands.expire)
    assert (found[0]["outcome"], found[0]["detail"]) == ("TIMED_OUT", {})


async def test_waiting_ends_with_its_time_and_the_command_stays_open(
    csms: Appliance, station: Station
) -> None:
    done = await order(csms, "start", id_token="TAG1", wait_s=0.05)
    assert done["outcome"] == "PENDING"
    [kept] = await csms.verb("station.commands", station="CP1")
    assert kept["outcome"] == "PENDING"


@pytest.mark.parametrize(
    ("token", "error", "why"),
    [
        ({"uid": "BAD", "blocked": True}, Conflict, "BAD is blocked"),
        ({"uid": "BAD", "expires_at": "2026-01-01T00:00:00Z"}, Conflict, "BAD has expired"),
        (None, NotFound, "csms token add BAD"),
    ],
)
async def test_a_start_says_why_the_token_would_be_refused(
    csms: Appliance, station: Station, token: dict[str, Any] | None, error: type[Exception], why: str
) -> None:
    if token is not None:
        await csms.verb("token.add", **token)
    with pytest.raises(error, match=why):
        await order(csms, "start", id_token="BAD")
    assert station.asked == []
    await order(csms, "start", id_token="BAD", force=True)
    assert station.asked == [("RemoteStartTransaction", {"idTag": "BAD"})]


async def test_a_start_says_that_the_token_charges_already(csms: Appliance, station: Station) -> None:
    await csms.verb("token.add", uid="ONCE", max_active=1)
    await station.call("StartTransaction", payloads.start(idTag="ONCE"))
    with pytest.raises(Conflict, match="as often as it may"):
        await order(csms, "start", id_token="ONCE", evse_id=2)


async def test_a_stop_takes_either_id_and_waits_for_the_stop(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", payloads.start()))["transactionId"]
    [transaction] = await csms.transactions()
    await order(csms, "stop", transaction=transaction["id"])
    async with trio.open_nursery() as nursery:

        async def end() -> None:
            await trio.testing.wait_all_tasks_blocked(0.05)
            await station.call("StopTransaction", payloads.stop(tid, reason="Remote"))

        nursery.start_soon(end)
        done = await order(csms, "stop", transaction=str(tid), wait_s=60, station=None)
    assert sent(station, "RemoteStopTransaction") == [{"transactionId": tid}] * 2
    assert (done["stationId"], done["outcome"]) == ("CP1", "DONE")
    assert done["followedBy"] == "transaction stopped: Remote"


async def test_a_stop_of_what_does_not_run_here_is_refused(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", payloads.start()))["transactionId"]
    await csms.verb("station.add", station_id="CP2")
    with pytest.raises(NotFound, match="at station CP1"):
        await order(csms, "stop", transaction=str(tid), station="CP2")
    with pytest.raises(NotFound, match="no transaction 12"):
        await order(csms, "stop", transaction="12")
    await station.call("StopTransaction", payloads.stop(tid))
    with pytest.raises(Conflict, match="has ended"):
        await order(csms, "stop", transaction=str(tid))
    assert station.asked == []
    await order(csms, "stop", transaction=str(tid), force=True)
    assert station.asked == [("RemoteStopTransaction", {"transactionId": tid})]


async def test_availability_is_remembered_as_wanted(csms: Appliance, station: Station) -> None:
    station.answers["ChangeAvailability"] = {"status": "Scheduled"}
    done = await order(csms, "availability", available=False, evse_id=2)
    assert done["outcome"] == "PENDING"
    station.answers["ChangeAvailability"] = {"status": "Rejected"}
    assert (await order(csms, "availability", available=False, evse_id=1))["outcome"] == "REFUSED"
    intents = {evse: c["availableIntent"] for evse, c in (await csms.connectors()).items()}
    assert intents == {0: True, 1: True, 2: False}


async def test_a_limit_is_a_charging_profile_from_midnight(csms: Appliance, station: Station) -> None:
    tell(station, SupportedFeatureProfiles=PROFILES)
    await order(csms, "limit", amps="16.55")
    await order(csms, "limit", amps=6, evse_id=1, duration_s=600)
    await order(csms, "limit.clear", evse_id=1)
    whole, one = sent(station, "SetChargingProfile")
    schedule = whole["csChargingProfiles"]["chargingSchedule"]
    assert schedule["startSchedule"] == "2026-03-02T00:00:00.000Z"
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16.5}]
    timed = one["csChargingProfiles"]["chargingSchedule"]
    assert (timed["startSchedule"], timed["duration"]) == ("2026-03-02T12:00:00.000Z", 600)
    assert sent(station, "ClearChargingProfile") == [
        {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    ]


async def test_profiles_are_asked_for_once_and_obeyed(csms: Appliance, station: Station) -> None:
    tell(station, SupportedFeatureProfiles="Core,Reservation")
    with pytest.raises(Unsupported, match="SmartCharging"):
        await order(csms, "limit", amps=6)
    with pytest.raises(Unsupported, match="SmartCharging"):
        await order(csms, "limit", amps=6)
    assert [action for action, _ in station.asked] == ["GetConfiguration"]
    await csms.verb("station.call", station="CP1", action="ClearChargingProfile", payload={})
    assert [action for action, _ in station.asked] == ["GetConfiguration", "ClearChargingProfile"]


async def test_an_action_answered_not_implemented_is_replaced_and_never_sent_again(
    csms: Appliance, station: Station
) -> None:
    tell(station, SupportedFeatureProfiles=PROFILES, SecurityProfile="1")
    await order(csms, "config.get", names=["SecurityProfile"])
    station.answers["GetLog"] = CallError("NotImplemented", "no such action", {})
    for _ in range(2):
        done = await order(csms, "log", url="https://files.example/log")
        assert (done["action"], done["outcome"]) == ("GetDiagnostics", "PENDING")
    assert [len(sent(station, action)) for action in ("GetLog", "GetDiagnostics")] == [1, 2]
    with pytest.raises(Unsupported, match="does not know GetLog"):
        await order(csms, "log", url="https://files.example/log", kind="security")


async def test_what_new_firmware_or_a_call_shows_is_believed(csms: Appliance, station: Station) -> None:
    station.answers["ClearCache"] = CallError("NotSupported", "", {})
    assert (await order(csms, "cache.clear"))["status"] == "ERROR"
    del station.answers["ClearCache"]
    with pytest.raises(Unsupported):
        await order(csms, "cache.clear")
    await csms.verb("station.call", station="CP1", action="ClearCache", payload={})
    assert (await order(csms, "cache.clear"))["outcome"] == "DONE"
    station.answers["ClearCache"] = CallError("NotImplemented", "", {})
    await order(csms, "cache.clear")
    del station.answers["ClearCache"]
    await station.call("BootNotification", payloads.boot(firmwareVersion="9.9"))
    assert (await order(csms, "cache.clear"))["outcome"] == "DONE"


async def test_another_error_excludes_nothing(csms: Appliance, station: Station) -> None:
    station.answers["ClearCache"] = CallError("InternalError", "", {})
    done = await order(csms, "cache.clear")
    assert (done["status"], done["outcome"]) == ("ERROR", "FAILED")
    assert "InternalError" in done["error"]
    assert len(sent(station, "ClearCache")) == 1
    del station.answers["ClearCache"]
    assert (await order(csms, "cache.clear"))["outcome"] == "DONE"


async def test_reservations_are_numbered_per_station(csms: Appliance, station: Station) -> None:
    tell(station, SupportedFeatureProfiles=PROFILES)
    await csms.verb(
        "station.call",
        station="CP1",
        action="ReserveNow",
        payload={"connectorId": 1, "expiryDate": "2026-03-02T13:00:00Z", "idTag": "TAG1", "reservationId": 2},
    )
    for _ in range(2):
        await order(csms, "reserve", id_token="tag1", evse_id=1)
    first, second = sent(station, "ReserveNow")[1:]
    assert [first["reservationId"], second["reservationId"]] == [1, 3]
    assert first["idTag"] == "TAG1"
    assert first["parentIdTag"] == "FLEET"
    assert first["expiryDate"] == "2026-03-02T12:30:00.000Z"
    await order(csms, "cancel", id=3)
    kept = await csms.rows("SELECT id, status FROM reservations ORDER BY id")
    assert [(row["id"], row["status"]) for row in kept] == [(1, "ACTIVE"), (2, "ACTIVE"), (3, "CANCELLED")]


async def test_a_refused_reservation_is_not_kept(csms: Appliance, station: Station) -> None:
    tell(station, SupportedFeatureProfiles=PROFILES)
    station.answers["ReserveNow"] = {"status": "Occupied"}
    done = await order(csms, "reserve", id_token="TAG1", evse_id=1)
    assert (done["outcome"], done["response"]) == ("REFUSED", {"status": "Occupied"})
    assert await csms.rows("SELECT id FROM reservations") == []


async def test_settings_are_read_in_parts_and_named_when_unknown(csms: Appliance, station: Station) -> None:
    tell(station, GetConfigurationMaxKeys="2", A="1", B="2", C="3")
    await order(csms, "config.get", names=["GetConfigurationMaxKeys"])
    done = await order(csms, "config.get", names=["A", "b", "X", "C", "D"])
    assert [p["key"] for p in sent(station, "GetConfiguration")[1:]] == [["A", "b"], ["X", "C"], ["D"]]
    assert [entry["name"] for entry in done["detail"]["settings"]] == ["A", "C"]
    assert done["detail"]["unknown"] == ["b", "X", "D"]


async def test_a_setting_is_read_again_after_it_was_written(csms: Appliance, station: Station) -> None:
    tell(station, HeartbeatInterval="900")
    done = await order(csms, "config.set", name="HeartbeatInterval", value="30")
    assert done["outcome"] == "DONE"
    assert done["detail"]["settings"] == [{"name": "HeartbeatInterval", "value": "900", "readonly": False}]
    [shown] = await csms.verb("station.config", station="CP1")
    assert shown["value"] == "900"
    station.answers["ChangeConfiguration"] = {"status": "Rejected"}
    assert (await order(csms, "config.set", name="HeartbeatInterval", value="x"))["outcome"] == "REFUSED"
    assert len(sent(station, "GetConfiguration")) == 1


async def test_firmware_and_log_end_with_what_the_station_reports(csms: Appliance, station: Station) -> None:
    tell(station, SupportedFeatureProfiles=PROFILES)
    station.answers["UpdateFirmware"] = {}
    station.answers["GetDiagnostics"] = {"fileName": "cp1.log"}
    done = await order(csms, "firmware", url="ftp://files.example/fw.bin")
    assert done["outcome"] == "PENDING"
    await order(csms, "log", url="https://files.example/log")
    await station.call("FirmwareStatusNotification", {"status": "Downloading"})
    await station.call("FirmwareStatusNotification", {"status": "InstallationFailed"})
    await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    ends = {
        c["action"]: (c["outcome"], c["followedBy"])
        for c in await csms.verb("station.commands", station="CP1")
    }
    assert ends["UpdateFirmware"] == ("FAILED", "InstallationFailed")
    assert ends["GetDiagnostics"] == ("DONE", "Uploaded")


async def test_a_station_that_is_away_or_silent(csms: Appliance, station: Station) -> None:
    station.answers["Reset"] = None
    done = await order(csms, "reset", timeout_s=0.05)
    assert (done["status"], done["outcome"]) == ("TIMEOUT", "TIMED_OUT")
    await station.drop()
    done = await order(csms, "limit", amps=6)
    assert (done["status"], done["outcome"], done["error"]) == (
        "OFFLINE",
        "FAILED",
        "the station is not connected",
    )


@pytest.mark.parametrize(
    ("verb", "args", "why"),
    [
        ("fly", {}, "no command 'fly'; there are reset, unlock"),
        ("reset", {"kind": "medium"}, "medium"),
        ("reset", {"evse": 1}, "unknown argument evse; there are evse_id, kind"),
        ("unlock", {}, "evse_id"),
        ("limit", {"amps": -1}, "0 A or more"),
        ("limit", {"amps": 1, "phases": 4}, "phases"),
        ("firmware", {"url": "files.example/fw"}, "not an address"),
        ("firmware", {"url": "ftp://a/b", "retrieve_at": "2026-03-02T12:00:00"}, "needs its zone"),
        ("reserve", {"id_token": "TAG1", "expires_at": "2026-03-02T11:00:00Z"}, "in the future"),
    ],
)
async def test_what_cannot_be_meant_is_invalid(
    csms: Appliance, station: Station, verb: str, args: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        await order(csms, verb, **args)
    assert station.asked == []


async def test_every_command_is_audited_and_needs_permission(csms: Appliance, station: Station) -> None:
    await order(csms, "unlock", evse_id=1)
    [entry] = [e for e in await csms.verb("audit.list") if e["action"] == "station.call"]
    assert entry["subject"] == "CP1"
    assert entry["detail"] == {"action": "UnlockConnector", "verb": "unlock"}
    viewer = Caller("v", Role.VIEWER, None, "test")
    with pytest.raises(NotAllowed):
        await verbs.perform(
            "station.command", {"station": "CP1", "verb": "reset"}, viewer, csms.unit, csms.house
        )


async def test_a_tenant_reaches_only_its_own_stations(csms: Appliance, station: Station) -> None:
    tid = (await station.call("StartTransaction", payloads.start()))["transactionId"]
    other = await csms.unit.run(lambda tx: tenants.add(tx, LOCAL_OPERATOR, name="other"))
    caller = Caller("o", Role.OPERATOR, other.id, "test")
    for args in ({"station": "CP1", "verb": "reset"}, {"verb": "stop", "args": {"transaction": str(tid)}}):
        with pytest.raises(NotFound):
            await verbs.perform("station.command", args, caller, csms.unit, csms.house)
    assert station.asked == []


async def test_a_limited_start_bounds_this_charge(csms: Appliance, station: Station) -> None:
    await order(csms, "start", id_token="TAG1", limit_a=Decimal("8"))
    [payload] = sent(station, "RemoteStartTransaction")
    profile = payload["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile
