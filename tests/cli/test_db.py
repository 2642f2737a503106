"""csms db on either store: looked at, backed up, brought back, pruned, exported; running and stopped."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from csms.clock import SystemClock, to_text
from csms.store.connection import Dialect
from csms.store.direct import open_direct, transaction
from csms.store.migrate import migrate
from csms.store.migrations import MIGRATIONS
from tests.appliance.machine import furnish
from tests.cli.conftest import Cli, Ran, run_main
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station

Csms = Callable[..., Ran]
OLD = timedelta(days=100)


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = request.param
    return chosen


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    path = tmp_path / "d"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def csms_at_rest(store_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Csms:
    """Run `csms` on a furnished database that nothing else has open."""
    furnish(store_url, 2)
    monkeypatch.setenv("CSMS_STORE_URL", store_url)
    return lambda *argv: run_main(["csms", "--data-dir", str(data_dir), *argv])


def ok(done: Ran) -> str:
    assert (done.code, done.err) == (0, "")
    return done.out


def stations(csms: Csms) -> list[str]:
    return [station["stationId"] for station in json.loads(ok(csms("station", "list", "--json")))]


def execute(url: str, *statements: tuple[str, dict[str, Any]]) -> None:
    with open_direct(url) as direct, transaction(direct, exclusive=True) as db:
        for sql, params in statements:
            db.run(sql, params)


class TestStatus:
    def test_up_to_date(self, csms_at_rest: Csms, dialect: Dialect) -> None:
        shown = json.loads(ok(csms_at_rest("db", "status", "--json")))
        assert (shown["store"], shown["current"], shown["pending"]) == (dialect, True, [])
        assert shown["applied"] == [name for name, _ in MIGRATIONS]
        assert shown["rows"]["stations"] == 2
        assert list(shown["rows"].values()) == sorted(shown["rows"].values(), reverse=True)
        assert shown["sizeBytes"] > 50_000
        assert (shown["walBytes"] is None) == (dialect == "postgres")
        text = ok(csms_at_rest("db", "status"))
        assert f"{MIGRATIONS[-1][0]} (up to date)" in text
        assert "oldest message" in text

    def test_behind(self, empty_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        migrate(empty_url, MIGRATIONS[:1])
        monkeypatch.setenv("CSMS_STORE_URL", empty_url)
        missing = ", ".join(name for name, _ in MIGRATIONS[1:])
        argv = ["csms", "--data-dir", str(data_dir), "db"]
        assert f"lacks {missing}: csms db migrate" in ok(run_main([*argv, "status"]))
        assert ok(run_main([*argv, "migrate"])) == "".join(f"applied {name}\n" for name, _ in MIGRATIONS[1:])
        assert ok(run_main([*argv, "migrate"])) == "the database is up to date\n"


class TestBackupAndRestore:
    def test_there_and_back(self, csms_at_rest: Csms, data_dir: Path, dialect: Dialect) -> None:
        made = json.loads(ok(csms_at_rest("db", "backup", "--json")))
        file = Path(made["file"])
        assert file.parent == data_dir / "backups"
        assert file.stat().st_size == made["sizeBytes"]
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        ok(csms_at_rest("station", "add", "LATER"))
        done = json.loads(ok(csms_at_rest("db", "restore", str(file), "--yes", "--json")))
        assert done["restored"] == str(file)
        assert stations(csms_at_rest) == ["CP0", "CP1"]
        kept = Path(done["kept"])
        assert kept.parent == data_dir / "backups"
        assert kept != file
        text = ok(csms_at_rest("db", "restore", str(kept), "--yes"))
        assert text.startswith(f"restored {kept}\n")
        assert "what was there before is in" in text
        assert stations(csms_at_rest) == ["CP0", "CP1", "LATER"]

    def test_a_damaged_file_changes_nothing(self, csms_at_rest: Csms, tmp_path: Path) -> None:
        file = tmp_path / "backup.jsonl.gz"
        ok(csms_at_rest("db", "backup", "--to", str(file)))
        file.write_bytes(file.read_bytes()[:-50])
        ok(csms_at_rest("station", "add", "LATER"))
        done = csms_at_rest("db", "restore", str(file), "--yes")
        assert (done.code, done.out) == (2, "")
        assert "damaged" in done.err
        assert stations(csms_at_rest) == ["CP0", "CP1", "LATER"]

    def test_an_existing_file_is_not_overwritten(self, csms_at_rest: Csms, tmp_path: Path) -> None:
        (tmp_path / "b").write_text("precious")
        done = csms_at_rest("db", "backup", "--to", str(tmp_path / "b"))
        assert (done.code, done.err) == (5, f"csms: {tmp_path}/b exists already; choose another name\n")
        assert (tmp_path / "b").read_text() == "precious"

    async def test_while_the_appliance_runs(
        self, csms: Appliance, station: Station, cli: Cli, stopped: Cli, tmp_path: Path
    ) -> None:
        await station.call("StatusNotification", payloads.status())
        for run, name in ((cli, "a.jsonl"), (stopped, "b.jsonl")):
            done = await run("db", "backup", "--to", str(tmp_path / name))
            assert (done.code, done.err) == (0, "")
        lines = (tmp_path / "a.jsonl").read_text().splitlines()[1:]  # the first holds the time
        assert lines == (tmp_path / "b.jsonl").read_text().splitlines()[1:]
        refused = await cli("db", "restore", str(tmp_path / "a.jsonl"), "--yes")
        assert refused.code == 5
        assert (
            refused.err == "csms: the appliance is running: stop it before a restore (systemctl stop csms)\n"
        )
        elsewhere = await stopped("db", "restore", str(tmp_path / "a.jsonl"), "--yes")
        assert elsewhere.code == 5  # it runs, only not here
        assert "in use; stop the appliance first" in elsewhere.err
        assert await station.call("Heartbeat")


class TestExport:
    def test_every_row_of_every_table(self, csms_at_rest: Csms, tmp_path: Path) -> None:
        lines = [json.loads(line) for line in ok(csms_at_rest("db", "export")).splitlines()]
        header, *middle, end = lines
        assert header["format"] == "csms dump"
        tables = {line["table"]: line["columns"] for line in middle if isinstance(line, dict)}
        rows = json.loads(ok(csms_at_rest("db", "status", "--json")))["rows"]
        assert tables.keys() == rows.keys() - {"schema_migrations"}
        assert end["rows"] == sum(rows.values()) - rows["schema_migrations"]
        ok(csms_at_rest("db", "export", "--to", str(tmp_path / "all.jsonl.gz")))
        with gzip.open(tmp_path / "all.jsonl.gz", "rt") as file:
            assert [json.loads(line) for line in file][1:] == lines[1:]

    def test_is_a_way_back(self, csms_at_rest: Csms, tmp_path: Path) -> None:
        (tmp_path / "all.jsonl").write_text(ok(csms_at_rest("db", "export")))
        ok(csms_at_rest("station", "remove", "CP0", "--yes"))
        ok(csms_at_rest("db", "restore", str(tmp_path / "all.jsonl"), "--yes"))
        assert stations(csms_at_rest) == ["CP0", "CP1"]


class TestPrune:
    def age(self, url: str, age: timedelta, count: int) -> None:
        """Put messages and events into the database that are so old."""
        at = to_text(SystemClock().now() - age)
        message = """INSERT INTO messages (tenant_id, station_key, station_id, direction, message_id, action,
            digest, at, request) VALUES ('t', 'k', 'CP0', 'in', 'm', 'Heartbeat', '', :at, '{}')"""
        event = "INSERT INTO outbox (tenant_id, kind, subject, at, body) VALUES ('t', 'x', 's', :at, '{}')"
        execute(url, *[(sql, {"at": at}) for sql in (message, event)] * count)

    def test_what_is_too_old_goes_and_is_counted(self, csms_at_rest: Csms, store_url: str) -> None:
        self.age(store_url, OLD, 3)
        self.age(store_url, timedelta(days=8), 2)
        gone = json.loads(ok(csms_at_rest("db", "prune", "--json")))
        assert gone == {"messages": 3, "meterValues": 0, "outbox": 5}
        text = ok(csms_at_rest("db", "prune"))
        assert "messages older than 30 days" in text
        assert text.count("0 removed") == 3

    def test_the_configuration_decides(
        self, csms_at_rest: Csms, store_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.age(store_url, OLD, 1)
        monkeypatch.setenv("CSMS_RETENTION_MESSAGES_DAYS", "365")
        monkeypatch.setenv("CSMS_RETENTION_OUTBOX_DAYS", "365")
        assert json.loads(ok(csms_at_rest("db", "prune", "--json")))["messages"] == 0

    def test_what_may_be_repeated_stays_whatever_is_configured(
        self, csms_at_rest: Csms, store_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The record of a message is what makes its repetition harmless, for a day."""
        self.age(store_url, timedelta(hours=23), 1)
        self.age(store_url, timedelta(hours=25), 1)
        monkeypatch.setenv("CSMS_RETENTION_MESSAGES_DAYS", "0")
        assert json.loads(ok(csms_at_rest("db", "prune", "--json")))["messages"] == 1

    async def test_by_the_running_appliance(self, csms: Appliance, station: Station, cli: Cli) -> None:
        await station.call("StatusNotification", payloads.status())
        csms.clock.forward(days=40)
        done = await cli("db", "prune", "--json")
        assert done.json["messages"] >= 2
        assert await csms.messages() == []
