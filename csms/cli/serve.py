"""csms serve: run the appliance until SIGTERM."""

import typer

from csms.cli._console import session


def serve(ctx: typer.Context) -> None:
    """Run the appliance: every listener of the configuration in one process, until SIGTERM or Ctrl-C."""
    from csms import appliance

    raise typer.Exit(appliance.run(session(ctx).config))
