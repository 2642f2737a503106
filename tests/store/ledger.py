"""A table of the store tests' own: something to write, with every sort of constraint."""

from csms.store.connection import Database

LEDGER = """CREATE TABLE ledger (
    id {serial}, name TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL CHECK (amount >= 0),
    parent TEXT REFERENCES ledger(name), note TEXT)"""
_SERIAL = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgres": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}


def create_ledger(db: Database) -> None:
    """Create the table."""
    db.run(LEDGER.replace("{serial}", _SERIAL[db.dialect]))


def add(db: Database, name: str, amount: int = 1) -> str:
    """Insert a row and return its name."""
    db.run("INSERT INTO ledger (name, amount) VALUES (:name, :amount)", {"name": name, "amount": amount})
    return name


def names(db: Database) -> list[str]:
    """Return the names in order."""
    return [row["name"] for row in db.all("SELECT name FROM ledger ORDER BY name")]
