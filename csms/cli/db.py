"""csms db: the database."""

import typer

from csms.cli._console import out, session
from csms.store import migrate as migration

app = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@app.command()
def migrate(ctx: typer.Context) -> None:
    """Bring the database to this version's schema."""
    applied = migration.migrate(session(ctx).config.store.url)
    for name in applied:
        out.print(f"applied {name}")
    if not applied:
        out.print("the database is up to date")
