"""csms transaction: what charged, what charges now, and every correction made to what stations reported."""

from collections.abc import Mapping
from typing import Any

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    kwh,
    moment,
    out,
    print_json,
    print_pairs,
    print_table,
    run,
    show,
    show_one,
    when,
)
from csms.cli._export import Format, print_csv

app = typer.Typer(name="transaction", help="Transactions, running and ended.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("id", "ocppId"),
    ("station", "stationId"),
    ("evse", "evseId"),
    ("id token", "idToken"),
    ("state", "state"),
    ("started", lambda t: when(t["startedAt"])),
    ("ended", lambda t: when(t["endedAt"])),
    ("kWh", lambda t: kwh(t["energyWh"])),
    ("reason", "stopReason"),
]
_NO_CDR = {
    "ACTIVE": "none yet: it has not ended",
    "AWAITING_STOP": "none yet: its stop has not arrived, though another has begun on its EVSE",
    "ORPHANED": "none: it is a stop whose transaction is not known",
}
SPARE = ("reason", "evse", "ended")
CSV_FIELDS = (
    "id", "ocppId", "stationId", "evseId", "connectorId", "idToken", "authorization", "state", "startedAt",
    "endedAt", "meterStartWh", "meterStopWh", "energyWh", "stopReason", "tariffId",
)  # fmt: skip


@app.command("list")
def list_(
    ctx: typer.Context,
    active: bool = typer.Option(False, "--active", help="Only those not ended."),
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    limit: int = typer.Option(50, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List transactions, newest first."""
    found = run(ctx, "transaction.list", active=active, station=station, limit=limit, tenant=tenant)
    show(json, found, COLUMNS, empty="no transaction", spare=SPARE)


@app.command("show")
def show_(
    ctx: typer.Context,
    transaction: str = typer.Argument(..., help="Its id, or the transaction id of the station."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show one transaction: meter values and every correction."""
    found = run(ctx, "transaction.show", transaction=transaction, tenant=tenant)
    if json:
        print_json(found)
        return
    pairs = [(name, found.get(key) if isinstance(key, str) else key(found)) for name, key in COLUMNS]
    meter = f"{found['meterStartWh']} → {found['meterStopWh']} Wh"
    print_pairs([*pairs, ("meter", meter), ("tariff", found["tariffId"]), ("cdr", _cdr(found))])
    if found["corrections"]:
        out.print("\nCorrections", style="bold")
        columns: list[Column] = [("when", lambda c: moment(c["at"])), ("what", "kind"), ("detail", _detail)]
        print_table(found["corrections"], columns, empty="")
    out.print(f"\nMeter values ({len(found['meterValues'])})", style="bold")
    readings: list[Column] = [("taken", lambda r: moment(r["takenAt"])), ("Wh", "energyWh"), ("W", "powerW")]
    print_table(found["meterValues"][-20:], [*readings, ("samples", _samples)], empty="none")


@app.command()
def close(
    ctx: typer.Context,
    transaction: str = typer.Argument(..., help="Its id, or the transaction id of the station."),
    meter_stop_wh: int | None = typer.Option(
        None, "--meter-stop-wh", help="The register, if you read it yourself."
    ),
    at: str | None = typer.Option(
        None, "--at", help="When it ended, ISO 8601 with zone; else at the last reading."
    ),
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """End a running transaction whose stop will never come, and write its CDR."""
    confirm(yes, f"End transaction {transaction} for good?")
    done = run(
        ctx,
        "transaction.close",
        transaction=transaction,
        meter_stop_wh=meter_stop_wh,
        ended_at=at,
        tenant=tenant,
    )
    show_one(json, done, [*COLUMNS, ("cdr", "cdrId")])


@app.command()
def export(
    ctx: typer.Context,
    format: Format = typer.Option(Format.CSV, "--format", help="csv or json."),
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    limit: int = typer.Option(100_000, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
) -> None:
    """Print transactions, running ones included; csms cdr export has what they cost."""
    found = run(ctx, "transaction.list", station=station, limit=limit, tenant=tenant)
    if format is Format.JSON:
        print_json(found)
    else:
        print_csv(reversed(found), CSV_FIELDS)


def _cdr(transaction: Mapping[str, Any]) -> str | None:
    """Return the id of the CDR, or in one line why there is none."""
    unseen = any(correction["kind"] == "start_unseen" for correction in transaction["corrections"])
    if transaction["cdrId"] is not None:
        return str(transaction["cdrId"])
    if transaction["state"] == "ENDED" and unseen:
        return "none yet: its start has not arrived (csms transaction close bills what is known)"
    return _NO_CDR.get(transaction["state"])


def _detail(correction: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in correction["detail"].items())


def _samples(reading: Mapping[str, Any]) -> str:
    shown = [f"{s['measurand']}{' ' + s['phase'] if 'phase' in s else ''}" for s in reading["samples"]]
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")
