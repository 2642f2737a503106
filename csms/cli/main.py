"""The `csms` command: global options, every noun, and errors turned into one line and an exit code."""

import sys
from pathlib import Path

import typer

from csms import __version__
from csms.cli import (
    audit,
    cdr,
    config,
    db,
    doctor,
    init,
    message,
    serve,
    station,
    status,
    tariff,
    tenant,
    token,
    transaction,
    watch,
)
from csms.cli._console import err
from csms.cli._runtime import Session
from csms.cli.simulate import simulate
from csms.config import load
from csms.errors import CsmsError

app = typer.Typer(
    name="csms",
    help="Charging station management system: one process, run from this command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    ctx: typer.Context,
    data_dir: Path | None = typer.Option(None, "--data-dir", help="Data directory [env: CSMS_DATA_DIR]."),
    config_file: Path | None = typer.Option(None, "--config", help="Configuration file, csms.toml."),
) -> None:
    """Prepare what every verb needs."""
    import os

    if ctx.resilient_parsing or ctx.invoked_subcommand in ("simulate", "version", "config"):
        ctx.obj = (data_dir, config_file)
        return
    ctx.obj = Session(load(data_dir, config_file, os.environ))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("watch")(watch.watch)
app.command("simulate")(simulate)
for noun in (tenant, station, token, tariff, transaction, cdr, db, config, message, audit):
    app.add_typer(noun.app)


def main() -> None:
    """Run the command line and exit with the code of interfaces.md."""
    try:
        app()
    except CsmsError as error:
        err.print(f"csms: {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
