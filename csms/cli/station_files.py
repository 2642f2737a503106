"""csms station command ID firmware|log, and csms station log: firmware on its way out, logs on their way in."""

import shutil
import sys
from pathlib import Path

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    run,
    session,
    show,
    when,
)
from csms.cli.station_outcome import TimeoutOption, WaitOption, order, tell
from csms.errors import Conflict, InvalidInput, NotFound

logs = typer.Typer(name="log", help="Logs that stations have uploaded.", no_args_is_help=True)


def firmware(
    ctx: typer.Context,
    what: str = typer.Argument(
        ..., metavar="NAME|URL", help="Firmware of csms firmware list, or where it is."
    ),
    url: str | None = typer.Option(None, "--url", help="Let the station fetch it there instead of here."),
    at: str | None = typer.Option(None, "--at", help="When to fetch it, ISO 8601 with zone; now if absent."),
    install_at: str | None = typer.Option(
        None, "--install-at", help="When to install signed firmware, ISO 8601 with zone."
    ),
    retries: int | None = typer.Option(None, "--retries", min=0, help="How often to try again."),
    retry_interval: int | None = typer.Option(None, "--retry-interval", min=1, help="Seconds between tries."),
    unsigned: bool = typer.Option(False, "--unsigned", help="Send it without the signature it has."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Have the station fetch and install firmware; it is done when the station says Installed."""
    confirm(yes, f"Install {what} on the station?")
    args = {
        "retrieve_at": at,
        "install_at": install_at,
        "retries": retries,
        "retry_interval_s": retry_interval,
    }
    if "://" in what:
        if url is not None:
            raise InvalidInput("give the URL once")
        args["url"] = what
    else:
        args |= {"name": what, "url": url}
    if unsigned:
        args["unsigned"] = True
    tell(json, order(ctx, "firmware", args, wait=wait, timeout=timeout, tenant=tenant), waited_s=wait)


def publish(
    ctx: typer.Context,
    name: str = typer.Argument(..., help="Firmware of csms firmware list."),
    url: str | None = typer.Option(None, "--url", help="Let the station fetch it there instead of here."),
    remove: bool = typer.Option(False, "--remove", help="Offer it no more."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station fetch firmware and offer it to the others of its site (not in OCPP 1.6)."""
    verb, args = (
        ("firmware.unpublish", {"name": name}) if remove else ("firmware.publish", {"name": name, "url": url})
    )
    tell(json, order(ctx, verb, args, wait=wait, timeout=timeout, tenant=tenant), waited_s=wait)


def log(
    ctx: typer.Context,
    url: str | None = typer.Option(None, "--url", help="Let the station upload it there instead of here."),
    security: bool = typer.Option(False, "--security", help="The security log instead of diagnostics."),
    since: str | None = typer.Option(None, "--since", help="Entries from then on, ISO 8601 with zone."),
    until: str | None = typer.Option(None, "--until", help="Entries up to then, ISO 8601 with zone."),
    retries: int | None = typer.Option(None, "--retries", min=0, help="How often to try again."),
    retry_interval: int | None = typer.Option(None, "--retry-interval", min=1, help="Seconds between tries."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station upload a log; it is done when the station says Uploaded and, unless --url, the file is here."""
    kind = "security" if security else "diagnostics"
    args = {
        "url": url, "kind": kind, "oldest_at": since, "latest_at": until, "retries": retries,
        "retry_interval_s": retry_interval,
    }  # fmt: skip
    done = order(ctx, "log", args, wait=wait, timeout=timeout, tenant=tenant)
    tell(json, done, waited_s=wait)
    file = done["detail"].get("fileId")
    if file and not json:
        ready = done["outcome"] == "DONE"
        out.print(f"csms station log {'get ' + file[:12] if ready else 'list'}", markup=False)


@logs.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Argument(None, metavar="[ID]", help="Of one station only."),
    limit: int = typer.Option(50, "--limit", min=1, help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List the logs that stations were asked for, and whether they have arrived."""
    columns: list[Column] = [
        ("file", lambda f: f["id"] if json else f["id"][:12]),
        ("station", "stationId"),
        ("kind", "kind"),
        ("state", "state"),
        ("asked", lambda f: when(f["createdAt"])),
        ("received", lambda f: when(f["receivedAt"])),
        ("name", "fileName"),
        ("bytes #", "sizeBytes"),
        ("last try", "reason"),
    ]
    found = run(ctx, "station.logs", station=station, tenant=tenant, limit=limit)
    show(
        json, found, columns, empty="no log: csms station command ID log", spare=("last try", "name", "kind")
    )


@logs.command("get")
def get(
    ctx: typer.Context,
    file: str = typer.Argument(..., metavar="FILE", help="Its id, or the beginning of it."),
    to: Path | None = typer.Option(
        None, "--out", help="Where to put it; its own name in this directory if absent, - for stdout."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Copy a log that a station has uploaded."""
    found = run(ctx, "station.log", file=file, tenant=tenant)
    if found["state"] != "RECEIVED":
        raise Conflict(f"the file has not arrived ({found['state'].lower()}): csms station log list")
    source = session(ctx).config.data_dir / "files" / found["id"]
    if not source.exists():
        raise NotFound(f"{source} is not there: it is on the disk of the node that took it")
    if str(to) == "-":
        with source.open("rb") as content:
            shutil.copyfileobj(content, sys.stdout.buffer)
        return
    target = to or Path(found["fileName"] or f"{found['stationId']}-{found['id'][:12]}.log")
    if to is None and target.exists():
        raise Conflict(f"{target} exists already: say --out FILE")
    if target.is_dir():
        target = target / (found["fileName"] or found["id"])
    shutil.copyfile(source, target)
    if json:
        print_json(found | {"savedAs": str(target)})
    else:
        out.print(f"{found['stationId']}: {found['sizeBytes']} bytes in {target}", markup=False)


@logs.command("remove")
def remove(
    ctx: typer.Context,
    file: str = typer.Argument(..., metavar="FILE", help="Its id, or the beginning of it."),
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
) -> None:
    """Remove a log before its time; one that is still to come is not taken."""
    confirm(yes, f"Remove log {file}?")
    found = run(ctx, "station.log-remove", file=file, tenant=tenant)
    (session(ctx).config.data_dir / "files" / found["id"]).unlink(missing_ok=True)
    out.print(f"{found['id'][:12]} is removed", markup=False)
