"""What people see: tables that fit a terminal, JSON for scripts, one line for an error."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from csms.cli._runtime import Session, perform
from csms.errors import InvalidInput

_encoder = msgspec.json.Encoder(decimal_format="number")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)

JsonFlag = typer.Option(False, "--json", help="Print JSON for scripts.")
TenantOption = typer.Option(None, "--tenant", help="Name or id; not needed where there is only one tenant.")
YesFlag = typer.Option(False, "--yes", "-y", help="Do not ask.")
Column = tuple[str, str | Callable[[Mapping[str, Any]], Any]]


def session(ctx: typer.Context) -> Session:
    """Return what the root command prepared."""
    found = ctx.find_object(Session)
    if found is None:
        raise RuntimeError("the root command has not run")
    return found


def run(ctx: typer.Context, verb: str, **args: Any) -> Any:
    """Run a verb of the appliance and return its result."""
    return perform(session(ctx), verb, args)


def print_json(value: Any) -> None:
    """Print a result for scripts."""
    sys.stdout.write(msgspec.json.format(_encoder.encode(value), indent=2).decode() + "\n")


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, empty: str) -> None:
    """Print rows as a table; a column is a heading and a key, or a function of the row."""
    rows = list(rows)
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, _ in columns:
        right = heading.endswith(("Wh", "W", "#", "EUR", "total"))
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key) if isinstance(key, str) else key(row)) for _, key in columns))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def print_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in pairs:
        table.add_row(f"[bold]{name}[/]", _cell(value))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def show(
    json: bool,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    empty: str = "nothing to show",
) -> None:
    """Print rows as JSON or as a table."""
    if json:
        print_json(list(rows))
    else:
        print_table(rows, columns, empty=empty)


def show_one(json: bool, value: Mapping[str, Any], pairs: Sequence[Column]) -> None:
    """Print one thing as JSON or as pairs."""
    if json:
        print_json(value)
    else:
        print_pairs((name, value.get(key) if isinstance(key, str) else key(value)) for name, key in pairs)


def confirm(yes: bool, question: str) -> None:
    """Ask before something is destroyed; without a terminal only --yes goes on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{question} — add --yes to do it without being asked")
    if not typer.confirm(question):
        raise typer.Exit(0)


def moment(text: str | None) -> str:
    """Show a moment in the terminal's own time zone, to the second."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def kwh(value_wh: int | None) -> str:
    """Show energy in kWh."""
    return "" if value_wh is None else f"{value_wh / 1000:.3f}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).replace("[", "\\[")
