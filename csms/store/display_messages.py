"""Messages on the displays of stations, and what stations tell of customers until it has been shown."""

from csms.model.display_message import DisplayMessage
from csms.store import rows
from csms.store.connection import Database

_COLUMNS = (
    "priority",
    "state",
    "starts_at",
    "ends_at",
    "transaction_id",
    "format",
    "language",
    "content",
)


def put(db: Database, message: DisplayMessage) -> None:
    """Write a message; what is known of when it was set or reported stays where the new one does not say."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
    db.run(
        f"""INSERT INTO display_messages (station_key, id, priority, state, starts_at, ends_at, transaction_id, format,
             language, content, set_at, reported_at)
           VALUES (:station_key, :id, :priority, :state, :starts_at, :ends_at, :transaction_id, :format, :language,
             :content, :set_at, :reported_at)
           ON CONFLICT (station_key, id) DO UPDATE SET {changes},
             set_at = COALESCE(excluded.set_at, display_messages.set_at),
             reported_at = COALESCE(excluded.reported_at, display_messages.reported_at)""",
        rows.dump(message),
    )


def select(db: Database, station_key: str) -> list[DisplayMessage]:
    """Return the messages a station is known to have."""
    found = db.all(
        "SELECT * FROM display_messages WHERE station_key = :key ORDER BY id", {"key": station_key}
    )
    return [rows.load(DisplayMessage, row) for row in found]


def delete(db: Database, station_key: str, message_id: int) -> None:
    """Forget a message."""
    db.run(
        "DELETE FROM display_messages WHERE station_key = :key AND id = :id",
        {"key": station_key, "id": message_id},
    )


def forget_unreported(db: Database, station_key: str, since: str) -> int:
    """Forget the messages that a station has not told of since a moment; returns how many."""
    return db.run(
        """DELETE FROM display_messages WHERE station_key = :key AND COALESCE(reported_at, '') < :since
             AND COALESCE(set_at, '') < :since""",
        {"key": station_key, "since": since},
    )


def put_customer_part(db: Database, values: dict[str, object]) -> None:
    """Keep a part of what a station tells of a customer, until it is shown."""
    db.run(
        """INSERT INTO customer_information (station_key, request_id, seq_no, data, received_at)
           VALUES (:station_key, :request_id, :seq_no, :data, :received_at)
           ON CONFLICT (station_key, request_id, seq_no) DO UPDATE SET data = excluded.data,
             received_at = excluded.received_at""",
        values,
    )


def take_customer_parts(db: Database, station_key: str, request_id: int) -> list[str]:
    """Return the parts of a report on a customer in their order, and forget them."""
    values = {"key": station_key, "request": request_id}
    found = db.all(
        """SELECT data FROM customer_information WHERE station_key = :key AND request_id = :request
           ORDER BY seq_no""",
        values,
    )
    db.run("DELETE FROM customer_information WHERE station_key = :key AND request_id = :request", values)
    return [row["data"] for row in found]


def forget_customers(db: Database, before: str) -> int:
    """Forget what stations told of customers before a moment and nobody has looked at; returns how many parts."""
    return db.run("DELETE FROM customer_information WHERE received_at < :before", {"before": before})
