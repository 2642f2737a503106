"""csms user: who may use the management interfaces."""

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    run,
    show,
    show_one,
    when,
)
from csms.cli._export import instant
from csms.services.access import Role

app = typer.Typer(
    name="user", help="Users of REST, GraphQL and the dashboard, and their API keys.", no_args_is_help=True
)

COLUMNS: list[Column] = [
    ("email", "email"),
    ("role", "role"),
    ("status", "status"),
    ("last sign-in", lambda u: when(u["lastLoginAt"])),
    ("locked until", lambda u: when(u["lockedUntil"])),
    ("tenant", "tenantId"),
    ("id", "id"),
]
KEY_COLUMNS: list[Column] = [
    ("key", "id"),
    ("name", "name"),
    ("scope", "scope"),
    ("created", lambda k: when(k["createdAt"])),
    ("expires", lambda k: when(k["expiresAt"])),
    ("last used", lambda k: when(k["lastUsedAt"])),
]
PasswordOption = typer.Option(
    None, "--password", help="At least 12 characters; generated and shown once if absent."
)


@app.command()
def add(
    ctx: typer.Context,
    email: str,
    role: Role = typer.Option(..., "--role", help="What the user may do."),
    password: str | None = PasswordOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Create a user; the password is generated and shown once."""
    made = run(ctx, "user.add", email=email, role=role.value, password=password, tenant=tenant)
    show_one(json, made, [*COLUMNS, ("password", lambda u: u.get("password"))])


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List users."""
    found = run(ctx, "user.list", tenant=tenant)
    show(
        json, found, COLUMNS, empty="no user: csms init makes the first one", spare=("tenant", "locked until")
    )


@app.command("show")
def show_(ctx: typer.Context, email: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Show one user, by e-mail address or id."""
    show_one(json, run(ctx, "user.show", user=email, tenant=tenant), COLUMNS)


@app.command()
def role(ctx: typer.Context, email: str, role: Role, tenant: str | None = TenantOption) -> None:
    """Give a user another role; it counts at once."""
    changed = run(ctx, "user.role", user=email, role=role.value, tenant=tenant)
    out.print(f"{changed['email']} is {changed['role']}")


@app.command()
def password(
    ctx: typer.Context,
    email: str,
    password: str | None = typer.Option(None, "--set", help="At least 12 characters; generated if absent."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Give a user a new password; sign-ins with the old one end, and so does a lock."""
    made = run(ctx, "user.password", user=email, password=password, tenant=tenant)
    if json:
        print_json(made)
    elif made.get("password"):
        out.print(f"password of {made['email']}: {made['password']}   (shown this once)")
    else:
        out.print(f"the password of {made['email']} is changed")


@app.command()
def block(ctx: typer.Context, email: str, tenant: str | None = TenantOption) -> None:
    """Block a user: tokens and API keys are refused at once."""
    out.print(f"{run(ctx, 'user.blocked', user=email, blocked=True, tenant=tenant)['email']} is blocked")


@app.command()
def unblock(ctx: typer.Context, email: str, tenant: str | None = TenantOption) -> None:
    """Let a user in again that was blocked, or locked out after wrong passwords."""
    out.print(f"{run(ctx, 'user.blocked', user=email, blocked=False, tenant=tenant)['email']} is active")


@app.command()
def remove(ctx: typer.Context, email: str, tenant: str | None = TenantOption, yes: bool = YesFlag) -> None:
    """Remove a user with its API keys."""
    confirm(yes, f"Remove {email} with its API keys?")
    out.print(f"{run(ctx, 'user.remove', user=email, tenant=tenant)['email']} is removed")


@app.command("api-key")
def api_key(
    ctx: typer.Context,
    email: str,
    name: str | None = typer.Option(None, "--name", help="What it is for."),
    expires: str | None = typer.Option(None, "--expires", help="2027-01-31 or an ISO 8601 time with zone."),
    scope: str | None = typer.Option(
        None, "--scope", help="All that it may do, like 'station.* *.read'; else what the role may."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Make an API key for a user; it is shown once."""
    made = run(
        ctx, "user.api-key", user=email, name=name, scope=scope, tenant=tenant,
        expires_at=instant("--expires", expires) if expires else None,
    )  # fmt: skip
    if json:
        print_json(made)
    else:
        out.print(f"API key {made['id']} of {made['email']} (shown this once):\n{made['apiKey']}")


@app.command("api-keys")
def api_keys(
    ctx: typer.Context, email: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """List the API keys of a user, without their secrets."""
    found = run(ctx, "user.api-keys", user=email, tenant=tenant)
    show(json, found, KEY_COLUMNS, empty=f"no API key: csms user api-key {email}")


@app.command("api-key-remove")
def api_key_remove(
    ctx: typer.Context, email: str, key: str, tenant: str | None = TenantOption, yes: bool = YesFlag
) -> None:
    """Remove an API key by its id; whoever uses it is refused from now on."""
    confirm(yes, f"Remove API key {key} of {email}?")
    run(ctx, "user.api-key-remove", user=email, key=key, tenant=tenant)
    out.print(f"API key {key} is removed")
