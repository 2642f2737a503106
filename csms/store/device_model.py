"""What stations report of their device model, and which parts of which report have arrived (OCPP 2.0.1 block B)."""

from typing import Any

from csms.store.connection import Database, Row


def put_variables(db: Database, variables: list[dict[str, Any]]) -> None:
    """Write attributes of variables, unless something newer is known of them."""
    db.many(
        """INSERT INTO device_variables (station_key, component, component_instance, evse_id, connector_id, variable,
             variable_instance, attribute, value, mutability, persistent, constant, data_type, unit, min_limit,
             max_limit, values_list, supports_monitoring, generated_at)
           VALUES (:station_key, :component, :component_instance, :evse_id, :connector_id, :variable,
             :variable_instance, :attribute, :value, :mutability, :persistent, :constant, :data_type, :unit,
             :min_limit, :max_limit, :values_list, :supports_monitoring, :generated_at)
           ON CONFLICT (station_key, component, component_instance, evse_id, connector_id, variable,
             variable_instance, attribute)
           DO UPDATE SET value = excluded.value, mutability = excluded.mutability, persistent = excluded.persistent,
             constant = excluded.constant, data_type = excluded.data_type, unit = excluded.unit,
             min_limit = excluded.min_limit, max_limit = excluded.max_limit, values_list = excluded.values_list,
             supports_monitoring = excluded.supports_monitoring, generated_at = excluded.generated_at
           WHERE device_variables.generated_at <= excluded.generated_at""",
        variables,
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
