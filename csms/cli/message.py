"""csms message: the OCPP message log."""

import time

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, print_json, print_table, run, show, when

app = typer.Typer(name="message", help="The OCPP message log.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("when", lambda m: when(m["at"])),
    ("station", "stationId"),
    ("", lambda m: "←" if m["direction"] == "in" else "→"),
    ("action", "action"),
    ("request", lambda m: _short(m["request"])),
    ("answer", lambda m: _short(m["response"])),
    ("note", "note"),
]
POLL_S = 0.5


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    action: str | None = typer.Option(None, "--action", help="Only this action, by its wire name."),
    limit: int = typer.Option(50, "--limit", help="At most so many, the latest."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with new ones until Ctrl-C."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List messages, oldest first; heartbeats are not kept."""
    found = run(ctx, "message.list", station=station, action=action, limit=limit, tenant=tenant)
    show(json, found, COLUMNS, empty="no message")
    position = found[-1]["id"] if found else 0
    while follow:
        time.sleep(POLL_S)
        new = run(
            ctx, "message.list", station=station, action=action, limit=500, tenant=tenant, after=position
        )
        if new:
            position = new[-1]["id"]
            if json:
                print_json(new)
            else:
                print_table(new, COLUMNS, empty="")


def _short(text: str | None) -> str:
    return "" if not text else text if len(text) <= 60 else text[:59] + "…"
