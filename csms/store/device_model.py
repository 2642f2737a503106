"""What stations report of their device model, and which parts of which report have arrived (OCPP 2.0.1 block B)."""

from typing import Any

from csms.model.variable import VariableName
from csms.store.connection import Database, Row


def put_variables(db: Database, variables: list[dict[str, Any]]) -> None:
    """Write attributes of variables, unless something is known of them that was asked for later."""
    db.many(
        """INSERT INTO device_variables (station_key, component, component_instance, evse_id, connector_id, variable,
             variable_instance, attribute, value, mutability, persistent, constant, data_type, unit, min_limit,
             max_limit, values_list, supports_monitoring, generated_at, asked_at)
           VALUES (:station_key, :component, :component_instance, :evse_id, :connector_id, :variable,
             :variable_instance, :attribute, :value, :mutability, :persistent, :constant, :data_type, :unit,
             :min_limit, :max_limit, :values_list, :supports_monitoring, :generated_at, :asked_at)
           ON CONFLICT (station_key, component, component_instance, evse_id, connector_id, variable,
             variable_instance, attribute)
           DO UPDATE SET value = excluded.value, mutability = excluded.mutability, persistent = excluded.persistent,
             constant = excluded.constant, data_type = excluded.data_type, unit = excluded.unit,
             min_limit = excluded.min_limit, max_limit = excluded.max_limit, values_list = excluded.values_list,
             supports_monitoring = excluded.supports_monitoring, generated_at = excluded.generated_at,
             asked_at = excluded.asked_at
           WHERE device_variables.asked_at <= excluded.asked_at""",
        variables,
    )


def count(db: Database, station_key: str) -> int:
    """Return how many attributes of variables are known of a station."""
    row = db.one("SELECT count(*) AS n FROM device_variables WHERE station_key = :key", {"key": station_key})
    return int(row["n"]) if row else 0


def put_value(db: Database, values: dict[str, Any]) -> None:
    """Write the value of one attribute, whose spelling may differ from the station's own; its traits stay."""
    written = db.run(
        """UPDATE device_variables SET value = :value, generated_at = :asked_at, asked_at = :asked_at
           WHERE station_key = :station_key AND lower(component) = lower(:component)
             AND lower(component_instance) = lower(:component_instance) AND evse_id = :evse_id
             AND connector_id = :connector_id AND lower(variable) = lower(:variable)
             AND lower(variable_instance) = lower(:variable_instance) AND attribute = :attribute""",
        values,
    )
    if not written:
        db.run(
            """INSERT INTO device_variables (station_key, component, component_instance, evse_id, connector_id,
                 variable, variable_instance, attribute, value, generated_at, asked_at)
               VALUES (:station_key, :component, :component_instance, :evse_id, :connector_id, :variable,
                 :variable_instance, :attribute, :value, :asked_at, :asked_at)""",
            values,
        )


def forget_variables(db: Database, station_key: str, asked_before: str) -> int:
    """Remove the variables that a whole report, asked for at that moment, no longer has; returns how many."""
    return db.run(
        "DELETE FROM device_variables WHERE station_key = :key AND asked_at < :before",
        {"key": station_key, "before": asked_before},
    )


def variables(db: Database, station_key: str) -> list[Row]:
    """Return the device model of a station as far as it has reported it."""
    return db.all(
        """SELECT * FROM device_variables WHERE station_key = :key
           ORDER BY component, component_instance, evse_id, connector_id, variable, variable_instance, attribute""",
        {"key": station_key},
    )


def put_part(db: Database, values: dict[str, Any]) -> None:
    """Keep that a part of a report has arrived; the same part again is no other one."""
    db.run(
        """INSERT INTO report_parts (station_key, kind, request_id, seq_no, is_last, generated_at, received_at)
           VALUES (:station_key, :kind, :request_id, :seq_no, :is_last, :generated_at, :received_at)
           ON CONFLICT (station_key, kind, request_id, seq_no) DO UPDATE SET is_last = excluded.is_last,
             generated_at = excluded.generated_at, received_at = excluded.received_at""",
        values,
    )


def parts(db: Database, station_key: str, kind: str, request_id: int, since: str) -> list[Row]:
    """Return number and `is_last` of the parts of a report that have arrived since a moment, in order."""
    return db.all(
        """SELECT seq_no, is_last FROM report_parts WHERE station_key = :key AND kind = :kind
             AND request_id = :request AND received_at >= :since ORDER BY seq_no""",
        {"key": station_key, "kind": kind, "request": request_id, "since": since},
    )


def put_inventory(db: Database, station_key: str, firmware: str, at: str) -> None:
    """Note that the whole device model is known of a firmware, by a report that was asked for at that moment.

    One that was asked for earlier, and has become whole only now, changes nothing.
    """
    db.run(
        """INSERT INTO inventories (station_key, firmware, taken_at) VALUES (:key, :firmware, :at)
           ON CONFLICT (station_key) DO UPDATE SET firmware = excluded.firmware, taken_at = excluded.taken_at
           WHERE inventories.taken_at <= excluded.taken_at""",
        {"key": station_key, "firmware": firmware, "at": at},
    )


def inventory_asked_at(db: Database, station_key: str) -> str | None:
    """Return when the last report of everything was asked for that has become whole."""
    row = db.one("SELECT taken_at FROM inventories WHERE station_key = :key", {"key": station_key})
    return row["taken_at"] if row else None


def inventory(db: Database, station_key: str) -> str | None:
    """Return of which firmware the whole device model is known, None where it never was reported."""
    row = db.one("SELECT firmware FROM inventories WHERE station_key = :key", {"key": station_key})
    return row["firmware"] if row else None


def name_of(row: Row) -> VariableName:
    """Return which attribute of which variable a row is about."""
    return VariableName(
        component=row["component"],
        variable=row["variable"],
        component_instance=row["component_instance"],
        variable_instance=row["variable_instance"],
        evse_id=row["evse_id"],
        connector_id=row["connector_id"],
        attribute=row["attribute"],
    )
