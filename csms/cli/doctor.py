"""csms doctor: says what is wrong with the appliance, or why a station was refused."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import typer

from csms.cli._console import JsonFlag, TenantOption, moment, out, plain, print_json, run, session
from csms.cli._runtime import Session, is_running, perform
from csms.errors import CsmsError

Finding = dict[str, Any]
LEAST_FREE_BYTES = 500 * 1024 * 1024
SERVER_ENDS_DAYS = 14
"""They renew themselves long before."""


def doctor(
    ctx: typer.Context,
    station: str | None = typer.Argument(None, help="Say why this station does not work."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Check the appliance, or one station: every finding says what to do."""
    if station is not None:
        _station(run(ctx, "doctor.station", station=station, tenant=tenant), json)
        return
    found = [check(session(ctx)) for check in CHECKS]
    if json:
        print_json(found)
    for finding in () if json else found:
        out.print(f"{'✓' if finding['ok'] else '✗'} {finding['check']:<14} {finding['text']}")
    raise typer.Exit(0 if all(f["ok"] for f in found) else 1)


def _data_dir(work: Session) -> Finding:
    path = work.config.data_dir
    if not path.is_dir():
        return _finding("data directory", False, f"{path} is missing: run csms init")
    if not os.access(path, os.W_OK):
        return _finding(
            "data directory", False, f"{path} is not writable by you: run as the user it belongs to"
        )
    return _finding("data directory", True, str(path))


def _disk(work: Session) -> Finding:
    path = next(p for p in (work.config.data_dir, *work.config.data_dir.absolute().parents) if p.exists())
    free = shutil.disk_usage(path).free
    text = f"{free / 1024**3:.1f} GiB free"
    return _finding(
        "disk", free > LEAST_FREE_BYTES, text if free > LEAST_FREE_BYTES else f"{text}: make room"
    )


def _database(work: Session) -> Finding:
    from csms.store import migrate

    try:
        migrate.check(work.config.store.url)
    except CsmsError as error:
        return _finding("database", False, str(error))
    return _finding("database", True, "readable and of this version")


def _appliance(work: Session) -> Finding:
    try:
        running = is_running(work)
    except CsmsError as error:
        return _finding("appliance", False, str(error))
    return _finding("appliance", running, "running" if running else "not running: csms serve")


def _certificates(work: Session) -> Finding:
    try:
        found = perform(work, "pki.status")
    except CsmsError:
        return _finding("certificates", False, "cannot be looked at without the database")
    if not found["authorities"]:
        return _finding("certificates", True, "none of our own: csms pki init makes TLS possible")
    problem = found["secret"]
    if problem != "ok":
        return _finding("certificates", False, f"their keys cannot be opened: {problem}")
    ends = min((server["notAfter"] for server in found["servers"]), default=None)
    if ends is None:
        return _finding("certificates", False, "none for this server: csms pki issue --host NAME")
    near = (datetime.fromisoformat(ends) - datetime.now(UTC)).days < SERVER_ENDS_DAYS
    text = f"this server's until {ends[:10]}"
    return _finding("certificates", not near, f"{text}: csms pki renew" if near else text)


CHECKS: tuple[Callable[[Session], Finding], ...] = (_data_dir, _disk, _database, _certificates, _appliance)


def _finding(check: str, ok: bool, text: str) -> Finding:
    return {"check": check, "ok": ok, "text": text}


def _station(found: dict[str, Any], json: bool) -> None:
    """Show findings about one station and the raw handshake of its last refusal."""
    if json:
        print_json(found)
        return
    for finding in found["findings"]:
        out.print(f"{'✓' if finding['ok'] else '✗'} {plain(finding['text'])}")
    for refusal in found["refusals"][:3]:
        handshake = refusal["handshake"]
        out.print(f"\nRefused {moment(refusal['at'])} with HTTP {refusal['httpStatus']}", style="bold")
        out.print(f"  {plain(refusal['reason'])}")
        out.print(f"  from {handshake['peer']}: GET {plain(handshake['path'])}")
        for name, value in handshake["headers"]:
            out.print(plain(f"    {name}: {value}"))
