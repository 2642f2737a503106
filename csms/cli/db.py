"""csms db: the database and its backups. Everything but `restore` works while the appliance runs."""

import sys
from pathlib import Path
from typing import BinaryIO, cast

import typer

from csms.cli._console import (
    JsonFlag,
    YesFlag,
    confirm,
    moment,
    out,
    print_json,
    print_pairs,
    print_table,
    progress_bar,
    run,
    session,
)
from csms.cli._runtime import is_running
from csms.clock import SystemClock
from csms.config import Config
from csms.errors import Conflict, InvalidInput

app = typer.Typer(name="db", help="The database.", no_args_is_help=True)

BACKUPS = "backups"
"""Directory below the data directory for backups that are given no other place."""
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@app.command()
def migrate(ctx: typer.Context) -> None:
    """Bring the database to this version's schema."""
    from csms.store import migrate as migration

    applied = migration.migrate(session(ctx).config.store.url)
    for name in applied:
        out.print(f"applied {name}")
    if not applied:
        out.print("the database is up to date")


@app.command()
def status(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Show schema, size, rows of every table and the age of the oldest message."""
    from csms.store.inspection import inspect

    found = inspect(session(ctx).config.store.url)
    schema = found.schema
    shown = {
        "store": found.dialect,
        "current": schema.current,
        "applied": [name for name, _ in schema.applied],
        "pending": list(schema.pending),
        "unknown": list(schema.unknown),
        "sizeBytes": found.size_bytes,
        "walBytes": found.wal_bytes,
        "rows": found.rows,
        "oldestMessageAt": found.oldest_message_at,
    }
    if json:
        print_json(shown)
        return
    last = schema.applied[-1][0] if schema.applied else "empty: csms init"
    state = "up to date" if schema.current else f"lacks {', '.join(schema.pending)}: csms db migrate"
    if schema.unknown:
        state = f"of a newer version: it has {', '.join(schema.unknown)}"
    pairs = [("store", found.dialect), ("schema", f"{last} ({state})"), ("size", _size(found.size_bytes))]
    if found.wal_bytes is not None:
        pairs.append(("write-ahead log", _size(found.wal_bytes)))
    print_pairs([*pairs, ("oldest message", moment(found.oldest_message_at) or "none")])
    out.print()
    rows = [{"table": table, "rows": f"{count:,}"} for table, count in found.rows.items() if count]
    print_table(rows, [("table", "table"), ("rows #", "rows")], empty="every table is empty")


@app.command()
def backup(
    ctx: typer.Context,
    to: Path | None = typer.Option(
        None, "--to", metavar="FILE", help="A name ending in .jsonl or .jsonl.gz makes a portable dump."
    ),
    json: bool = JsonFlag,
) -> None:
    """Back the database up, also while the appliance runs, and print the file.

    An SQLite database is copied to a database file, PostgreSQL is dumped. `csms db restore` takes either.
    """
    from csms.store import backup as backups

    config = session(ctx).config
    target = (
        _placed(to)
        if to
        else backups.unused(_backups(config) / backups.default_name(config.store.url, SystemClock()))
    )
    with progress_bar("backing up") as progress:
        made = backups.backup(config.store.url, target, SystemClock(), progress)
    if json:
        print_json({"file": str(made.path.absolute()), "sizeBytes": made.size_bytes})
    else:
        out.print(f"{made.path} ({_size(made.size_bytes)})")


@app.command()
def restore(
    ctx: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE", help="What csms db backup or csms db export made."),
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Put a backup in the place of the database, with the appliance stopped; what was there is kept aside.

    The file is checked first: integrity, and that it is not of a newer version. All or nothing.
    """
    from csms.store import backup as backups
    from csms.store import migrate as migration

    config = session(ctx).config
    if is_running(session(ctx)):
        raise Conflict("the appliance is running: stop it before a restore (systemctl stop csms)")
    if not file.is_file():
        raise InvalidInput(f"no file {file}")
    confirm(yes, f"Replace everything in the database by {file}?")
    aside = _backups(config)
    with progress_bar("restoring") as progress:
        kept = backups.restore(config.store.url, file, aside, SystemClock(), progress)
    applied = migration.migrate(config.store.url)
    if json:
        print_json(
            {"restored": str(file.absolute()), "kept": str(kept) if kept else None, "applied": applied}
        )
        return
    out.print(f"restored {file}")
    for name in applied:
        out.print(f"applied {name}")
    if kept is not None:
        out.print(f"what was there before is in {kept}")


@app.command()
def prune(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Remove now what is older than [retention] allows; the running appliance does so every hour."""
    keep = session(ctx).config.retention
    gone = {"messages": 0, "meterValues": 0, "outbox": 0}
    while True:
        slice_ = run(
            ctx, "db.prune", messages_days=keep.messages_days, meter_values_days=keep.meter_values_days,
            outbox_days=keep.outbox_days,
        )  # fmt: skip
        if not any(slice_.values()):
            break
        gone = {name: count + slice_[name] for name, count in gone.items()}
    if json:
        print_json(gone)
        return
    print_pairs(
        [
            (f"messages older than {keep.messages_days} days", f"{gone['messages']:,} removed"),
            (f"meter values older than {keep.meter_values_days} days", f"{gone['meterValues']:,} removed"),
            (f"delivered events older than {keep.outbox_days} days", f"{gone['outbox']:,} removed"),
        ]
    )


@app.command()
def export(
    ctx: typer.Context,
    to: Path | None = typer.Option(None, "--to", metavar="FILE", help="Instead of stdout."),
) -> None:
    """Write every row of every table as JSON lines, also while the appliance runs.

    Holds password hashes: keep it as safe as the database. `csms db restore` reads it, on either store.
    """
    from csms.store import backup as backups
    from csms.store import dump

    url = session(ctx).config.store.url
    if to is not None:
        if not to.name.endswith((".jsonl", ".jsonl.gz")):
            raise InvalidInput(f"{to}: give the file a name that ends in .jsonl or .jsonl.gz")
        with progress_bar("exporting") as progress:
            made = backups.backup(url, _placed(to), SystemClock(), progress)
        out.print(f"{made.path} ({_size(made.size_bytes)})")
        return
    sys.stdout.flush()
    dump.write(url, cast(BinaryIO, sys.stdout.buffer), SystemClock())
    sys.stdout.flush()


def _backups(config: Config) -> Path:
    folder = config.data_dir / BACKUPS
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _placed(to: Path) -> Path:
    """Return a file to write, in a directory that is there."""
    if not to.absolute().parent.is_dir():
        raise InvalidInput(f"{to}: there is no directory {to.absolute().parent}")
    return to


def _size(size_bytes: int) -> str:
    """Show a size with a unit that fits."""
    amount, unit = float(size_bytes), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} {_UNITS[0]}"
