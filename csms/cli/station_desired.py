"""csms station desired: settings as stations ought to have them, compared after every boot."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, err, out, plain, print_json, run, show

app = typer.Typer(name="desired", help="Settings as stations ought to have them.", no_args_is_help=True)

StationOption = typer.Option(None, "--station", help="Only of this station.")
ModelOption = typer.Option(None, "--model", help="Only of stations of this model, or 'vendor model'.")
COLUMNS: list[Column] = [
    ("setting", "name"),
    ("value", "value"),
    ("for", lambda d: f"{d['scope'].lower()} {d['subject'] or ''}".strip()),
    ("by", "updatedBy"),
]
MENDED = ("IN_STEP", "SENT", "REBOOT_REQUIRED")


@app.command("set")
def set_(
    ctx: typer.Context,
    name: str = typer.Argument(
        ..., help="OCPP 1.6 key or OCPP 2.0.1 variable; the other is found by itself."
    ),
    value: str = typer.Argument(...),
    station: str | None = StationOption,
    model: str | None = ModelOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Desire a setting of all stations, of a model, or of one station; the nearest counts."""
    made = run(ctx, "desired.set", name=name, value=value, station=station, model=model, tenant=tenant)
    if json:
        print_json(made)
    else:
        whose = f"{made['scope'].lower()} {made['subject']}".strip()
        out.print(plain(f"{made['name']} is to be {made['value']} ({whose})"))


@app.command()
def remove(
    ctx: typer.Context,
    name: str,
    station: str | None = StationOption,
    model: str | None = ModelOption,
    tenant: str | None = TenantOption,
) -> None:
    """Desire a setting no more; stations keep what they hold."""
    run(ctx, "desired.remove", name=name, station=station, model=model, tenant=tenant)
    out.print(plain(f"{name} is no longer desired there"))


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="What counts for this station."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List what is desired."""
    found = run(ctx, "desired.list", station=station, tenant=tenant)
    show(json, found, COLUMNS, empty="nothing is desired: csms station desired set NAME VALUE", spare=("by",))


@app.command()
def apply(
    ctx: typer.Context,
    station: str,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Compare and send now, also to a quiet station and what it has refused before."""
    found = run(ctx, "desired.apply", station=station, tenant=tenant)
    columns: list[Column] = [
        ("setting", "name"),
        ("desired", "value"),
        ("outcome", "outcome"),
        ("detail", "detail"),
    ]
    show(json, found, columns, empty=f"nothing is desired of {station}: csms station desired set NAME VALUE")
    left = [entry["name"] for entry in found if entry["outcome"] not in MENDED]
    if left:
        err.print(plain(f"csms: {station} has not taken {', '.join(left)}"))
        raise typer.Exit(6)
