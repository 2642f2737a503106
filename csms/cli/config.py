"""csms config: what is configured, from where, and whether it can work."""

import os
from pathlib import Path

import typer

from csms import config as configuration
from csms.cli._console import Column, JsonFlag, out, print_json, show

app = typer.Typer(name="config", help="The configuration.", no_args_is_help=True)


def _given(ctx: typer.Context) -> tuple[Path | None, Path | None]:
    given: tuple[Path | None, Path | None] = ctx.find_root().obj
    return given


@app.command()
def check(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Check the configuration; every problem is named with file, line, key and mend."""
    problems = configuration.check(*_given(ctx), os.environ)
    if json:
        print_json([{"where": p.where, "key": p.key, "fault": p.fault} for p in problems])
    for problem in () if json else problems:
        out.print(str(problem))
    if not problems and not json:
        out.print("the configuration is good")
    raise typer.Exit(2 if problems else 0)


@app.command("show")
def show_(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Show every setting, its value and where it comes from."""
    settings = configuration.describe(configuration.load(*_given(ctx), os.environ))
    rows = [{"key": key, "value": value, "source": source} for key, value, source in settings]
    columns: list[Column] = [("key", "key"), ("value", "value"), ("from", "source")]
    show(json, rows, columns)


@app.command()
def path(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Print which data directory and configuration file are used."""
    loaded = configuration.load(*_given(ctx), os.environ)
    places = {"dataDir": str(loaded.data_dir), "file": str(loaded.file) if loaded.file else None}
    show(json, [places], [("data directory", "dataDir"), ("file", "file")])
