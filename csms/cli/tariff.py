"""csms tariff: OCPI tariffs, where they apply, and how a total came about."""

import json as jsonlib
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, err, out, print_json, print_table, run, show
from csms.errors import InvalidInput, NotFound

app = typer.Typer(
    name="tariff", help="Tariffs (OCPI 2.2.1 objects) and what they cost.", no_args_is_help=True
)

COLUMNS: list[Column] = [
    ("id", "id"),
    ("currency", "currency"),
    ("active", "active"),
    ("elements", lambda t: len(t["document"].get("elements", ()))),
    ("applies to", "appliesTo"),
]


@app.command()
def add(
    ctx: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE.json", help="An OCPI 2.2.1 Tariff object; - for stdin."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Add a tariff, or replace the one of the same id; running charges keep the one they began with."""
    made = run(ctx, "tariff.add", document=_read(file), tenant=tenant)
    show(json, [made], COLUMNS)
    for warning in made["warnings"]:
        err.print(f"note: {warning}", markup=False)


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List tariffs."""
    show(json, run(ctx, "tariff.list", tenant=tenant), COLUMNS, empty="no tariff: csms tariff add FILE.json")


@app.command("show")
def show_(ctx: typer.Context, tariff: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Print one tariff as its OCPI object; --json adds whether it is active and where it applies."""
    found = run(ctx, "tariff.show", tariff=tariff, tenant=tenant)
    print_json(found if json else found["document"])


@app.command()
def assign(
    ctx: typer.Context,
    tariff: str,
    station: str | None = typer.Option(None, "--station", help="Only at this station."),
    evse: int | None = typer.Option(
        None, "--evse", help="Only at this EVSE (OCPP 1.6: connector) of the station."
    ),
    tenant: str | None = TenantOption,
) -> None:
    """Let a tariff apply to all stations of the tenant, to one, or to one EVSE; the nearest wins."""
    done = run(ctx, "tariff.assign", tariff=tariff, station=station, evse_id=evse, tenant=tenant)
    out.print(f"tariff {tariff} applies to {done['appliesTo']}")


@app.command()
def activate(ctx: typer.Context, tariff: str, tenant: str | None = TenantOption) -> None:
    """Let a tariff apply where it is assigned."""
    run(ctx, "tariff.active", tariff=tariff, active=True, tenant=tenant)
    out.print(f"tariff {tariff} is active")


@app.command()
def deactivate(ctx: typer.Context, tariff: str, tenant: str | None = TenantOption) -> None:
    """Keep a tariff from applying to new charges."""
    run(ctx, "tariff.active", tariff=tariff, active=False, tenant=tenant)
    out.print(f"tariff {tariff} is not active")


@app.command()
def explain(
    ctx: typer.Context, transaction: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show every line that made the total of a charge."""
    found = run(ctx, "tariff.explain", transaction=transaction, tenant=tenant)
    if json:
        print_json(found)
        return
    state = "final" if found["final"] else "so far"
    out.print(f"Transaction {found['transactionId']}, tariff {found['tariffId'] or 'none'} ({state})\n")
    print_table(found["lines"], LINES, empty="nothing is charged")
    for name in (
        "total_energy_cost",
        "total_time_cost",
        "total_parking_cost",
        "total_fixed_cost",
        "total_cost",
    ):
        if found["totals"].get(name):
            out.print(f"{name.replace('_', ' '):>20}  {_price(found['totals'][name])} {found['currency']}")


LINES: list[Column] = [
    ("what", "description"),
    ("quantity", lambda line: f"{line['quantity']} {line['unit']}"),
    ("price", "price"),
    ("VAT %", "vat"),
    ("excl. VAT total", lambda line: _number(line["exclVat"])),
    ("incl. VAT total", lambda line: _number(line["inclVat"])),
]


def _price(price: dict[str, Any]) -> str:
    including = price.get("incl_vat")
    return f"{price['excl_vat']} excl. VAT" + ("" if including is None else f", {including} incl. VAT")


def _number(value: Any) -> str:
    return "" if value is None else f"{Decimal(str(value)):.4f}"


def _read(file: Path) -> Any:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return jsonlib.loads(text)
    except FileNotFoundError:
        raise NotFound(f"no file {file}") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file}: {error}") from None
