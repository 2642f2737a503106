"""csms tenant: who shares this appliance."""

import typer

from csms.cli._console import Column, JsonFlag, YesFlag, confirm, out, run, show, show_one, when
from csms.errors import InvalidInput
from csms.model.tenant import TenantType

app = typer.Typer(
    name="tenant", help="Tenants: the operators that share this appliance.", no_args_is_help=True
)

COLUMNS: list[Column] = [
    ("name", "name"),
    ("type", "tenantType"),
    ("status", "status"),
    ("party", lambda t: f"{t['countryCode']}*{t['partyId']}"),
    ("currency", "currency"),
    ("time zone", "timeZone"),
    ("id", "id"),
]


@app.command()
def add(
    ctx: typer.Context,
    name: str,
    type: TenantType = typer.Option(TenantType.CPO, "--type", help="What it does in roaming."),
    country: str = typer.Option("DE", "--country", help="ISO 3166."),
    party_id: str = typer.Option("CSM", "--party-id", help="OCPI party id."),
    currency: str = typer.Option("EUR", "--currency", help="ISO 4217."),
    timezone: str = typer.Option("Europe/Berlin", "--timezone", help="IANA name; tariffs follow it."),
    json: bool = JsonFlag,
) -> None:
    """Create a tenant."""
    made = run(
        ctx, "tenant.add", name=name, tenant_type=type.value, country_code=country, party_id=party_id,
        currency=currency, time_zone=timezone,
    )  # fmt: skip
    show_one(json, made, COLUMNS)


@app.command("list")
def list_(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """List tenants."""
    found = run(ctx, "tenant.list")
    empty = "no tenant: csms init makes the first one"
    show(json, found, COLUMNS, empty=empty, spare=("currency", "time zone"))


@app.command("show")
def show_(ctx: typer.Context, tenant: str, json: bool = JsonFlag) -> None:
    """Show one tenant, by name or id."""
    found = run(ctx, "tenant.show", tenant=tenant)
    show_one(json, found, [*COLUMNS, ("created", lambda t: when(t["createdAt"]))])


@app.command("local-lists")
def local_lists(ctx: typer.Context, tenant: str, follow: str = typer.Argument(..., metavar="on|off")) -> None:
    """Let the local lists of all its stations follow its id tokens, or not."""
    if follow not in ("on", "off"):
        raise InvalidInput(f"local lists follow on or off, not {follow}")
    changed = run(ctx, "tenant.local-lists", tenant=tenant, follows=follow == "on")
    said = "follow" if changed["localListSync"] else "do not follow"
    out.print(f"the local lists of {changed['name']} {said} its id tokens")


@app.command()
def suspend(ctx: typer.Context, tenant: str, yes: bool = YesFlag) -> None:
    """Suspend a tenant: its stations are refused until it is activated again."""
    confirm(yes, f"Suspend {tenant}? Its stations can then not connect")
    _set_status(ctx, tenant, "SUSPENDED")


@app.command()
def activate(ctx: typer.Context, tenant: str) -> None:
    """Activate a suspended tenant."""
    _set_status(ctx, tenant, "ACTIVE")


@app.command()
def terminate(ctx: typer.Context, tenant: str, yes: bool = YesFlag) -> None:
    """Terminate a tenant for good; its records stay."""
    confirm(yes, f"Terminate {tenant} for good?")
    _set_status(ctx, tenant, "TERMINATED")


def _set_status(ctx: typer.Context, tenant: str, status: str) -> None:
    changed = run(ctx, "tenant.status", tenant=tenant, status=status)
    out.print(f"{changed['name']} is {changed['status']}")
