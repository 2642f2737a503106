"""csms token places: at which stations and EVSEs an id token is valid."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, YesFlag, confirm, out, run, show

app = typer.Typer(
    name="places",
    help="Where an id token is valid: everywhere without places, at these alone with some.",
    no_args_is_help=True,
)

COLUMNS: list[Column] = [
    ("uid", "uid"),
    ("station", "stationId"),
    ("EVSE", lambda place: str(place["evseId"]) if place["evseId"] else "all"),
]
EMPTY = "valid at no station left: csms token places remove UID lets it charge everywhere again"
EVERYWHERE = "{} is valid everywhere"
EvseOption = typer.Option(0, "--evse", help="One EVSE; the whole station if absent.")


@app.command()
def add(
    ctx: typer.Context,
    uid: str,
    station: str = typer.Option(..., "--station", help="Where it is valid."),
    evse: int = EvseOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Let an id token charge here, and from its first place on nowhere else."""
    show(json, run(ctx, "token.place.add", uid=uid, station=station, evse=evse, tenant=tenant), COLUMNS)


@app.command()
def remove(
    ctx: typer.Context,
    uid: str,
    station: str | None = typer.Option(None, "--station", help="All places if absent."),
    evse: int = EvseOption,
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Remove a place of an id token, or all; without any it is valid everywhere."""
    if station is None:
        confirm(yes, f"Let {uid} charge everywhere?")
    left = run(ctx, "token.place.remove", uid=uid, station=station, evse=evse, tenant=tenant)
    if json or left:
        show(json, left, COLUMNS)
    else:
        out.print(EVERYWHERE.format(uid))


@app.command("list")
def list_(ctx: typer.Context, uid: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List the places of an id token."""
    found = run(ctx, "token.place.list", uid=uid, tenant=tenant)
    if json or found:
        show(json, found, COLUMNS)
        return
    bound = run(ctx, "token.show", uid=uid, tenant=tenant)["bound"]
    out.print(EMPTY if bound else EVERYWHERE.format(uid))
