"""csms audit: who did what, and whether the record of it is whole."""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, run, show, show_one, when
from csms.errors import Conflict

app = typer.Typer(name="audit", help="Who did what.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("when", lambda a: when(a["at"])),
    ("who", "actor"),
    ("from", "origin"),
    ("what", "action"),
    ("on", "subject"),
    ("detail", lambda a: str(a["detail"])),
]

VERDICT: list[Column] = [
    ("as it was written", lambda v: "yes" if v["intact"] else "no"),
    ("changes", "links"),
    ("ends with", "digest"),
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


@app.command()
def verify(
    ctx: typer.Context,
    expect: str | None = typer.Option(
        None, "--expect", help="A digest that an earlier verification ended with, kept elsewhere."
    ),
    json: bool = JsonFlag,
) -> None:
    """Check that no change of anybody was altered, removed or slipped in: exit code 5 when one was.

    Keep the digest it prints somewhere else, and give it to the next verification.
    """
    found = run(ctx, "audit.verify", expect=expect)
    show_one(json, found, VERDICT)
    if not found["intact"]:
        raise Conflict(f"the audit was tampered with at row {found['brokenAt']}: {found['reason']}")
