"""csms pki trust: who is believed about stations, manufacturers, contracts and cars, each in a store of its own."""

from pathlib import Path

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, YesFlag, confirm, out, run, show, when
from csms.cli._pem import read_pem
from csms.model.certificate import TrustStore

app = typer.Typer(name="trust", help="Trust stores: add, list, remove.", no_args_is_help=True)
COLUMNS: list[Column] = [
    ("store", "store"),
    ("subject", "subject"),
    ("tenant", lambda a: a["tenantId"] or "all"),
    ("ends", lambda a: when(a["notAfter"])),
    ("fingerprint", lambda a: a["fingerprint"][:16]),
    ("note", "note"),
]


@app.command()
def add(
    ctx: typer.Context,
    store: TrustStore = typer.Argument(
        ..., metavar="STORE", help="station_ca, manufacturer, v2g, mo or oem."
    ),
    file: Path = typer.Argument(..., metavar="FILE.pem", help="CA certificates; - for stdin."),
    note: str | None = typer.Option(None, "--note", help="Why, for whoever asks later."),
    tenant: str | None = typer.Option(None, "--tenant", help="Only in this tenant; in all if absent."),
    json: bool = JsonFlag,
) -> None:
    """Trust the CA certificates of a file for one purpose."""
    added = run(ctx, "trust.add", store_name=store.value, pem=read_pem(file), note=note, tenant=tenant)
    show(json, added, COLUMNS)


@app.command("list")
def list_(
    ctx: typer.Context,
    store: TrustStore | None = typer.Option(None, "--store", help="Only this store."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List what is trusted besides our own authorities."""
    found = run(ctx, "trust.list", store_name=store.value if store else None, tenant=tenant)
    show(
        json,
        found,
        COLUMNS,
        empty="nothing but our own authorities is trusted",
        spare=("fingerprint", "note"),
    )


@app.command()
def remove(
    ctx: typer.Context,
    anchor: str = typer.Argument(..., help="The fingerprint, or its first 8 digits or more."),
    store: TrustStore | None = typer.Option(None, "--store", help="Where it stands, if in several."),
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
) -> None:
    """Trust a certificate no more; connections that stand are not closed."""
    confirm(yes, f"Trust {anchor} no more?")
    gone = run(ctx, "trust.remove", anchor=anchor, store_name=store.value if store else None, tenant=tenant)
    out.print(f"{gone['subject']} is not trusted for {gone['store']} any more")
