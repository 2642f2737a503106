"""What goes wrong on the command line: one line on stderr that names the mend, nothing on stdout, and an exit code."""

from pathlib import Path

import pytest

from csms import appliance
from csms.cli import main
from csms.store.migrate import migrate
from csms.store.migrations import MIGRATIONS
from tests.cli.conftest import Cli

WRONG: dict[str, tuple[int, str]] = {
    "frobnicate": (2, "No such command 'frobnicate': see csms --help"),
    "station add": (2, "Missing argument 'ID': see csms station add --help"),
    "station list --limit": (2, "No such option: --limit: see csms station list --help"),
    "station add X --profile 9": (2, "Invalid value for '--profile'"),
    "station call CP1 Teleport": (2, "'Teleport'"),
    "station call CP1 Reset {]": (2, "the payload is not JSON"),
    "station call CP1 Reset [1]": (2, "the payload must be a JSON object"),
    'station call CP1 Reset {"type":"Warm"}': (2, "Reset: "),
    "station update CP1 --quirk strict": (2, "--quirk strict: write NAME=VALUE"),
    "tenant add X --timezone Mars/Olympus": (2, "Mars/Olympus"),
    "tenant add X --currency EURO": (2, "EURO"),
    "token add X --expires tomorrow": (2, "expires"),
    "cdr export --from yesterday": (2, "--from yesterday: write a date like 2026-01-31"),
    "db export --to all.json": (2, "give the file a name that ends in .jsonl"),
    "db backup --to /nowhere/csms.db": (2, "/nowhere/csms.db: there is no directory /nowhere"),
    "station show NOPE": (
        3,
        "no station NOPE: csms station list shows all, csms station add NOPE registers it",
    ),
    "station call NOPE Reset": (3, "no station NOPE"),
    "token show NOPE": (3, "NOPE"),
    "tariff show NOPE": (3, "NOPE"),
    "tariff explain 4711": (3, "4711"),
    "transaction show 4711": (3, "4711"),
    "cdr show 47114711": (3, "47114711"),
    "tenant show NOPE": (3, "NOPE"),
    "station list --tenant NOPE": (3, "NOPE"),
    "token import /nowhere.csv": (3, "no file /nowhere.csv"),
    "tariff add /nowhere.json": (3, "no file /nowhere.json"),
    "station add CP1": (5, "station CP1 exists already"),
    "token add tag1": (5, "exists already"),
    "tenant add default": (5, "exists already"),
    "init": (5, "exists already"),
}


@pytest.mark.parametrize("line", WRONG)
async def test_one_line_and_the_code(line: str, cli: Cli, stopped: Cli) -> None:
    code, text = WRONG[line]
    for run in (cli, stopped):
        if run is stopped and line.startswith("station call"):
            continue  # which is 7 there
        done = await run(*line.split())
        assert (done.code, done.out) == (code, ""), done.err
        assert done.err.count("\n") == 1
        assert done.err.startswith("csms: ")
        assert text in done.err


async def test_a_station_that_is_not_there_is_6(cli: Cli) -> None:
    done = await cli("station", "call", "CP1", "Reset", '{"type":"Soft"}')
    assert done.code == 6
    assert done.err == "csms: CP1 offline: the station is not connected\n"


@pytest.mark.parametrize("line", ["status", "watch", "station call CP1 Reset", "station command CP1 reset"])
async def test_an_appliance_that_is_not_there_is_7(line: str, stopped: Cli) -> None:
    done = await stopped(*line.split())
    assert (done.code, done.out) == (7, "")
    assert done.err == "csms: the appliance is not running here: start it with csms serve\n"


async def test_a_database_of_a_newer_version_is_1(store_url: str, stopped: Cli) -> None:
    migrate(store_url, [*MIGRATIONS, ("9999_later", ())])
    done = await stopped("station", "list")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        "csms: the database was written by a newer version of csms (it has 9999_later); "
    )
    assert done.err.count("\n") == 1


async def test_no_database_is_1_and_names_the_mend(
    tmp_path: Path, stopped: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSMS_STORE_URL", f"sqlite:///{tmp_path}/none/csms.db")
    for line in ("station list", "db status", f"db backup --to {tmp_path}/never.db"):
        done = await stopped(*line.split())
        assert done.code == 1
        assert "csms init" in done.err
        assert done.err.count("\n") == 1


async def test_a_mistake_of_ours_is_1_and_one_line(stopped: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(appliance, "run", broken)
    done = await stopped("serve")
    assert done.code == 1
    assert (
        done.err
        == "csms: internal error: ZeroDivisionError: division by zero (CSMS_TRACEBACK=1 shows where)\n"
    )
    monkeypatch.setenv(main.TRACEBACK, "1")
    with pytest.raises(ZeroDivisionError):
        await stopped("serve")


async def test_what_the_operating_system_refuses_names_the_file(tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "folder.json"
    folder.mkdir()
    for noun in (("tariff", "add"), ("token", "import")):
        done = await cli(*noun, str(folder))
        assert done.code == 2
        assert str(folder) in done.err
        assert done.err.count("\n") == 1


DESTRUCTIVE = (
    "station remove CP1",
    "token remove TAG1",
    "tenant suspend default",
    "tenant terminate default",
)

ASKING = (
    "firmware remove X",
    "location remove X",
    "party remove X",
    "pki init --anew",
    "pki key remove",
    "pki revoke X",
    "pki rollover",
    "pki trust remove X",
    "station certificate CP1 delete X",
    "station log remove X",
    "token places remove X",
    "transaction close X",
    "user api-key-remove X Y",
    "user remove X",
)
"""What asks before it looks whether there is anything."""
ASKING_ELSEWHERE = {
    "csms db restore",
    "csms station command ID firmware",
    "csms station command ID customer",
}


@pytest.mark.parametrize("line", ASKING)
async def test_what_cannot_be_undone_asks_first(line: str, stopped: Cli) -> None:
    refused = await stopped(*line.split())
    assert refused.code == 2
    assert refused.err.endswith("add --yes to do it without being asked\n")


@pytest.mark.parametrize("line", DESTRUCTIVE)
async def test_what_destroys_asks_first(line: str, cli: Cli) -> None:
    """Without a terminal there is nobody to ask: only --yes goes on."""
    refused = await cli(*line.split())
    assert refused.code == 2
    assert refused.err.endswith("add --yes to do it without being asked\n")
    assert (await cli("station", "show", "CP1")).code == 0
    assert (await cli("token", "show", "TAG1")).code == 0
    done = await cli(*line.split(), "--yes")
    assert (done.code, done.err) == (0, "")


async def test_a_restore_asks_first(tmp_path: Path, stopped: Cli) -> None:
    assert (await stopped("db", "backup", "--to", str(tmp_path / "b.db"))).code == 0
    done = await stopped("db", "restore", str(tmp_path / "none.db"))
    assert (done.code, done.err) == (2, f"csms: no file {tmp_path}/none.db\n")
    done = await stopped("db", "restore", str(tmp_path / "b.db"))
    assert (done.code, done.err.endswith("add --yes to do it without being asked\n")) == (2, True)


async def test_help_is_no_error(cli: Cli) -> None:
    done = await cli("station", "--help")
    assert (done.code, done.err) == (0, "")
    assert "Register a station" in done.out


def test_every_destructive_verb_is_tested() -> None:
    from csms.cli import reference

    text = reference.markdown()
    asking = {name for name in reference.commands() if "--yes" in _section(text, name)}
    tested = {_name(line) for line in (*DESTRUCTIVE, *ASKING)}
    assert asking == tested | ASKING_ELSEWHERE


def _name(line: str) -> str:
    """Return the verb of a command line, as the reference names it."""
    words = line.replace("CP1 delete X", "ID delete").replace("remove CP1", "remove").split()
    return " ".join(
        ["csms", *(word for word in words if word not in ("X", "Y", "--anew", "TAG1", "default"))]
    )


def _section(text: str, name: str) -> str:
    return text.partition(f"### `{name} ")[2].partition("\n### ")[0].partition("\n## ")[0]
