"""The `csms` command: global options, every noun, and errors turned into one line and an exit code."""

import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import typer
from typer.main import get_command

from csms import __version__
from csms.cli import (
    alert,
    audit,
    cdr,
    config,
    db,
    doctor,
    firmware,
    help_pages,
    init,
    location,
    message,
    party,
    pki,
    reservation,
    serve,
    station,
    status,
    tariff,
    tenant,
    token,
    transaction,
    user,
    watch,
)
from csms.cli._console import JsonFlag, err, plain, print_json
from csms.cli._runtime import Session
from csms.cli.simulate import simulate
from csms.config import load
from csms.errors import CsmsError, InvalidInput, NotAllowed

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""What typer raises for a command line it does not understand; it exports only this one kind of it."""
TRACEBACK: Final = "CSMS_TRACEBACK"
"""Environment variable that lets an internal error show its traceback."""
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
    if ctx.resilient_parsing or ctx.invoked_subcommand in ("simulate", "version", "config"):
        ctx.obj = (data_dir, config_file)
        return
    ctx.obj = Session(load(data_dir, config_file, os.environ))


@app.command()
def version(json: bool = JsonFlag) -> None:
    """Print the version."""
    if json:
        print_json({"version": __version__})
    else:
        typer.echo(__version__)


app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("watch")(watch.watch)
app.command("simulate")(simulate)
for noun in (
    tenant,
    user,
    station,
    token,
    tariff,
    firmware,
    transaction,
    cdr,
    reservation,
    db,
    config,
    location,
    message,
    alert,
    audit,
    pki,
    party,
):
    app.add_typer(noun.app)


def main() -> None:
    """Run the command line and exit with the code of interfaces.md."""
    try:
        command = get_command(app)
        help_pages.show_as_written(command)
        code = command(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except UsageError as error:
        _misused(error)
    except CsmsError as error:
        fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        kind = NotAllowed if isinstance(error, PermissionError) else CsmsError
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), kind.exit_code)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        text = f"internal error: {type(error).__name__}: {error} ({TRACEBACK}=1 shows where)"
        fail(text, CsmsError.exit_code)


def _misused(error: Any) -> NoReturn:
    """Say what is wrong with the command line; where there was none, the help has been shown already."""
    text = error.format_message().strip().rstrip(".")
    if not text:
        sys.exit(InvalidInput.exit_code)
    path = (error.ctx.command_path if error.ctx else "csms").replace("{", "").replace("}", "")
    fail(f"{text}: see {path} --help", InvalidInput.exit_code)


def fail(text: str, code: int) -> NoReturn:
    """Say in one line what is wrong, and exit."""
    err.print(f"csms: {plain(' '.join(text.split()))}")
    sys.exit(code)


if __name__ == "__main__":
    main()
