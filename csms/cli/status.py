"""csms status: the running appliance at a glance."""

import typer

from csms.cli._console import Column, JsonFlag, moment, out, print_table, run, show_one


def status(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Show version, listeners, connected stations and running transactions."""
    found = run(ctx, "status")
    pairs: list[Column] = [
        ("version", "version"),
        ("running since", lambda s: moment(s["startedAt"])),
        ("store", "store"),
        ("stations", lambda s: f"{s['stations']} registered, {s['connected']} connected"),
        ("transactions", lambda s: f"{s['activeTransactions']} running"),
    ]
    show_one(json, found, pairs)
    if not json:
        out.print()
        print_table(found["listeners"], [("listener", "name"), ("addresses", "addresses")], empty="")
