"""What the product knows of a database: `Database` and `Store`, their errors and failure points.

SQL above this line is portable between SQLite and PostgreSQL: `:named` parameters, ON CONFLICT, RETURNING.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from csms.errors import Conflict

T = TypeVar("T")

Dialect = Literal["sqlite", "postgres"]
Row = dict[str, Any]
Params = Mapping[str, Any]

NO_PARAMS: dict[str, Any] = {}
"""The parameters of a statement that has none. Never changed."""

FaultPoint = Literal[
    "before_begin", "before_work", "before_commit", "after_commit", "before_reply", "before_read"
]


class ConstraintViolated(Conflict):
    """A statement broke a UNIQUE, FOREIGN KEY, NOT NULL or CHECK constraint; `kind` says which sort."""

    code = "constraint_violated"

    def __init__(
        self, text: str, kind: Literal["unique", "foreign_key", "not_null", "check", "other"]
    ) -> None:
        super().__init__(text)
        self.kind = kind


class Crash(BaseException):
    """Raised by `Faults`: the store dies here like a killed process; nothing is committed or answered.

    Callers that were waiting get `StoreUnavailable`, and for them alone the outcome is unknown.
    """


class TooLong(Exception):
    """Raised where the event loop waits for a unit (`Database.hurried`) and the unit cannot be brief."""


class Database(Protocol):
    """One open transaction on one connection; synchronous, for the thread that was handed it only."""

    @property
    def hurried(self) -> bool:
        """Say whether the event loop waits for this unit: what takes long raises `TooLong` before it begins."""
        ...

    @property
    def dialect(self) -> Dialect:
        """Name the SQL dialect, for the rare statement that cannot be portable."""
        ...

    def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Return every row the statement yields."""
        ...

    def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        """Return the first row the statement yields, or None."""
        ...

    def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement and return how many rows it changed."""
        ...

    def many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run one INSERT, UPDATE or DELETE for each of `rows`."""
        ...


class Store(Protocol):
    """The two ways to the database. Both raise `StoreUnavailable` when it cannot be reached or written."""

    @property
    def dialect(self) -> Dialect:
        """Name the SQL dialect."""
        ...

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run `work` on a consistent read-only snapshot in a worker thread and return its result."""
        ...

    async def write(self, work: Callable[[Database], T], *, brief: bool = False) -> T:
        """Run `work` in a transaction and return its result after the commit is durable.

        A `brief` work, of a millisecond at most, may run on the event loop itself, which spares it two threads'
        quarrel over the interpreter.

        `work` may run more than once (after a lost connection, or because a neighbour in the same transaction
        failed), so it changes nothing but the database. An exception from `work` undoes its statements and is
        raised here; so is the error of a failed statement even when `work` caught it, so use ON CONFLICT.
        A caller cancelled before `work` began leaves no trace; cancelled later it waits for the outcome.
        """
        ...

    def health(self) -> "StoreHealth":
        """Return the state of the store without touching the database's content."""
        ...


class Faults(Protocol):
    """Failure points, handed in by tests: `reach` is called at each and may raise, block or kill."""

    def reach(self, point: FaultPoint) -> None:
        """Do nothing, or make the store fail here."""
        ...


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What `/readyz`, `/metrics` and `csms db status` show of the store."""

    dialect: Dialect
    problem: str | None
    """Why the last transaction failed as a whole; None after one that succeeded."""
    waiting_units: int
    units: int
    """Units committed since the start."""
    commits: int
    failed_units: int
    """Units that got `StoreUnavailable`."""
    largest_batch: int
    wal_bytes: int | None
    """Size of SQLite's write-ahead log; None on PostgreSQL."""
