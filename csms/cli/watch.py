"""csms watch: a live table of stations and transactions, for SSH."""

import time
from typing import Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from csms.cli._console import JsonFlag, kwh, one_line, plain, print_json, print_one, run, time_of_day

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
        print_one(_screen(found))
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
    table = _table(("station", "link", "connectors", "vendor", "firmware", "last seen"))
    for station in stations:
        link = Text("online", style="green") if station["connection"] else Text("offline", style="red")
        connectors = one_line("")
        for connector in station["connectors"]:
            if connector["evseId"]:
                text = f"{connector['evseId']}:{connector['status']} "
                connectors.append(text, COLOURS.get(connector["status"], ""))
        cells = (station["vendor"], station["firmwareVersion"], time_of_day(station["lastSeenAt"]))
        table.add_row(
            one_line(station["stationId"]), link, connectors, *(one_line(plain(c or "")) for c in cells)
        )
    return table


def _running(transactions: list[dict[str, Any]]) -> Table:
    table = _table(("transaction", "station", "evse", "id token", "started", "kWh", "kW"))
    for t in transactions:
        power = "" if t["powerW"] is None else f"{t['powerW'] / 1000:.1f}"
        cells = (
            t["ocppId"], t["stationId"], t["evseId"], t["idToken"], time_of_day(t["startedAt"]),
            kwh(t["energySoFarWh"]), power,
        )  # fmt: skip
        table.add_row(*(one_line(plain("" if cell is None else cell)) for cell in cells))
    return table


def _table(columns: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns:
        table.add_column(one_line(heading), justify="right" if heading in ("kWh", "kW") else "left")
    return table
