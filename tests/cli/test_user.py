"""Users and their API keys from the command line, with the appliance running and stopped."""

import json

import pytest

from tests.cli.conftest import Cli
from tests.wire.appliance import Appliance


@pytest.fixture(params=["running", "stopped"])
def run(request: pytest.FixtureRequest, cli: Cli, stopped: Cli) -> Cli:
    """The command line, with and without an appliance on its data directory."""
    return cli if request.param == "running" else stopped


async def say(run: Cli, *argv: str) -> str:
    done = await run(*argv)
    assert (done.code, done.err) == (0, ""), done
    return done.out


async def test_a_user_from_the_first_day_to_the_last(run: Cli) -> None:
    made = json.loads(await say(run, "user", "add", "Ops@Example.com", "--role", "OPERATOR", "--json"))
    assert (made["email"], made["role"], len(made["password"])) == ("ops@example.com", "OPERATOR", 24)
    assert (await run("user", "add", "ops@example.com", "--role", "VIEWER")).code == 5
    assert (
        await say(run, "user", "role", "ops@example.com", "TENANT_ADMIN")
        == "ops@example.com is TENANT_ADMIN\n"
    )
    changed = json.loads(await say(run, "user", "password", "ops@example.com", "--json"))
    assert changed["password"] != made["password"]
    chosen = await say(run, "user", "password", "ops@example.com", "--set", "correct horse battery")
    assert "correct horse" not in chosen
    assert (await run("user", "password", "ops@example.com", "--set", "short")).code == 2
    assert await say(run, "user", "block", "ops@example.com") == "ops@example.com is blocked\n"
    assert json.loads(await say(run, "user", "show", "ops@example.com", "--json"))["status"] == "BLOCKED"
    assert await say(run, "user", "unblock", "ops@example.com") == "ops@example.com is active\n"
    assert "ops@example.com" in await say(run, "user", "list")
    shown = await say(run, "user", "list", "--json")
    assert "password" not in shown.casefold()
    assert await say(run, "user", "remove", "ops@example.com", "--yes") == "ops@example.com is removed\n"
    assert (await run("user", "show", "ops@example.com")).code == 3


async def test_an_api_key_is_shown_once_and_removed_by_its_id(run: Cli) -> None:
    await say(run, "user", "add", "ops@example.com", "--role", "OPERATOR")
    options = ("--name", "meter", "--scope", "*.read", "--expires", "2099-01-31", "--json")
    made = json.loads(await say(run, "user", "api-key", "ops@example.com", *options))
    assert made["apiKey"].startswith(f"csms_{made['id']}_")
    assert (made["scope"], made["expiresAt"]) == ("*.read", "2099-01-31T00:00:00.000Z")
    listed = await say(run, "user", "api-keys", "ops@example.com", "--json")
    [key] = json.loads(listed)
    assert (key["id"], key["name"]) == (made["id"], "meter")
    assert made["apiKey"] not in listed
    await say(run, "user", "api-key-remove", "ops@example.com", made["id"], "--yes")
    assert json.loads(await say(run, "user", "api-keys", "ops@example.com", "--json")) == []


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("user", "add", "nobody", "--role", "VIEWER"), 2),
        (("user", "add", "a@b", "--role", "KING"), 2),
        (("user", "add", "a@b", "--role", "SUPER_ADMIN", "--tenant", "default"), 2),
        (("user", "api-key", "nobody@example.com"), 3),
        (("user", "api-key", "ops@example.com", "--scope", "moon.read"), 2),
        (("user", "api-key", "ops@example.com", "--expires", "2001-01-01"), 2),
        (("user", "role", "ops@example.com", "SUPER_ADMIN"), 2),
        (("user", "api-key-remove", "ops@example.com", "ff", "--yes"), 3),
    ],
)
async def test_what_cannot_be_is_refused(cli: Cli, argv: tuple[str, ...], code: int) -> None:
    await say(cli, "user", "add", "ops@example.com", "--role", "OPERATOR")
    assert (await cli(*argv)).code == code


async def test_the_last_super_admin_stays(cli: Cli, csms: Appliance) -> None:
    await say(cli, "user", "add", "root@example.com", "--role", "SUPER_ADMIN")
    assert (await cli("user", "block", "root@example.com")).code == 5
    assert (await cli("user", "remove", "root@example.com", "--yes")).code == 5
    await say(cli, "user", "add", "second@example.com", "--role", "SUPER_ADMIN")
    await say(cli, "user", "remove", "root@example.com", "--yes")
    [row] = await csms.rows("SELECT email FROM users")
    assert row["email"] == "second@example.com"


async def test_the_database_holds_no_password_and_no_key(cli: Cli, csms: Appliance) -> None:
    made = json.loads(await say(cli, "user", "add", "ops@example.com", "--role", "OPERATOR", "--json"))
    key = json.loads(await say(cli, "user", "api-key", "ops@example.com", "--json"))["apiKey"]
    for table in ("users", "api_keys", "audit", "outbox"):
        held = repr(await csms.rows(f"SELECT * FROM {table}"))
        assert made["password"] not in held
        assert key not in held
        assert key.rsplit("_", 1)[1] not in held
    [row] = await csms.rows("SELECT password_hash FROM users")
    assert row["password_hash"].startswith("$argon2id$")
