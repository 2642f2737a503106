"""Passwords of stations: changed by the operator, changed through the station, and every way that can break off."""

from typing import Any

import pytest

from csms.services import admission
from csms.services.admission import Claim, Denied
from tests.ocpp.station import basic
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import CallError, Station

OLD = "first-Password-of-CP9"
RAW = bytes(range(240, 256)) + b":\x00"
NEW = RAW.hex()


@pytest.fixture
async def secured(csms: Appliance) -> Station:
    """CP9 of security profile 1, connected and booted with its first password."""
    await csms.verb("station.add", station_id="CP9", password=OLD)
    return await connect(csms, OLD.encode())


async def connect(csms: Appliance, password: bytes) -> Station:
    connected = await csms.station("CP9", Authorization=basic(b"CP9:" + password))
    await connected.call("BootNotification", payloads.boot())
    return connected


async def opens(csms: Appliance, password: bytes) -> bool:
    """Whether a password would open the door; looking changes nothing."""
    claim = Claim("CP9", None, b"CP9:" + password, False, {})
    return not isinstance(await csms.unit.read(lambda tx: admission.admit(tx, claim)), Denied)


async def change(csms: Appliance, value: str = NEW, **more: Any) -> dict[str, Any]:
    payload = {"key": "AuthorizationKey", "value": value}
    done: dict[str, Any] = await csms.verb(
        "station.call", station="CP9", action="ChangeConfiguration", payload=payload, **more
    )
    return done


async def test_an_operators_password_counts_at_once_and_closes_nothing(
    csms: Appliance, secured: Station
) -> None:
    made = await csms.verb("station.password", station="CP9")
    assert not await opens(csms, OLD.encode())
    assert await opens(csms, made["password"].encode())
    await secured.call("Heartbeat")
    assert not secured.ended.is_set()


async def test_accepted_refuses_the_old_password_at_once(csms: Appliance, secured: Station) -> None:
    done = await change(csms)
    assert secured.asked == [("ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW})]
    assert done["outcome"] == "DONE"
    assert not await opens(csms, OLD.encode())
    for form in (RAW, NEW.encode(), NEW.upper().encode()):
        assert await opens(csms, form)
    await connect(csms, RAW)


async def test_a_text_that_is_no_hex_is_the_password_itself(csms: Appliance, secured: Station) -> None:
    await change(csms, "a plain Password, 21c")
    assert await opens(csms, b"a plain Password, 21c")


@pytest.mark.parametrize(
    "answer", [{"status": "Rejected"}, {"status": "NotSupported"}, CallError("NotImplemented", "", {})]
)
async def test_a_refusal_keeps_the_old_password_alone(csms: Appliance, secured: Station, answer: Any) -> None:
    secured.answers["ChangeConfiguration"] = answer
    await change(csms)
    assert await opens(csms, OLD.encode())
    assert not await opens(csms, RAW)


@pytest.mark.parametrize("answer", [None, CallError("InternalError", "", {}), {"status": "RebootRequired"}])
async def test_without_a_clear_answer_the_first_use_of_the_new_one_settles_it(
    csms: Appliance, secured: Station, answer: Any
) -> None:
    secured.answers["ChangeConfiguration"] = answer
    await change(csms, timeout_s=0.05)
    await connect(csms, OLD.encode())
    assert await opens(csms, RAW)
    assert await opens(csms, OLD.encode())
    await connect(csms, RAW)
    assert not await opens(csms, OLD.encode())
    assert await opens(csms, RAW)


async def test_a_station_that_uses_the_new_password_before_its_answer_arrives(
    csms: Appliance, secured: Station
) -> None:
    async def reconnect_first(_: Any) -> dict[str, Any]:
        await connect(csms, RAW)
        return {"status": "Accepted"}

    secured.answers["ChangeConfiguration"] = lambda payload: reconnect_first(payload)
    done = await change(csms)
    assert done["status"] == "OFFLINE"
    assert await opens(csms, RAW)
    assert not await opens(csms, OLD.encode())
    await secured.ended.wait()


async def test_a_crash_between_the_answer_and_its_commit_locks_nobody_out(
    csms: Appliance, secured: Station
) -> None:
    csms.nursery.start_soon(change, csms)
    secured.answers["ChangeConfiguration"] = None
    await secured.until_asked("ChangeConfiguration")
    heir = await csms.restarted()
    assert await opens(heir, OLD.encode())
    await connect(heir, RAW)
    assert not await opens(heir, OLD.encode())


async def test_what_was_never_sent_changes_nothing(csms: Appliance, secured: Station) -> None:
    await secured.drop()
    assert (await change(csms))["status"] == "OFFLINE"
    assert await opens(csms, OLD.encode())
    assert not await opens(csms, RAW)


async def test_an_operators_password_ends_a_change_that_was_open(csms: Appliance, secured: Station) -> None:
    secured.answers["ChangeConfiguration"] = None
    await change(csms, timeout_s=0.05)
    made = await csms.verb("station.password", station="CP9")
    assert not await opens(csms, RAW)
    assert await opens(csms, made["password"].encode())


async def test_of_two_changes_the_one_the_station_took_counts(csms: Appliance, secured: Station) -> None:
    secured.answers["ChangeConfiguration"] = None
    await change(csms, timeout_s=0.05)
    secured.answers["ChangeConfiguration"] = {"status": "Accepted"}
    await change(csms, "the second Password!")
    assert await opens(csms, b"the second Password!")
    assert not await opens(csms, RAW)
    assert not await opens(csms, OLD.encode())


async def test_the_password_is_written_nowhere(csms: Appliance, secured: Station) -> None:
    await change(csms)
    await csms.verb(
        "station.command", station="CP9", verb="config.set", args={"name": "authorizationkey", "value": NEW}
    )
    await csms.message_log.flush()
    for table in ("messages", "commands", "audit", "outbox", "station_settings", "stations"):
        assert NEW not in str(await csms.rows(f"SELECT * FROM {table}"))
