"""csms token: who may charge."""

import csv
import sys
from pathlib import Path
from typing import Any

import typer

from csms.cli import token_places
from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    run,
    show,
    show_one,
    when,
)
from csms.cli._export import instant
from csms.errors import InvalidInput, NotFound

app = typer.Typer(
    name="token", help="Id tokens: cards, fobs and app accounts that may charge.", no_args_is_help=True
)
app.add_typer(token_places.app)

COLUMNS: list[Column] = [
    ("uid", "uid"),
    ("type", "type"),
    ("group", "groupId"),
    ("expires", lambda t: when(t["expiresAt"])),
    ("blocked", "blocked"),
    ("uses #", "useCount"),
    ("last used", lambda t: when(t["lastUsedAt"])),
]
FIELDS = ("uid", "type", "group", "expires", "blocked", "max_active", "language")


@app.command()
def add(
    ctx: typer.Context,
    uid: str,
    type: str = typer.Option(
        "ISO14443", "--type", help="ISO14443, ISO15693, Central, eMAID, KeyCode, MacAddress …"
    ),
    group: str | None = typer.Option(
        None, "--group", help="Tokens of one group may stop each other's charge."
    ),
    expires: str | None = typer.Option(None, "--expires", help="2027-01-31 or an ISO 8601 time with zone."),
    blocked: bool = typer.Option(False, "--blocked", help="Register it blocked."),
    max_active: int | None = typer.Option(
        None, "--max-active", help="How many charges at once; no bound if absent."
    ),
    language: str | None = typer.Option(None, "--language", help="What its holder reads, like de."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Register an id token."""
    made = run(
        ctx, "token.add", uid=uid, type=type, group=group, expires_at=_expiry(expires), blocked=blocked,
        max_active=max_active, language=language, tenant=tenant,
    )  # fmt: skip
    show_one(json, made, COLUMNS)


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List id tokens."""
    found = run(ctx, "token.list", tenant=tenant)
    show(json, found, COLUMNS, empty="no id token: csms token add UID", spare=("uses #", "type"))


@app.command("show")
def show_(ctx: typer.Context, uid: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Show one id token."""
    show_one(json, run(ctx, "token.show", uid=uid, tenant=tenant), COLUMNS)


@app.command()
def block(ctx: typer.Context, uid: str, tenant: str | None = TenantOption) -> None:
    """Block an id token; a running charge goes on."""
    out.print(f"{run(ctx, 'token.blocked', uid=uid, blocked=True, tenant=tenant)['uid']} is blocked")


@app.command()
def unblock(ctx: typer.Context, uid: str, tenant: str | None = TenantOption) -> None:
    """Unblock an id token."""
    out.print(f"{run(ctx, 'token.blocked', uid=uid, blocked=False, tenant=tenant)['uid']} is not blocked")


@app.command()
def remove(ctx: typer.Context, uid: str, tenant: str | None = TenantOption, yes: bool = YesFlag) -> None:
    """Remove an id token; its transactions and CDRs stay."""
    confirm(yes, f"Remove id token {uid}?")
    run(ctx, "token.remove", uid=uid, tenant=tenant)
    out.print(f"{uid} is removed")


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Path = typer.Argument(
        ..., metavar="CSV", help="uid,type,group,expires,blocked,max_active,language; - for stdin."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Insert or replace id tokens from a CSV file with a header line; all or none."""
    done = run(ctx, "token.import", tokens=_read(file), tenant=tenant)
    show_one(json, done, [("added", "added"), ("updated", "updated")])


@app.command()
def export(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Print id tokens as CSV that `csms token import` reads."""
    tokens = run(ctx, "token.list", tenant=tenant)
    if json:
        show(True, tokens, COLUMNS)
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FIELDS)
    for t in tokens:
        blocked = "yes" if t["blocked"] else ""
        writer.writerow([t["uid"], t["type"], t["groupId"], t["expiresAt"], blocked, t["maxActive"]])


def _read(file: Path) -> list[dict[str, Any]]:
    """Read the CSV; every complaint names its line."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"no file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read {file}: {error}") from None
    reader = csv.DictReader(text.splitlines())
    unknown = set(reader.fieldnames or ()) - set(FIELDS)
    if "uid" not in (reader.fieldnames or ()) or unknown:
        raise InvalidInput(f"{file}: the header line must be of {','.join(FIELDS)}, with uid at least")
    return [_entry(row, f"{file} line {number}") for number, row in enumerate(reader, start=2)]


def _entry(row: dict[str, str], where: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"uid": (row["uid"] or "").strip()}
    if not entry["uid"]:
        raise InvalidInput(f"{where}: no uid")
    for name in ("type", "group", "language"):
        if row.get(name):
            entry[name] = row[name].strip()
    if row.get("expires"):
        entry["expires_at"] = _expiry(row["expires"].strip(), f"{where}: expires")
    entry["blocked"] = (row.get("blocked") or "").strip().lower() in ("1", "yes", "true", "blocked")
    if row.get("max_active"):
        try:
            entry["max_active"] = int(row["max_active"])
        except ValueError:
            raise InvalidInput(f"{where}: max_active is not a number") from None
    return entry


def _expiry(text: str | None, where: str = "--expires") -> str | None:
    """Read a date, which is its end in UTC, or a moment with zone; InvalidInput says where it is wrong."""
    moment = instant(where, text or "")
    return moment.replace("T00:00:00", "T23:59:59") if moment and text and "T" not in text.upper() else moment
