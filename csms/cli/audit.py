"""csms audit: who did what."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, run, show, when

app = typer.Typer(name="audit", help="Who did what.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("when", lambda a: when(a["at"])),
    ("who", "actor"),
    ("from", "origin"),
    ("what", "action"),
    ("on", "subject"),
    ("detail", lambda a: str(a["detail"])),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: int = typer.Option(50, "--limit", help="At most so many, newest first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List changes, newest first."""
    show(
        json,
        run(ctx, "audit.list", limit=limit, tenant=tenant),
        COLUMNS,
        empty="nothing was changed yet",
        spare=("from",),
    )
