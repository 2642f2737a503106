"""A station's configuration in one view: 1.6 keys, 2.0.1 variables, what is desired of them, what came of it."""

from typing import Any

from csms.model import well_known_setting
from csms.model.desired_setting import DesiredSetting, OutcomeAtStation, SettingOutcome
from csms.services import desired_settings, stations
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import desired_settings as store
from csms.store import device_model
from csms.store import stations as station_store
from csms.store.connection import Row


def show(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the settings a station has reported, and those that are desired of it."""
    found = stations.find(tx, caller, station, tenant)
    wanted = {
        name.casefold(): (name, setting)
        for name, setting in desired_settings.resolved(tx, found, found.ocpp_version or "1.6").items()
    }
    outcomes, traits = store.outcomes(tx.db, found.id), _traits(tx, found.id)
    rows = {row["name"].casefold(): row for row in station_store.settings(tx.db, found.id)}
    shown = []
    for folded in sorted(rows.keys() | wanted.keys()):
        row, (name, setting) = rows.get(folded), wanted.get(folded, ("", None))
        entry = _entry(row["name"] if row else name, row, setting, outcomes.get(folded))
        shown.append(entry | traits.get(folded, dict.fromkeys(("dataType", "unit", "valuesList"))))
    return shown


def _entry(
    name: str, row: Row | None, setting: DesiredSetting | None, outcome: OutcomeAtStation | None
) -> dict[str, Any]:
    current = outcome if setting is not None and outcome and outcome.value == setting.value else None
    variable = well_known_setting.is_variable(name)
    return {
        "name": name,
        "value": row["value"] if row else None,
        "readonly": bool(row["readonly"]) if row else None,
        "reportedAt": row["reported_at"] if row else None,
        "needsReboot": bool(row["needs_reboot"]) if row else False,
        "alsoCalled": well_known_setting.key_of(name) if variable else well_known_setting.variable_of(name),
        "desired": setting.value if setting else None,
        "desiredBy": setting.scope.value if setting else None,
        "outcome": (current.outcome if current else SettingOutcome.WAITING).value if setting else None,
        "detail": current.detail if current else None,
    }


def _traits(tx: Tx, station_key: str) -> dict[str, dict[str, Any]]:
    """Return the characteristics of the variables, by name as people write it."""
    found = {}
    for row in device_model.variables(tx.db, station_key):
        name = str(device_model.name_of(row)).casefold()
        found[name] = {
            "dataType": row["data_type"],
            "unit": row["unit"],
            "valuesList": row["values_list"],
        }
    return found
