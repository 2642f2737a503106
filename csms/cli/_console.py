"""What people see: tables that fit a terminal, JSON for scripts, one line for an error."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from csms.cli._runtime import Session, perform
from csms.errors import InvalidInput

_encoder = msgspec.json.Encoder(decimal_format="number")
out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

JsonFlag = typer.Option(False, "--json", help="Print JSON for scripts.")
TenantOption = typer.Option(None, "--tenant", help="Name or id; not needed where there is only one tenant.")
YesFlag = typer.Option(False, "--yes", "-y", help="Do not ask.")
Column = tuple[str, str | Callable[[Mapping[str, Any]], Any]]
LEAST_WIDTH: Final = 16
"""A cell that is longer may be cut to this where the terminal is narrow."""
PIPED_WIDTH: Final = 10_000
_GAP: Final = 2


def session(ctx: typer.Context) -> Session:
    """Return what the root command prepared."""
    found = ctx.find_object(Session)
    if found is None:
        raise RuntimeError("the root command has not run")
    return found


def run(ctx: typer.Context, verb: str, /, **args: Any) -> Any:
    """Run a verb of the appliance and return its result."""
    return perform(session(ctx), verb, args)


def print_json(value: Any) -> None:
    """Print a result for scripts."""
    sys.stdout.write(msgspec.json.format(_encoder.encode(value), indent=2).decode() + "\n")


def print_table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, empty: str, spare: Sequence[str] = ()
) -> None:
    """Print rows as a table; a column is a heading and a key, or a function of the row.

    In a terminal that is too narrow, columns without content and then those named in `spare` are left out, and long
    cells are cut. Elsewhere everything is printed.
    """
    rows = list(rows)
    if not rows:
        out.print(empty)
        return
    width = Console().width if sys.stdout.isatty() else None
    shown = _cell if width is None else _short_cell
    cells = {
        heading: [shown(row.get(key) if isinstance(key, str) else key(row)) for row in rows]
        for heading, key in columns
    }
    if width is not None:
        _make_fit(cells, spare, width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in cells:
        right = heading.endswith(("Wh", "W", "#", "EUR", "total", "VAT"))
        table.add_column(one_line(heading.removesuffix(" #")), justify="right" if right else "left")
    for row in zip(*cells.values(), strict=True):
        table.add_row(*map(one_line, row))
    Console(highlight=False, width=width or sum(map(_width, cells.items()))).print(table)


def one_line(text: str, style: str = "") -> Text:
    """Return text for a cell that is cut rather than wrapped."""
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _make_fit(cells: dict[str, list[str]], spare: Sequence[str], width: int) -> None:
    """Leave columns out until the rest can be shown, if need be with cut cells."""
    blank = [heading for heading, column in cells.items() if not any(column)]
    for heading in (*blank, *spare):
        if sum(min(_width(item), LEAST_WIDTH + _GAP) for item in cells.items()) - _GAP <= width:
            return
        cells.pop(heading, None)


def _width(item: tuple[str, list[str]]) -> int:
    """Return how many columns of the terminal a column of the table takes, its gap included."""
    heading, column = item
    return max(map(cell_len, (heading, *column))) + _GAP


def print_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one pair a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in pairs:
        table.add_row(Text(name, "bold"), Text(_cell(value)))
    print_one(table)


def show(
    json: bool,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    empty: str = "nothing to show",
    spare: Sequence[str] = (),
) -> None:
    """Print rows as JSON or as a table."""
    if json:
        print_json(list(rows))
    else:
        print_table(rows, columns, empty=empty, spare=spare)


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
    return _cell(when(text))


def when(text: str | None) -> datetime | None:
    """Return a moment for a cell: pairs and pipes show it in full, a table in a terminal in short."""
    return datetime.fromisoformat(text).astimezone() if text else None


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what to tell how much is done of how much; a bar where somebody watches, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def time_of_day(text: str | None) -> str:
    """Show a moment without what the reader knows: today's date, this year."""
    return _short_cell(when(text))


def print_one(content: RenderableType) -> None:
    """Print something as wide as the terminal, or in full where there is none."""
    Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH).print(content)


def kwh(value_wh: int | None) -> str:
    """Show energy in kWh."""
    return "" if value_wh is None else f"{value_wh / 1000:.3f}"


def plain(value: Any) -> str:
    """Return text that cannot steer the terminal: stations choose much of what is shown here."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return plain(", ".join(map(str, value)))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return plain(value)


def _short_cell(value: Any) -> str:
    if not isinstance(value, datetime):
        return _cell(value)
    now = datetime.now(value.tzinfo)
    if value.date() == now.date():
        return value.strftime("%H:%M:%S")
    return value.strftime("%b %d %H:%M:%S" if value.year == now.year else "%Y-%m-%d")
