"""Transactions, their corrections and meter values."""

from typing import Any

from csms.model.transaction import Correction, Transaction
from csms.store import rows
from csms.store.connection import Database, Row, TooLong

MANY_READINGS = 300
"""More than these take more than the event loop's milliseconds to price."""


def insert(db: Database, transaction: Transaction, **columns: Any) -> None:
    """Insert a transaction; `columns` are those the dataclass does not show (tariff, keys, …)."""
    values = rows.dump(transaction)
    del values["corrections"]
    rows.insert(db, "transactions", values | columns)


def get(db: Database, tenant_id: str | None, transaction_id: str) -> Transaction | None:
    """Return one transaction with its corrections, by its own id or by the id used on the wire."""
    row = db.one(
        """SELECT * FROM transactions WHERE tenant_id = COALESCE(:tenant, tenant_id)
             AND (id = :id OR ocpp_id = :id) ORDER BY received_at DESC LIMIT 1""",
        {"tenant": tenant_id, "id": transaction_id},
    )
    return rows.load(Transaction, row, corrections=corrections(db, row["id"])) if row else None


def whole(db: Database, transaction_id: str) -> Transaction:
    """Return an existing transaction, without its corrections."""
    return rows.load(Transaction, raw(db, transaction_id), corrections=())


def raw(db: Database, transaction_id: str) -> Row:
    """Return the whole row of an existing transaction, with the tariff it began with."""
    row = db.one("SELECT * FROM transactions WHERE id = :id", {"id": transaction_id})
    if row is None:
        raise LookupError(transaction_id)
    return row


def by_ocpp_id(db: Database, station_key: str, ocpp_id: str) -> Row | None:
    """Return the row of the transaction that a station knows under `ocpp_id`."""
    return db.one(
        """SELECT * FROM transactions WHERE station_key = :station AND ocpp_id = :ocpp_id AND state <> 'ORPHANED'""",
        {"station": station_key, "ocpp_id": ocpp_id},
    )


def brief(db: Database, station_key: str, ocpp_id: str) -> Row | None:
    """Return what meter values need of a transaction: the path every reading takes."""
    return db.one(
        """SELECT id, state, evse_id, suspect_at FROM transactions
           WHERE station_key = :station AND ocpp_id = :ocpp_id AND state <> 'ORPHANED'""",
        {"station": station_key, "ocpp_id": ocpp_id},
    )


def brief_numbered(db: Database, station_key: str, ocpp_id: str) -> Row | None:
    """Return what a numbered event needs of its transaction, with the highest number so far as `last_seq_no`."""
    return db.one(
        """SELECT id, ocpp_id, state, evse_id, suspect_at, id_token, "authorization", start_unseen, charging_state,
             meter_start_wh, started_at, reported_ended_at, reservation_id, remote_command_id,
             (SELECT max(seq_no) FROM transaction_events WHERE transaction_id = transactions.id) AS last_seq_no
           FROM transactions
           WHERE station_key = :station AND ocpp_id = :ocpp_id AND state <> 'ORPHANED'""",
        {"station": station_key, "ocpp_id": ocpp_id},
    )


def stopped_like(
    db: Database,
    station_key: str,
    ocpp_id: str | None,
    folded_uid: str,
    reported_ended_at: str,
    meter_stop_wh: int | None,
) -> bool:
    """Whether a station has already reported this stop; without an id, by moment, register and id token ("": none)."""
    row = db.one(
        """SELECT id FROM transactions WHERE station_key = :station AND reported_ended_at = :at
             AND :meter IN (0, COALESCE(meter_stop_wh, -1)) AND ocpp_id = COALESCE(:ocpp_id, ocpp_id)
             AND (:uid = '' OR id_token_folded = :uid)""",
        {
            "station": station_key,
            "ocpp_id": ocpp_id,
            "uid": folded_uid,
            "at": reported_ended_at,
            "meter": -1 if meter_stop_wh is None else meter_stop_wh,
        },
    )
    return row is not None


def adopt(db: Database, orphan_id: str, transaction_id: str) -> None:
    """Give the readings and corrections of an orphaned stop to the transaction it ends, and drop the orphan."""
    for table, column in (("meter_values", "subject"), ("corrections", "transaction_id")):
        db.run(
            f"UPDATE {table} SET {column} = :new WHERE {column} = :old",
            {"old": orphan_id, "new": transaction_id},
        )
    db.run("DELETE FROM transactions WHERE id = :old", {"old": orphan_id})


def by_business_key(db: Database, station_key: str, business_key: str) -> Row | None:
    """Return the row that a repeated report is about."""
    return db.one(
        "SELECT * FROM transactions WHERE station_key = :station AND business_key = :key",
        {"station": station_key, "key": business_key},
    )


def open_on(db: Database, station_key: str, evse_id: int | None = None) -> list[Row]:
    """Return the open transactions of a station, or of one of its EVSEs, newest first."""
    return db.all(
        """SELECT * FROM transactions WHERE station_key = :station AND evse_id = COALESCE(:evse, evse_id)
             AND ended_at IS NULL ORDER BY started_at DESC""",
        {"station": station_key, "evse": evse_id},
    )


def orphans(db: Database, station_key: str) -> list[Row]:
    """Return the stops of a station that have no start yet, newest first."""
    return db.all(
        """SELECT * FROM transactions WHERE station_key = :station AND state = 'ORPHANED'
           ORDER BY received_at DESC LIMIT 20""",
        {"station": station_key},
    )


def last_ended(db: Database, station_key: str, evse_id: int, before: str) -> Row | None:
    """Return the latest transaction on an EVSE that ended at or before a moment."""
    return db.one(
        """SELECT * FROM transactions WHERE station_key = :station AND evse_id = :evse AND ended_at <= :before
           ORDER BY ended_at DESC LIMIT 1""",
        {"station": station_key, "evse": evse_id, "before": before},
    )


def active_of_token(db: Database, tenant_id: str, folded_uid: str) -> int:
    """Return how many transactions run on an id token."""
    row = db.one(
        """SELECT count(*) AS n FROM transactions
           WHERE tenant_id = :tenant AND id_token_folded = :uid AND state = 'ACTIVE'""",
        {"tenant": tenant_id, "uid": folded_uid},
    )
    return int(row["n"]) if row else 0


def update(db: Database, transaction_id: str, **columns: Any) -> None:
    """Change columns of one transaction."""
    sets = ", ".join(f'"{name}" = :{name}' for name in columns)
    db.run(f"UPDATE transactions SET {sets} WHERE id = :id", columns | {"id": transaction_id})


def select(
    db: Database,
    tenant_id: str | None,
    *,
    active: bool = False,
    station_id: str | None = None,
    limit: int = 100,
) -> list[Transaction]:
    """Return the latest transactions, newest first."""
    states = "AND ended_at IS NULL" if active else ""
    found = db.all(
        f"""SELECT * FROM transactions WHERE tenant_id = COALESCE(:tenant, tenant_id)
              AND station_id = COALESCE(:station, station_id) {states}
            ORDER BY COALESCE(started_at, ended_at) DESC LIMIT :limit""",
        {"tenant": tenant_id, "station": station_id, "limit": limit},
    )
    return [rows.load(Transaction, row, corrections=()) for row in found]


def add_correction(db: Database, tenant_id: str, transaction_id: str, correction: Correction) -> None:
    """Keep a correction."""
    rows.insert(
        db, "corrections", rows.dump(correction) | {"tenant_id": tenant_id, "transaction_id": transaction_id}
    )


def corrections(db: Database, transaction_id: str) -> tuple[Correction, ...]:
    """Return the corrections of a transaction in the order they were made."""
    found = db.all("SELECT * FROM corrections WHERE transaction_id = :id ORDER BY id", {"id": transaction_id})
    return tuple(rows.load(Correction, row) for row in found)


def add_event(db: Database, values: dict[str, Any]) -> bool:
    """Keep a numbered event of a transaction; returns whether it was not known."""
    return bool(
        db.run(
            """INSERT INTO transaction_events (transaction_id, seq_no, digest, event_type, reported_at, received_at,
                 trigger_reason, offline)
               VALUES (:transaction_id, :seq_no, :digest, :event_type, :reported_at, :received_at, :trigger_reason,
                 :offline)
               ON CONFLICT DO NOTHING""",
            values,
        )
    )


def seq_nos(db: Database, transaction_id: str) -> list[int]:
    """Return the numbers of a transaction's events in order, each once."""
    found = db.all(
        "SELECT DISTINCT seq_no FROM transaction_events WHERE transaction_id = :id ORDER BY seq_no",
        {"id": transaction_id},
    )
    return [row["seq_no"] for row in found]


def incomplete(db: Database, station_key: str, since: str, limit: int) -> list[Transaction]:
    """Return a station's transactions first heard of since a moment that lack their start or events, newest first.

    The last word on the numbers counts: a gap, or that there is none any more. One whose id was given to another
    transaction can be asked about no more, and is left out.
    """
    found = db.all(
        """SELECT * FROM transactions AS t WHERE id IN (
               SELECT id FROM transactions WHERE station_key = :station AND ended_at IS NULL
               UNION ALL
               SELECT id FROM transactions WHERE station_key = :station AND ended_at IS NOT NULL
                 AND received_at >= :since)
             AND received_at >= :since
             AND (start_unseen = 1 OR EXISTS (
               SELECT 1 FROM corrections AS gap WHERE gap.transaction_id = t.id AND gap.kind = 'sequence_gap'
                 AND NOT EXISTS (SELECT 1 FROM corrections AS later WHERE later.transaction_id = t.id
                   AND later.kind = 'sequence_complete' AND later.id > gap.id)))
             AND NOT EXISTS (
               SELECT 1 FROM corrections AS old WHERE old.transaction_id = t.id AND old.kind = 'id_used_again')
           ORDER BY received_at DESC, id LIMIT :limit""",
        {"station": station_key, "since": since, "limit": limit},
    )
    return [rows.load(Transaction, row, corrections=()) for row in found]


def put_meter_value(db: Database, values: dict[str, Any]) -> None:
    """Write one reading; the same reading reported again replaces itself."""
    db.run(
        """INSERT INTO meter_values (tenant_id, station_key, subject, evse_id, taken_at, received_at, signature,
             energy_wh, power_w, current_a, samples)
           VALUES (:tenant_id, :station_key, :subject, :evse_id, :taken_at, :received_at, :signature,
             :energy_wh, :power_w, :current_a, :samples)
           ON CONFLICT (subject, taken_at, signature) DO UPDATE
             SET energy_wh = excluded.energy_wh, power_w = excluded.power_w, current_a = excluded.current_a,
                 samples = excluded.samples""",
        values,
    )


def has_reading(db: Database, transaction_id: str, taken_at: str) -> bool:
    """Whether a reading of a transaction of this moment is known."""
    row = db.one(
        "SELECT id FROM meter_values WHERE subject = :id AND taken_at = :at LIMIT 1",
        {"id": transaction_id, "at": taken_at},
    )
    return row is not None


def meter_values(db: Database, transaction_id: str, limit: int = 100_000) -> list[Row]:
    """Return the readings of a transaction in order of time."""
    return db.all(
        "SELECT * FROM meter_values WHERE subject = :id ORDER BY taken_at, id LIMIT :limit",
        {"id": transaction_id, "limit": limit},
    )


def meter_curve(db: Database, transaction_id: str) -> list[Row]:
    """Return time, register (Wh), power (W) and current (A) of the readings of a transaction in order of time.

    Raises `TooLong` when there are many and the event loop waits for them.
    """
    if db.hurried and _has_many_readings(db, transaction_id):
        raise TooLong(f"more than {MANY_READINGS} readings")
    return db.all(
        """SELECT taken_at, energy_wh, power_w, current_a FROM meter_values
           WHERE subject = :id AND (energy_wh IS NOT NULL OR power_w IS NOT NULL) ORDER BY taken_at, id""",
        {"id": transaction_id},
    )


def _has_many_readings(db: Database, transaction_id: str) -> bool:
    found = db.all(
        "SELECT 1 AS one FROM meter_values WHERE subject = :id LIMIT :limit",
        {"id": transaction_id, "limit": MANY_READINGS + 1},
    )
    return len(found) > MANY_READINGS


def last_reading(db: Database, transaction_id: str) -> Row | None:
    """Return register (Wh) and power (W) of the latest reading of a transaction."""
    return db.one(
        """SELECT taken_at, energy_wh, power_w FROM meter_values
           WHERE subject = :id AND energy_wh IS NOT NULL ORDER BY taken_at DESC, id DESC LIMIT 1""",
        {"id": transaction_id},
    )
