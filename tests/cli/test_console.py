"""What people see: lists that fit their terminal, and everything where a program reads."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from csms.cli import _console, audit, cdr, message, station, tenant, token, transaction
from tests.cli.conftest import Cli
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station as WireStation

LISTS = {
    "station": ("station.list", station.COLUMNS, station.SPARE),
    "transaction": ("transaction.list", transaction.COLUMNS, transaction.SPARE),
    "cdr": ("cdr.list", cdr.COLUMNS, cdr.SPARE),
    "message": ("message.list", message.COLUMNS, message.SPARE),
    "token": ("token.list", token.COLUMNS, ()),
    "tenant": ("tenant.list", tenant.COLUMNS, ("currency", "time zone")),
    "audit": ("audit.list", audit.COLUMNS, ("from",)),
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Print = Callable[..., list[str]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Print:
    """Return a function that prints rows to a terminal of a width and returns its lines."""

    def printed(width: int, rows: list[dict[str, Any]], columns: Any, spare: Any = ()) -> list[str]:
        out = Terminal()
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(width))
            patch.setenv("TERM", "xterm")
            patch.setenv("NO_COLOR", "1")
            patch.setattr(sys, "stdout", out)
            _console.print_table(rows, columns, empty="nothing", spare=spare)
        return [
            line.replace("\x1b[1m", "").replace("\x1b[0m", "").rstrip()
            for line in out.getvalue().splitlines()
        ]

    return printed


def headings(lines: list[str]) -> list[str]:
    return [heading.strip() for heading in lines[0].split("  ") if heading]


@pytest.fixture
async def busy(csms: Appliance, station: WireStation) -> Appliance:
    """An appliance with something in every list, long names included."""
    await csms.verb("station.add", station_id="DE*CSM*E0815*WITH-A-VERY-LONG-NAME-INDEED", connectors=6)
    await station.call("StatusNotification", payloads.status())
    for minutes in (0, 100):
        started = await station.call("StartTransaction", payloads.start(minutes, meterStart=minutes * 1000))
        stop = payloads.stop(started["transactionId"], minutes + 60, meterStop=minutes * 1000 + 10_000)
        await station.call("StopTransaction", stop)
    await station.raw("[2, not JSON at all, and rather long, so that its note is long as well]")
    await station.call("Heartbeat")
    await csms.message_log.flush()
    return csms


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", LISTS)
async def test_every_list_fits_with_one_line_a_row(
    busy: Appliance, terminal: Print, name: str, width: int
) -> None:
    verb, columns, spare = LISTS[name]
    rows = await busy.verb(verb)
    lines = terminal(width, rows, columns, spare)
    assert len(lines) == len(rows) + 1
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("name", ["station", "transaction", "cdr", "message"])
async def test_at_120_columns_little_is_left_out(busy: Appliance, terminal: Print, name: str) -> None:
    verb, columns, spare = LISTS[name]
    rows = await busy.verb(verb)
    assert len(headings(terminal(120, rows, columns, spare))) >= len(columns) - 3


async def test_what_matters_most_is_there_at_80(busy: Appliance, terminal: Print) -> None:
    must = {
        "station": {"id", "registration", "connectors"},
        "transaction": {"id", "station", "id token", "state", "started", "kWh"},
        "cdr": {"station", "kWh", "total", "incl. VAT", "id"},
        "message": {"when", "station", "action", "note"},
    }
    for name, expected in must.items():
        verb, columns, spare = LISTS[name]
        lines = terminal(80, await busy.verb(verb), columns, spare)
        assert expected <= set(headings(lines)), "\n".join(lines)


async def test_elsewhere_everything_is_printed(busy: Appliance, cli: Cli) -> None:
    for name, (verb, _, _) in LISTS.items():
        rows = await busy.verb(verb)
        done = await cli(name, "list")
        assert len(done.out.splitlines()) == len(rows) + 1
        assert "…" not in done.out
    assert "DE*CSM*E0815*WITH-A-VERY-LONG-NAME-INDEED" in (await cli("station", "list")).out
    assert payloads.at(60)[:10] in (await cli("cdr", "list")).out


def test_a_long_cell_is_cut_where_it_must_be(terminal: Print) -> None:
    rows = [{"id": "short", "text": "long " * 100}]
    columns = [("id", "id"), ("text", "text")]
    lines = terminal(60, rows, columns)
    assert lines[1].startswith("short")
    assert lines[1].endswith("…")
    assert len(lines[1]) == 60


def test_columns_without_content_go_first_then_the_spare_ones(terminal: Print) -> None:
    rows = [{"a": "A" * 20, "b": "", "c": "C" * 20, "d": "D" * 20}]
    columns = [("a", "a"), ("blank", "b"), ("c", "c"), ("d", "d")]
    assert headings(terminal(200, rows, columns, ("c",))) == ["a", "blank", "c", "d"]
    assert headings(terminal(52, rows, columns, ("c",))) == ["a", "c", "d"]
    assert headings(terminal(40, rows, columns, ("c",))) == ["a", "d"]


def test_moments_are_short_in_a_terminal(terminal: Print) -> None:
    now = datetime.now(UTC)
    rows = [{"at": moment.isoformat()} for moment in (now, now - timedelta(days=400))]
    _, today, long_ago = terminal(80, rows, [("when", lambda row: _console.when(row["at"]))])
    assert today == now.astimezone().strftime("%H:%M:%S")
    assert long_ago == (now - timedelta(days=400)).astimezone().strftime("%Y-%m-%d")


async def test_what_stations_say_cannot_steer_the_terminal(
    csms: Appliance, station: WireStation, cli: Cli, terminal: Print
) -> None:
    nasty = "\x1b[2J\x1b]0;owned\x07\rAccepted"
    await station.call(
        "BootNotification", payloads.boot(chargePointVendor=nasty, chargePointModel="[bold]x[/]")
    )
    rows = await csms.verb("station.list")
    lines = terminal(120, rows, station_columns())
    assert "\x1b" not in "".join(lines)
    assert "[bold]x[/]" in lines[1]
    for argv in (("station", "list"), ("station", "show", "CP1"), ("message", "list"), ("watch", "--once")):
        done = await cli(*argv)
        assert not {"\x1b", "\x07", "\r"} & set(done.out), argv


def station_columns() -> Any:
    return station.COLUMNS


def test_nothing_to_show_says_what_to_do(terminal: Print) -> None:
    assert terminal(80, [], station.COLUMNS) == ["nothing"]
