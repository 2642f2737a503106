"""csms reservation: connectors that are kept for somebody, and those that were."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, run, show, show_one, when

app = typer.Typer(
    name="reservation",
    help="Connectors kept for an id token: csms station command ID reserve makes one.",
    no_args_is_help=True,
)

COLUMNS: list[Column] = [
    ("station", "stationId"),
    ("number", "id"),
    ("connector", lambda r: r["evseId"] or r["connectorType"] or "any"),
    ("id token", "idToken"),
    ("group", "groupId"),
    ("until", lambda r: when(r["expiresAt"])),
    ("status", "status"),
    ("because", "endedBecause"),
]
SPARE = ("group", "because")


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    every: bool = typer.Option(False, "--all", help="Those that are over too."),
    limit: int = typer.Option(50, "--limit", min=1, help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List reservations, newest first."""
    found = run(ctx, "reservation.list", station=station, every=every, limit=limit, tenant=tenant)
    show(json, found, COLUMNS, empty="no reservation", spare=SPARE)


@app.command("show")
def show_(
    ctx: typer.Context,
    station: str = typer.Argument(..., help="The station's id."),
    reservation: int = typer.Argument(..., help="The reservation's number at the station."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show one reservation, and why it ended."""
    found = run(ctx, "reservation.show", station=station, reservation=reservation, tenant=tenant)
    pairs: list[Column] = [
        *COLUMNS,
        ("made", lambda r: when(r["createdAt"])),
        ("transaction", "transactionId"),
    ]
    show_one(json, found, pairs)
