"""csms cdr: charge detail records."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, kwh, print_json, run, show, show_one, when
from csms.cli._export import Format, instant, print_csv

app = typer.Typer(
    name="cdr", help="Charge detail records: frozen, priced, one for each ended charge.", no_args_is_help=True
)

COLUMNS: list[Column] = [
    ("station", "stationId"),
    ("evse", "evseId"),
    ("id token", "idToken"),
    ("started", lambda c: when(c["startedAt"])),
    ("ended", lambda c: when(c["endedAt"])),
    ("kWh", lambda c: kwh(c["energyWh"])),
    ("total", "totalCost"),
    ("incl. VAT", "totalCostInclVat"),
    ("", "currency"),
    ("tariff", "tariffId"),
    ("id", lambda c: c["id"][:8]),
]
SPARE = ("tariff", "evse", "ended", "id token", "started")
CSV_FIELDS = (
    "id", "transactionId", "stationId", "evseId", "connectorId", "idToken", "startedAt", "endedAt", "energyWh",
    "currency", "totalCost", "totalCostInclVat", "tariffId", "createdAt",
)  # fmt: skip


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    limit: int = typer.Option(50, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List CDRs, newest first."""
    found = run(ctx, "cdr.list", station=station, limit=limit, tenant=tenant)
    show(json, found, COLUMNS, empty="no CDR yet", spare=SPARE)


@app.command("show")
def show_(
    ctx: typer.Context,
    cdr: str = typer.Argument(..., help="Its id, the first characters of it, or its transaction's id."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show one CDR; --json gives the whole OCPI object."""
    found = run(ctx, "cdr.show", cdr=cdr, tenant=tenant)
    pairs: list[Column] = [*COLUMNS[:-1], ("id", "id"), ("transaction", "transactionId")]
    show_one(json, found, pairs)


@app.command()
def export(
    ctx: typer.Context,
    format: Format = typer.Option(Format.CSV, "--format", help="csv or json (OCPI objects)."),
    since: str = typer.Option("", "--from", help="Ended at or after this date (UTC) or ISO 8601 time."),
    until: str = typer.Option("", "--to", help="Ended before it."),
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    tenant: str | None = TenantOption,
) -> None:
    """Print CDRs for accounting."""
    found = run(
        ctx, "cdr.list", station=station, limit=1_000_000, tenant=tenant, ended_from=instant("--from", since),
        ended_before=instant("--to", until),
    )  # fmt: skip
    if format is Format.JSON:
        print_json([entry["document"] for entry in found])
        return
    print_csv(reversed(found), CSV_FIELDS)
