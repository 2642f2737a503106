"""csms message: the OCPP message log."""

import json as json_module
import time

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, print_json, print_table, run, show, when

app = typer.Typer(name="message", help="The OCPP message log.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("when", lambda m: when(m["at"])),
    ("station", "stationId"),
    ("", lambda m: "←" if m["direction"] == "in" else "→"),
    ("action", "action"),
    ("request", "request"),
    ("answer", lambda m: _answer(m["response"])),
    ("note", "note"),
]
SPARE = ("answer", "request")
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
    show(json, found, COLUMNS, empty="no message", spare=SPARE)
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
                print_table(new, COLUMNS, empty="", spare=SPARE)


def _answer(frame: str | None) -> str:
    """Return what matters of an answer: the payload, or code and description of an error."""
    if frame is None:
        return ""
    try:
        parsed = json_module.loads(frame)
    except ValueError:
        return frame
    match parsed:
        case [3, _, payload]:
            return json_module.dumps(payload, separators=(",", ":"))
        case [4, _, code, description, *_]:
            return f"{code}: {description}"
    return frame
