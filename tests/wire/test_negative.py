"""Every request of either version as frames that cannot be read, and with several faults at once.

The right CALLERROR comes back, the connection lives, and the database holds nothing that came of it. One fault at a
time is in test_invalid_payloads.py of each version; docs/reference/ocpp-negative.md counts them all.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from csms.ocpp.limits import Limits
from csms.ocpp.rpc import ErrorCode, Version, spelling
from tests.wire import test_invalid_payloads as v16
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC
from tests.wire.mutants import fits, mutants
from tests.wire.negative import ACTIONS, PAGE, page
from tests.wire.numberless import frames
from tests.wire.station import CallError, Station
from tests.wire.v201 import test_invalid_payloads as v201

EVERY = [(version, action) for version, actions in ACTIONS.items() for action in actions]
CHECK: dict[str, Callable[[Appliance, Any], Awaitable[None]]] = {"1.6": v16._check, "2.0.1": v201._check}
_PROPERTY = "PropertyConstraintViolation"
TABLES = ("transactions", "meter_values", "cdrs", "station_events", "commands", "reservations")


@pytest.fixture
def limits() -> Limits:
    """A station that may stammer as long as it likes."""
    return Limits(malformed_per_minute=100_000)


@pytest.fixture
def drawn(version: Version, action: str) -> tuple[dict[str, Any], ...]:
    """Payloads with several faults, drawn before anything runs."""
    return mutants(action, version)


async def _booted(csms: Appliance, version: str, *, strict: bool) -> Station:
    if version == "1.6":
        return await v16._booted(csms, strict=strict)
    return await v201._booted(csms, strict=strict)


@pytest.mark.parametrize(("version", "action"), EVERY)
@ARITHMETIC
async def test_frames_that_cannot_be_read(csms: Appliance, version: Version, action: str) -> None:
    station = await _booted(csms, version, strict=False)
    before = [await csms.rows(f"SELECT count(*) FROM {table}") for table in TABLES]
    broken = spelling(ErrorCode.FORMAT_VIOLATION, version)
    for kind, text in frames(action, version):
        await station.raw(text)
        answer = await station.stray()
        assert answer[:3] == [4, "n", broken], (kind, text, answer)
        assert (0 < len(answer[3]) <= 255, answer[4]) == (True, {})
    assert await csms.rows("SELECT count(*) AS n FROM messages WHERE note IS NULL AND action = 'n'") == [
        {"n": 0}
    ]
    assert [await csms.rows(f"SELECT count(*) FROM {table}") for table in TABLES] == before
    await CHECK[version](csms, station)


async def _said(station: Station, action: str, payload: dict[str, Any]) -> str:
    """Return the code of the refusal, or "" when it was taken."""
    try:
        await station.call(action, payload)
    except CallError as refusal:
        return f"{refusal.code}"
    return ""


@pytest.mark.parametrize(("version", "action"), EVERY)
@ARITHMETIC
async def test_several_faults_to_the_letter(
    drawn: tuple[dict[str, Any], ...], csms: Appliance, version: Version, action: str
) -> None:
    """What fits the schema is refused only for a number that no station can mean."""
    station = await _booted(csms, version, strict=True)
    codes = {spelling(code, version) for code in ErrorCode} - {"InternalError", "GenericError"}
    for payload in drawn:
        allowed = {"", _PROPERTY} if fits(action, version, payload) or action == "Heartbeat" else codes
        assert await _said(station, action, payload) in allowed, payload
    await CHECK[version](csms, station)


@pytest.mark.parametrize(("version", "action"), EVERY)
@ARITHMETIC
async def test_several_faults_leniently(
    drawn: tuple[dict[str, Any], ...], csms: Appliance, version: Version, action: str
) -> None:
    """What a lenient station says may be taken or refused, but never fails inside."""
    station = await _booted(csms, version, strict=False)
    codes = {spelling(code, version) for code in ErrorCode} - {"InternalError", "GenericError"}
    for payload in drawn:
        allowed = {"", _PROPERTY} if fits(action, version, payload) else {"", *codes}
        assert await _said(station, action, payload) in allowed, payload
    await CHECK[version](csms, station)


def test_the_page_counts_what_is_sent() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs"
