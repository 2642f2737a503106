"""What `read` and `write` promise, on both dialects."""

import pytest
import trio

from csms.errors import InvalidInput, StoreUnavailable
from csms.store.connection import ConstraintViolated, Database, Store, open_store
from tests.store.ledger import add, create_ledger, names


@pytest.fixture
async def ledger(store: Store) -> Store:
    """A store with the test's own table."""
    await store.write(create_ledger)
    return store


async def test_a_write_returns_the_result_of_its_work(ledger: Store) -> None:
    result = await ledger.write(lambda db: (add(db, "a"), "done")[1])
    assert result == "done"
    assert await ledger.read(names) == ["a"]


async def test_rows_are_dicts_with_the_statements_column_names(ledger: Store) -> None:
    await ledger.write(lambda db: add(db, "a", 7))
    row = await ledger.read(lambda db: db.one("SELECT name AS who, amount * 2 AS twice, note FROM ledger"))
    assert row == {"who": "a", "twice": 14, "note": None}
    assert type(row) is dict


async def test_one_returns_none_and_all_returns_an_empty_list_when_there_is_nothing(ledger: Store) -> None:
    assert await ledger.read(lambda db: db.one("SELECT * FROM ledger")) is None
    assert await ledger.read(lambda db: db.all("SELECT * FROM ledger")) == []


async def test_run_counts_the_rows_it_changed(ledger: Store) -> None:
    def work(db: Database) -> tuple[int, int, int]:
        db.many("INSERT INTO ledger (name, amount) VALUES (:name, 1)", [{"name": name} for name in "abc"])
        skipped = db.run(
            "INSERT INTO ledger (name, amount) VALUES (:name, 1) ON CONFLICT (name) DO NOTHING", {"name": "a"}
        )
        changed = db.run("UPDATE ledger SET amount = 2 WHERE name <> :name", {"name": "a"})
        return skipped, changed, db.run("DELETE FROM ledger")

    assert await ledger.write(work) == (0, 2, 3)


async def test_returning_gives_the_new_key(ledger: Store) -> None:
    sql = "INSERT INTO ledger (name, amount) VALUES (:name, 1) RETURNING id"
    keys = [await ledger.write(lambda db, n=n: db.one(sql, {"name": n})) for n in "ab"]  # type: ignore[misc]
    assert [row["id"] for row in keys if row] == [1, 2]


async def test_sums_averages_and_truth_have_the_same_types_on_both(ledger: Store) -> None:
    await ledger.write(lambda db: (add(db, "a", 2**40), add(db, "b", 1)))
    sql = """SELECT SUM(amount) AS total, AVG(amount) AS mean, COUNT(*) AS n, amount = 1 AS one
             FROM ledger WHERE name = 'a' GROUP BY amount"""
    rows = await ledger.read(lambda db: db.all(sql))
    assert [{key: (value, type(value)) for key, value in row.items()} for row in rows] == [
        {"total": (2**40, int), "mean": (2.0**40, float), "n": (1, int), "one": (0, int)}
    ]


async def test_text_that_looks_like_sql_placeholders_survives(ledger: Store) -> None:
    awkward = "100% :name '' %s %(name)s ::text -- \u00e9\U0001f50c"
    await ledger.write(lambda db: add(db, awkward))
    sql = "SELECT name, ':name' AS literal, '5%' AS percent FROM ledger WHERE name LIKE :pattern"
    row = await ledger.read(lambda db: db.one(sql, {"pattern": "100\\%%".replace("\\", "")}))
    assert row == {"name": awkward, "literal": ":name", "percent": "5%"}


async def test_a_failing_work_is_undone_and_its_error_raised(ledger: Store) -> None:
    def work(db: Database) -> None:
        add(db, "a")
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        await ledger.write(work)
    assert await ledger.read(names) == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO ledger (name, amount) VALUES ('a', 1)", "unique"),
        ("INSERT INTO ledger (name, amount) VALUES ('b', NULL)", "not_null"),
        ("INSERT INTO ledger (name, amount) VALUES ('b', -1)", "check"),
        ("INSERT INTO ledger (name, amount, parent) VALUES ('b', 1, 'nobody')", "foreign_key"),
    ],
)
async def test_a_broken_constraint_is_named(ledger: Store, sql: str, kind: str) -> None:
    await ledger.write(lambda db: add(db, "a"))
    with pytest.raises(ConstraintViolated) as caught:
        await ledger.write(lambda db: db.run(sql))
    assert caught.value.kind == kind
    assert await ledger.read(names) == ["a"]


async def test_a_work_that_swallows_a_failed_statement_is_undone_all_the_same(ledger: Store) -> None:
    refused = []

    def work(db: Database) -> str:
        add(db, "a")
        with pytest.raises(ConstraintViolated):
            add(db, "a")
        with pytest.raises(Exception) as later:  # noqa: PT011  the driver's own
            add(db, "b")
        refused.append(later.type)
        return "all well"

    with pytest.raises(ConstraintViolated):
        await ledger.write(work)
    assert refused
    assert await ledger.read(names) == []
    await ledger.write(lambda db: add(db, "c"))
    assert await ledger.read(names) == ["c"]


async def test_a_number_too_large_is_an_invalid_input(ledger: Store) -> None:
    with pytest.raises(InvalidInput):
        await ledger.write(lambda db: add(db, "a", 2**63))
    await ledger.write(lambda db: add(db, "a", 2**63 - 1))
    assert await ledger.read(names) == ["a"]


async def test_half_a_character_is_an_invalid_input(ledger: Store) -> None:
    with pytest.raises(InvalidInput):
        await ledger.write(lambda db: add(db, "\ud800"))


async def test_a_read_cannot_write(ledger: Store) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await ledger.read(lambda db: add(db, "a"))
    assert await ledger.read(names) == []


async def test_a_read_sees_one_moment_and_holds_up_no_writer(ledger: Store) -> None:
    await ledger.write(lambda db: add(db, "a"))
    counted, written = trio.Event(), trio.Event()
    token = trio.lowlevel.current_trio_token()

    def work(db: Database) -> tuple[list[str], list[str]]:
        before = names(db)
        trio.from_thread.run_sync(counted.set, trio_token=token)
        trio.from_thread.run(written.wait, trio_token=token)
        return before, names(db)

    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await ledger.read(work) == (["a"], ["a"])

        nursery.start_soon(read)
        await counted.wait()
        await ledger.write(lambda db: add(db, "b"))
        written.set()
    assert await ledger.read(names) == ["a", "b"]


async def test_more_reads_than_connections_wait_their_turn(ledger: Store) -> None:
    results: list[list[str]] = []

    async def read() -> None:
        results.append(await ledger.read(names))

    async with trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(read)
    assert results == [[]] * 40


async def test_a_cancelled_read_goes_at_once_and_the_store_still_closes(store_url: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) AS top FROM n"
    async with open_store(store_url) as store:
        started = trio.Event()
        token = trio.lowlevel.current_trio_token()

        def work(db: Database) -> None:
            trio.from_thread.run_sync(started.set, trio_token=token)
            db.one(endless if db.dialect == "sqlite" else "SELECT pg_sleep(2)")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.read, work)
            await started.wait()
            nursery.cancel_scope.cancel()
        assert await store.read(lambda db: db.one("SELECT 1 AS one")) == {"one": 1}


async def test_a_closed_store_refuses(store_url: str) -> None:
    async with open_store(store_url) as store:
        pass
    with pytest.raises(StoreUnavailable):
        await store.write(names)
    with pytest.raises(StoreUnavailable):
        await store.read(names)


async def test_closing_commits_what_is_queued(store_url: str) -> None:
    finished: list[str] = []
    async with trio.open_nursery() as nursery, open_store(store_url) as store:
        await store.write(create_ledger)

        async def write(name: str) -> None:
            await store.write(lambda db: add(db, name))
            finished.append(name)

        for number in range(50):
            nursery.start_soon(write, f"{number:02}")
        await trio.testing.wait_all_tasks_blocked()
    assert len(finished) == 50
    async with open_store(store_url) as store:
        assert await store.read(names) == sorted(finished)
