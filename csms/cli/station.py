"""csms station: register charging stations, look at them, and send them anything OCPP knows."""

import json as jsonlib
import sys
from collections.abc import Mapping
from typing import Any

import typer

from csms.cli import (
    station_certificate,
    station_command,
    station_csv,
    station_desired,
    station_device,
    station_files,
    station_power,
)
from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    err,
    out,
    plain,
    print_json,
    run,
    show,
    show_one,
    when,
)
from csms.errors import InvalidInput
from csms.model import quirk as quirks

app = typer.Typer(name="station", help="Charging stations.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("id", "stationId"),
    ("profile", "securityProfile"),
    ("registration", "registration"),
    ("vendor", "vendor"),
    ("model", "model"),
    ("firmware", "firmwareVersion"),
    ("OCPP", "ocppVersion"),
    ("connectors", lambda s: _connectors(s)),
    ("last seen", lambda s: when(s["lastSeenAt"])),
]
SPARE = ("firmware", "model", "vendor", "OCPP", "profile")
FAILED = {"OFFLINE", "TIMEOUT", "ERROR"}


@app.command()
def add(
    ctx: typer.Context,
    station_id: str = typer.Argument(
        ..., metavar="ID", help="What the station calls itself, case-sensitive."
    ),
    profile: int = typer.Option(1, "--profile", min=0, max=3, help="Security profile."),
    connectors: int = typer.Option(1, "--connectors", help="How many connectors it has."),
    location: str | None = typer.Option(None, "--location", help="Where it stands."),
    name: str | None = typer.Option(None, "--name", help="What people call it."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Register a station; the generated password is printed this once."""
    made = run(
        ctx, "station.add", station_id=station_id, security_profile=profile, connectors=connectors,
        location=location, name=name, tenant=tenant,
    )  # fmt: skip
    if json:
        print_json(made)
        return
    out.print(f"Station {station_id} is registered with security profile {profile}.")
    if "password" in made:
        out.print(f"  password  {made['password']}   (shown this once: set it in the station)")


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List stations."""
    found = run(ctx, "station.list", tenant=tenant)
    show(json, found, COLUMNS, empty="no station: csms station add ID", spare=SPARE)


@app.command("show")
def show_(ctx: typer.Context, station: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Show one station with its connectors."""
    found = run(ctx, "station.show", station=station, tenant=tenant)
    more: list[Column] = [
        ("local list", lambda s: _local_list(s["localList"])),
        ("name", "name"),
        ("location", "locationId"),
        ("serial number", "serialNumber"),
        ("booted", lambda s: when(s["bootedAt"])),
        ("quirks", lambda s: ", ".join(f"{k}={v}" for k, v in s["quirks"].items())),
    ]
    show_one(json, found, COLUMNS + more)


@app.command()
def update(
    ctx: typer.Context,
    station: str,
    profile: int | None = typer.Option(None, "--profile", min=0, max=3, help="Security profile."),
    registration: str | None = typer.Option(None, "--registration", help="accepted, pending or rejected."),
    quirk: list[str] = typer.Option([], "--quirk", help="NAME=VALUE; an empty value removes it."),
    name: str | None = typer.Option(None, "--name", help="What people call it."),
    location: str | None = typer.Option(None, "--location", help="Where it stands."),
    serial: str | None = typer.Option(
        None, "--serial", help="The serial number its certificate has to name."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Change how a station is treated."""
    changed = run(
        ctx, "station.update", station=station, security_profile=profile, name=name, location=location,
        registration=registration.capitalize() if registration else None, quirks=_quirks(quirk),
        serial=serial, tenant=tenant,
    )  # fmt: skip
    show_one(json, changed, [c for c in COLUMNS if c[0] != "connectors"])
    if changed["onboardedAt"] and changed["registration"] == "Accepted" and not changed["securityProfile"]:
        mend = f"csms station update {station} --profile 1, csms station password {station}"
        err.print(
            f"csms: {station} has no password, anybody may connect as it: {mend}",
            soft_wrap=True,
        )


@app.command()
def remove(ctx: typer.Context, station: str, tenant: str | None = TenantOption, yes: bool = YesFlag) -> None:
    """Remove a station; its transactions and CDRs stay."""
    confirm(yes, f"Remove station {station}?")
    run(ctx, "station.remove", station=station, tenant=tenant)
    out.print(f"{station} is removed")


@app.command()
def password(
    ctx: typer.Context,
    station: str,
    set_: str | None = typer.Option(None, "--set", help="Take this password instead of generating one."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Give a station a new password, printed this once."""
    made = run(ctx, "station.password", station=station, password=set_, tenant=tenant)
    if json:
        print_json(made)
    else:
        out.print(f"  password  {made['password']}   (shown this once: set it in the station)")


@app.command()
def call(
    ctx: typer.Context,
    station: str,
    action: str = typer.Argument(..., help="Wire name of an action, like Reset or GetConfiguration."),
    payload: str = typer.Argument(
        "{}", metavar="[JSON]", help="The request, checked against the schema; - for stdin."
    ),
    timeout: float | None = typer.Option(None, "--timeout", help="Seconds to wait for the answer."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Send any action to a connected station and print its answer."""
    body = _payload(payload)
    done = run(
        ctx, "station.call", station=station, action=action, payload=body, timeout_s=timeout, tenant=tenant
    )
    if json:
        print_json(done)
    elif done["response"] is not None:
        print_json(done["response"])
    if done["status"] in FAILED:
        if not json:
            err.print(plain(f"csms: {station} {done['status'].lower()}: {done['error']}"))
        raise typer.Exit(6)


@app.command()
def commands(
    ctx: typer.Context,
    station: str,
    limit: int = typer.Option(20, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show what was asked of a station and what came of it."""
    columns: list[Column] = [
        ("asked", lambda c: when(c["requestedAt"])),
        ("by", "requestedBy"),
        ("action", "action"),
        ("answer", lambda c: (c["response"] or {}).get("status") or c["status"]),
        ("outcome", "outcome"),
        ("followed by", "followedBy"),
    ]
    show(
        json, run(ctx, "station.commands", station=station, limit=limit, tenant=tenant), columns, empty="none"
    )


app.command("import")(station_csv.import_)
app.command("export")(station_csv.export)
app.command()(station_power.profiles)
app.command("local-list")(station_power.local_list)
app.add_typer(station_files.logs)
app.command()(station_device.config)
app.command()(station_device.monitors)
app.add_typer(station_desired.app)
app.add_typer(station_command.app)
app.add_typer(station_certificate.app)
app.command()(station_certificate.secure)
app.command()(station_certificate.security)


def _local_list(state: Mapping[str, Any]) -> str:
    """Return how a local list stands in one line; csms station local-list tells more."""
    if not state["version"] and not state["follows"]:
        return "none"
    step = "in step" if state["inStep"] else f"behind: {state['problem'] or 'id tokens have changed'}"
    return f"version {state['version']}, {state['entries']} id tokens, {step}"


def _connectors(station: Mapping[str, Any]) -> str:
    return " ".join(f"{c['evseId']}:{c['status']}" for c in station.get("connectors", ()) if c["evseId"])


def _payload(text: str) -> dict[str, Any]:
    try:
        value = jsonlib.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise InvalidInput(f"the payload is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput('the payload must be a JSON object, like {"type": "Soft"}')
    return value


def _quirks(pairs: list[str]) -> dict[str, Any] | None:
    """Read NAME=VALUE pairs: numbers are numbers, true or false, yes or no, on or off are booleans in any case."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise InvalidInput(f"--quirk {pair}: write NAME=VALUE")
        meant = None if name in quirks.TEXTS else quirks.switch(value)
        try:
            found[name] = meant if meant is not None else jsonlib.loads(value) if value else None
        except ValueError:
            found[name] = value
    return found or None
