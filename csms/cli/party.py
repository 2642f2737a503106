"""csms party: roaming partners over OCPI."""

from collections.abc import Mapping
from typing import Any

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
    show_one,
    when,
)
from csms.errors import FarEndFailed
from csms.model.party import OcpiRole

app = typer.Typer(name="party", help="Roaming partners over OCPI.", no_args_is_help=True)
PartyArgument = typer.Argument(
    ..., metavar="PARTY", help="Its id, its name, or country and party id like DE*ABC."
)


def _roles(party: Mapping[str, Any]) -> str:
    return ", ".join(f"{r['role']} {r['countryCode']}*{r['partyId']}" for r in party["roles"])


COLUMNS: list[Column] = [
    ("name", "name"),
    ("status", "status"),
    ("roles", lambda p: _roles(p) or p["expectedRole"]),
    ("last seen", lambda p: when(p["lastSeenAt"])),
    ("problem", "problem"),
    ("id", "id"),
]
PAIRS: list[Column] = [
    *COLUMNS,
    ("version", "version"),
    ("versions", "versionsUrl"),
    ("token form", "tokenForm"),
    ("since", lambda p: when(p["createdAt"])),
]
UNDELIVERED: list[Column] = [
    ("at", lambda p: when(p["at"])),
    ("what", "kind"),
    ("of", "subject"),
    ("why", "reason"),
]
ENDPOINTS: list[Column] = [("module", "module"), ("side", "interface"), ("url", "url")]


@app.command()
def invite(
    ctx: typer.Context,
    role: OcpiRole | None = typer.Option(None, "--role", help="What the partner is, for your own list."),
    name: str | None = typer.Option(None, "--name", help="What you call it; else the name it gives itself."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Make a token with which a partner can register here; it is shown once."""
    made = run(ctx, "party.invite", role=role.value if role else None, name=name, tenant=tenant)
    show_one(
        json,
        made,
        [("name", "name"), ("token", "token"), ("versions", "versionsUrl"), ("id", "id")],
    )


@app.command()
def register(
    ctx: typer.Context,
    versions_url: str = typer.Argument(..., help="The partner's versions address."),
    token: str = typer.Argument(..., help="The token it gave you, as it was written."),
    name: str | None = typer.Option(None, "--name", help="What you call it; else the name it gives itself."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Register with a partner that invited you; repeat it if its answer was lost."""
    made = run(ctx, "party.register", versions_url=versions_url, token=token, name=name, tenant=tenant)
    show_one(json, made, PAIRS)


@app.command("list")
def list_(
    ctx: typer.Context,
    every: bool = typer.Option(False, "--all", help="Also those that were removed."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List partners and how the connection to each of them stands."""
    show(json, run(ctx, "party.list", removed=every, tenant=tenant), COLUMNS, empty="no partners yet")


@app.command("show")
def show_(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show a partner with what it serves."""
    found = run(ctx, "party.show", party=party, tenant=tenant)
    show_one(json, found, PAIRS)
    if not json and found["endpoints"]:
        print_table(found["endpoints"], ENDPOINTS, empty="")


@app.command()
def sync(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Catch up with a partner after an outage; says what could not be brought up to date."""
    done = run(ctx, "party.sync", party=party, tenant=tenant)
    if json:
        print_json(done)
    else:
        for step, counts in done["done"].items():
            out.print(f"{step}: {', '.join(f'{count} {what}' for what, count in counts.items()) or 'done'}")
        for step, why in done["failed"].items():
            err.print(f"{step}: {plain(why)}")
    if done["failed"]:
        raise FarEndFailed(f"{done['name']}: {len(done['failed'])} of the steps failed")


@app.command()
def undelivered(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """List what could not be sent to a partner and was given up; sync sends it again."""
    found = run(ctx, "party.undelivered", party=party, tenant=tenant)
    show(json, found, UNDELIVERED, empty="nothing was given up")


@app.command()
def rotate(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Exchange the tokens of both directions; the old ones are good until the new ones were used."""
    show_one(json, run(ctx, "party.rotate", party=party, tenant=tenant), PAIRS)


@app.command()
def suspend(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Refuse a partner's requests and send it nothing."""
    _changed(json, run(ctx, "party.suspend", party=party, tenant=tenant))


@app.command()
def resume(
    ctx: typer.Context, party: str = PartyArgument, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Let a suspended partner take part again."""
    _changed(json, run(ctx, "party.suspend", party=party, suspended=False, tenant=tenant))


@app.command()
def remove(
    ctx: typer.Context,
    party: str = PartyArgument,
    yes: bool = YesFlag,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Leave a partner: tell it, and refuse its tokens from now on."""
    confirm(yes, f"remove partner {party}?")
    done = run(ctx, "party.remove", party=party, tenant=tenant)
    if json:
        print_json(done)
    else:
        out.print(f"{done['name']} is removed" + ("" if done["told"] else "; it was not told"))


def _changed(json: bool, party: dict[str, Any]) -> None:
    if json:
        print_json(party)
    else:
        out.print(f"{party['name']} is {party['status']}")
