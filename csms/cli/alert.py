"""csms alert: what somebody should look at."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, out, print_json, run, show, when
from csms.errors import InvalidInput
from csms.model.alert import AlertSeverity

app = typer.Typer(name="alert", help="What somebody should look at.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("id", "id"),
    ("severity", "severity"),
    ("category", "category"),
    ("station", "stationId"),
    ("message", "message"),
    ("since", lambda a: when(a["raisedAt"])),
    ("last", lambda a: when(a["lastAt"])),
    ("times #", "count"),
    ("seen by", "acknowledgedBy"),
    ("over", lambda a: when(a["clearedAt"])),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    severity: str | None = typer.Option(None, "--severity", help="Only LOW, MEDIUM, HIGH or CRITICAL."),
    every: bool = typer.Option(False, "--all", help="Also those that are over."),
    limit: int = typer.Option(100, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List what is wrong now, newest first."""
    wanted = severity.upper() if severity else None
    if wanted is not None and wanted not in list(AlertSeverity):
        raise InvalidInput(f"severities are {', '.join(AlertSeverity)}, not {severity}")
    found = run(
        ctx, "alert.list", station=station, severity=wanted, cleared=every, limit=limit, tenant=tenant
    )
    show(json, found, COLUMNS, empty="nothing is wrong", spare=("last", "category", "times #"))


@app.command()
def acknowledge(
    ctx: typer.Context,
    alert: str = typer.Argument(..., metavar="ID", help="The alert's id."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Note that you have seen an alert; it stays until its cause is gone."""
    done = run(ctx, "alert.acknowledge", alert=alert, tenant=tenant)
    if json:
        print_json(done)
    else:
        out.print(f"{alert} is acknowledged by {done['acknowledgedBy']}")


@app.command()
def clear(
    ctx: typer.Context,
    alert: str = typer.Argument(..., metavar="ID", help="The alert's id."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """End an alert whose cause nobody reports as gone."""
    done = run(ctx, "alert.clear", alert=alert, tenant=tenant)
    if json:
        print_json(done)
    else:
        out.print(f"{alert} is over")
