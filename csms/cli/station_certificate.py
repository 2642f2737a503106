"""csms station certificate ID VERB, csms station secure: what a station trusts, what it holds, how it is secured."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typer

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
    print_table,
    run,
    show,
)
from csms.cli.station_outcome import Target, order, tell
from csms.errors import InvalidInput

app = typer.Typer(
    name="certificate",
    help="Certificates in a station: csms station certificate ID VERB …",
    no_args_is_help=True,
)
USES: Final = {
    "csms-root": "CSMSRootCertificate",
    "manufacturer-root": "ManufacturerRootCertificate",
    "v2g-root": "V2GRootCertificate",
    "mo-root": "MORootCertificate",
    "v2g-chain": "V2GCertificateChain",
}
KINDS: Final = {
    "station": "SignChargingStationCertificate",
    "v2g": "SignV2GCertificate",
    "combined": "SignCombinedCertificate",
}
COLUMNS: Final[list[Column]] = [
    ("use", "usage"),
    ("serial number", "serialNumber"),
    ("subject", "subject"),
    ("below another", lambda c: "yes" if c["child"] else ""),
    ("hash", "hashAlgorithm"),
    ("reported", "reportedAt"),
]
POLL_S: Final = 0.5
TimeoutOption = typer.Option(None, "--timeout", min=0.1, help="Seconds to wait for the station's answer.")
UseOption = typer.Option(None, "--use", help=f"Only of this use: {', '.join(USES)}.")


@app.callback()
def target(ctx: typer.Context, station: str = typer.Argument(..., metavar="ID")) -> None:
    """Certificates in a station: csms station certificate ID VERB …"""
    ctx.obj = Target(station)


@app.command("list")
def list_(
    ctx: typer.Context,
    use: str | None = UseOption,
    known: bool = typer.Option(False, "--known", help="What is known already, without asking the station."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Ask a station which certificates it holds."""
    if known:
        found = run(ctx, "station.certificates", station=_station(ctx), tenant=tenant)
        show(json, found, COLUMNS, empty="nothing reported yet")
        return
    done = order(ctx, "certificate.list", {"use": _use(use)}, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: print_table(d["detail"]["certificates"], COLUMNS, empty="none"))


@app.command()
def install(
    ctx: typer.Context,
    use: str = typer.Argument(..., help="What for: csms-root, manufacturer-root, v2g-root or mo-root."),
    file: Path | None = typer.Argument(None, help="PEM file; for csms-root our own root if absent."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have a station trust a root certificate."""
    args = {"use": _use(use), "certificate": file.read_text() if file else None}
    tell(json, order(ctx, "certificate.install", args, timeout=timeout, tenant=tenant))


@app.command()
def delete(
    ctx: typer.Context,
    serial: str = typer.Argument(..., metavar="SERIAL", help="Its serial number, as list shows it."),
    use: str | None = UseOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Have a station forget a certificate."""
    confirm(yes, f"Delete certificate {serial} from the station?")
    args = {"serial_number": serial, "use": _use(use)}
    tell(json, order(ctx, "certificate.delete", args, timeout=timeout, tenant=tenant))


@app.command()
def renew(
    ctx: typer.Context,
    kind: str = typer.Option("station", "--kind", help="station, v2g or combined."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have a station ask for a new certificate; it is signed and sent to it by itself."""
    if kind not in KINDS:
        raise InvalidInput(f"there are certificates of kind {', '.join(KINDS)}, not {kind}")
    tell(json, order(ctx, "certificate.renew", {"message": KINDS[kind]}, timeout=timeout, tenant=tenant))


def secure(
    ctx: typer.Context,
    station: str,
    profile: int = typer.Option(..., "--profile", min=1, max=3, help="The security profile to reach."),
    url: str | None = typer.Option(
        None, "--url", help="Where the station reaches our TLS listener; ocpp.tls_url if absent."
    ),
    interface: str | None = typer.Option(
        None,
        "--interface",
        help="By which of its interfaces: Wired0 if absent, Wireless0 … (not in OCPP 1.6).",
    ),
    wait: float = typer.Option(900.0, "--wait", min=0.0, help="Seconds to follow it; it goes on without us."),
    anew: bool = typer.Option(False, "--anew", help="Begin at the first step again."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Take a station to a higher security profile, step by step; again goes on where it stopped."""
    state = run(
        ctx, "station.secure", station=station, profile=profile, url=url, interface=interface, anew=anew,
        tenant=tenant,
    )  # fmt: skip
    shown, until = 0, time.monotonic() + wait
    while True:
        upgrade = state["upgrade"] or {"state": "DONE", "steps": []}
        if not json:
            shown = _print_steps(upgrade, shown)
        if upgrade["state"] != "RUNNING" or time.monotonic() >= until:
            break
        time.sleep(POLL_S)
        state = run(ctx, "station.security", station=station, tenant=tenant)
    if json:
        print_json(state)
    if upgrade["state"] != "DONE":
        if not json:
            goes_on = upgrade["state"] == "RUNNING"
            said = (
                f"is at step {upgrade['step']} and goes on"
                if goes_on
                else f"stopped at step {upgrade['step']}"
            )
            err.print(plain(f"csms: {station} {said}: csms station secure {station} --profile {profile}"))
        raise typer.Exit(6)


def security(
    ctx: typer.Context, station: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show how a station is secured: profile, serial number, certificates, requests, and the way it is on."""
    found = run(ctx, "station.security", station=station, tenant=tenant)
    if json:
        print_json(found)
        return
    for name, key in (
        ("security profile", "securityProfile"),
        ("may also come with", "nextProfile"),
        ("highest reached", "highestProfile"),
        ("serial number", "registeredSerial"),
        ("held back", "restricted"),
    ):
        if found[key] is not None:
            out.print(plain(f"{name:>20}  {found[key]}"))
    columns: list[Column] = [
        ("certificate", "kind"),
        ("state", "state"),
        ("asked", "requestedAt"),
        ("ends", "notAfter"),
        ("reason", "reason"),
    ]
    print_table(found["requests"], columns, empty="no certificate was asked for")
    print_table(found["certificates"], COLUMNS, empty="no certificate is known to be in it")
    if found["upgrade"]:
        _print_steps(found["upgrade"], 0)


def _print_steps(upgrade: Mapping[str, Any], shown: int) -> int:
    steps = upgrade["steps"]
    for each in steps[shown:]:
        out.print(plain(f"{each['step']:>12}  {each['text']}"), markup=False, soft_wrap=True)
    return len(steps)


def _station(ctx: typer.Context) -> str | None:
    found = ctx.find_object(Target)
    return found.station if found else None


def _use(name: str | None) -> str | None:
    if name is None or name in USES.values():
        return name
    if name not in USES:
        raise InvalidInput(f"certificates are for {', '.join(USES)}, not {name}")
    return USES[name]
