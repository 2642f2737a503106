"""csms watch: a live table of stations and transactions, for SSH."""

import time
from typing import Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from csms.cli._console import JsonFlag, kwh, moment, out, print_json, run

COLOURS = {
    "CHARGING": "green",
    "OCCUPIED": "green",
    "FAULTED": "red",
    "UNAVAILABLE": "yellow",
    "AVAILABLE": "cyan",
}


def watch(
    ctx: typer.Context,
    interval: float = typer.Option(1.0, "--interval", min=0.2, help="Seconds between two looks."),
    once: bool = typer.Option(False, "--once", help="Look once and end."),
    json: bool = JsonFlag,
) -> None:
    """Watch stations and transactions live; Ctrl-C ends it."""
    found = run(ctx, "watch")
    if json:
        print_json(found)
        return
    if once:
        out.print(_screen(found))
        return
    with Live(_screen(found), refresh_per_second=4, screen=True) as live:
        while True:
            time.sleep(interval)
            live.update(_screen(run(ctx, "watch")))


def _screen(found: dict[str, Any]) -> Group:
    """Return both tables."""
    connected = sum(1 for s in found["stations"] if s["connection"])
    title = f"csms · {connected} of {len(found['stations'])} stations connected · {len(found['transactions'])} charging"
    return Group(
        Text(title, style="bold"),
        Text(),
        _stations(found["stations"]),
        Text(),
        _running(found["transactions"]),
    )


def _stations(stations: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("station", "link", "connectors", "vendor", "firmware", "last seen"):
        table.add_column(heading)
    for station in stations:
        link = Text("online", style="green") if station["connection"] else Text("offline", style="red")
        connectors = Text(" ").join(
            Text(f"{c['evseId']}:{c['status']}", style=COLOURS.get(c["status"], ""))
            for c in station["connectors"]
            if c["evseId"]
        )
        cells = (station["vendor"] or "", station["firmwareVersion"] or "", moment(station["lastSeenAt"]))
        table.add_row(station["stationId"], link, connectors, *cells)
    return table


def _running(transactions: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("transaction", "station", "evse", "id token", "started", "kWh", "kW"):
        table.add_column(heading, justify="right" if heading in ("kWh", "kW") else "left")
    for t in transactions:
        power = "" if t["powerW"] is None else f"{t['powerW'] / 1000:.1f}"
        table.add_row(
            t["ocppId"], t["stationId"], str(t["evseId"]), t["idToken"], moment(t["startedAt"]),
            kwh(t["energySoFarWh"]), power,
        )  # fmt: skip
    return table
