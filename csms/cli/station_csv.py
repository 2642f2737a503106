"""csms station import, export: many stations at once, as a CSV file that a spreadsheet opens."""

import csv
import json as jsonlib
import sys
from pathlib import Path
from typing import Any

import typer

from csms.cli._console import JsonFlag, TenantOption, out, print_json, print_table, run
from csms.errors import InvalidInput, NotFound

FIELDS = ("id", "profile", "connectors", "registration", "location", "name", "quirks")
SECRET_FIELDS = ("password",)


def import_(
    ctx: typer.Context,
    file: Path = typer.Argument(
        ..., metavar="CSV", help=f"{','.join(FIELDS + SECRET_FIELDS)}; id at least; - for stdin."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Register or change stations from a CSV file with a header line, all or none; new passwords are printed once."""
    done = run(ctx, "station.import", entries=_read(file), tenant=tenant)
    if json:
        print_json(done)
        return
    out.print(f"{done['added']} added, {done['updated']} updated")
    if done["passwords"]:
        columns: Any = [("station", "stationId"), ("password (shown this once)", "password")]
        print_table(done["passwords"], columns, empty="")


def export(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Print the stations as CSV that `csms station import` reads; passwords are never in it."""
    stations = run(ctx, "station.export", tenant=tenant)
    if json:
        print_json(stations)
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FIELDS)
    for s in stations:
        quirks = jsonlib.dumps(s["quirks"]) if s["quirks"] else ""
        row = [s["id"], s["security_profile"], s["connectors"], s["registration"], s["location"], s["name"]]
        writer.writerow([*row, quirks])


def _read(file: Path) -> list[dict[str, Any]]:
    """Read the CSV; every complaint names its line."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"no file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read {file}: {error}") from None
    reader = csv.DictReader(text.splitlines())
    fields = reader.fieldnames or ()
    if "id" not in fields or set(fields) - set(FIELDS + SECRET_FIELDS):
        known = ",".join(FIELDS + SECRET_FIELDS)
        raise InvalidInput(f"{file}: the header line must be of {known}, with id at least")
    return [_entry(row, f"{file} line {number}") for number, row in enumerate(reader, start=2)]


def _entry(row: dict[str, str | None], where: str) -> dict[str, Any]:
    if None in row:
        raise InvalidInput(f"{where}: more values than the header line names")
    given = {name: value.strip() for name, value in row.items() if value is not None and value.strip()}
    if "id" not in given:
        raise InvalidInput(f"{where}: no id")
    entry: dict[str, Any] = dict(given)
    for name, key in (("profile", "security_profile"), ("connectors", "connectors")):
        if name in given:
            entry.pop(name)
            if not given[name].isdigit():
                raise InvalidInput(f"{where}: {name} is not a number")
            entry[key] = int(given[name])
    if "registration" in given:
        entry["registration"] = given["registration"].capitalize()
    if "quirks" in given:
        try:
            entry["quirks"] = jsonlib.loads(given["quirks"])
        except ValueError:
            raise InvalidInput(f"{where}: quirks is not JSON") from None
    return entry
