"""What is known of a station's settings and device model, from reports and from single answers (2.0.1 block B).

Both versions' settings stand side by side; what a station tells of a setting also decides what came of the value that
is desired for it.
"""

from datetime import datetime
from typing import Any, Final

from csms.clock import to_text
from csms.model.command import SettingRefused, SettingReported
from csms.model.desired_setting import OutcomeAtStation, SettingOutcome
from csms.model.station import StationRef
from csms.model.variable import Variable, VariableName, same_value
from csms.services.unit import Tx
from csms.store import desired_settings, station_settings, stations
from csms.store import device_model as store

MOST_VARIABLES: Final = 50_000
"""Attributes of variables of one station that are kept; the largest stations have a few thousand."""


def report(
    tx: Tx, station: StationRef, variables: tuple[Variable, ...], generated_at: datetime, asked_at: str
) -> None:
    """Keep what a part of a report says; what was asked for later is known better."""
    if asked_at < (store.inventory_asked_at(tx.db, station.key) or ""):
        return
    if store.count(tx.db, station.key) + len(variables) > MOST_VARIABLES:
        return
    generated = to_text(generated_at)
    rows = [_row(station, variable, generated, asked_at) for variable in variables]
    store.put_variables(tx.db, rows)
    actual = [variable for variable in variables if variable.at.attribute == "Actual"]
    settings = [
        {
            "station_key": station.key,
            "name": str(variable.at),
            "value": variable.value,
            "readonly": int(variable.mutability == "ReadOnly"),
            "reported_at": asked_at,
        }
        for variable in actual
    ]
    stations.write_settings(tx.db, settings)
    wanted = desired_settings.outcomes(tx.db, station.key)
    for row in stations.settings(tx.db, station.key) if wanted else ():
        _compare(tx, station, wanted.get(row["name"].casefold()), row["value"])


def replaced(tx: Tx, station: StationRef, asked_at: str) -> None:
    """Forget what a whole report, asked for at that moment, no longer has."""
    store.forget_variables(tx.db, station.key, asked_at)
    station_settings.forget_variables(tx.db, station.key, asked_at)


def told(tx: Tx, station: StationRef, fact: SettingReported) -> None:
    """Keep one setting that an answer tells."""
    values = {
        "station_key": station.key,
        "name": fact.name,
        "value": fact.value,
        "readonly": None if fact.readonly is None else int(fact.readonly),
        "needs_reboot": int(fact.needs_reboot) if fact.written else None,
        "reported_at": tx.at,
    }
    station_settings.put(tx.db, values)
    if fact.variable is not None:
        value = {"station_key": station.key, "value": fact.value, "asked_at": tx.at}
        store.put_value(tx.db, value | _names(fact.variable))
    wanted = desired_settings.outcomes(tx.db, station.key).get(fact.name.casefold())
    if wanted is None:
        return
    if not fact.written:
        _compare(tx, station, wanted, fact.value)
    elif fact.value is not None and same_value(fact.value, wanted.value):
        outcome = SettingOutcome.REBOOT_REQUIRED if fact.needs_reboot else SettingOutcome.SENT
        desired_settings.settle(tx.db, station.key, fact.name, outcome, tx.at)


def refused(tx: Tx, station: StationRef, fact: SettingRefused) -> None:
    """Note that a station does not take a desired value, or has no such setting."""
    outcome = SettingOutcome.UNKNOWN if fact.unknown else SettingOutcome.REFUSED
    if fact.unknown or fact.written:
        desired_settings.settle(tx.db, station.key, fact.name, outcome, tx.at, fact.reason[:500])


def booted(tx: Tx, station: StationRef) -> None:
    """Note that what needed a reboot has taken effect."""
    station_settings.booted(tx.db, station.key)


def _compare(tx: Tx, station: StationRef, wanted: OutcomeAtStation | None, value: str | None) -> None:
    """Decide what came of a desired value from what the station reports; a reboot may still be due."""
    if wanted is None or value is None:
        return
    if same_value(value, wanted.value):
        outcome = SettingOutcome.IN_STEP
    elif (
        wanted.outcome is SettingOutcome.REBOOT_REQUIRED and _needs_reboot(tx, station, wanted.name)
    ) or wanted.outcome in (SettingOutcome.REFUSED, SettingOutcome.READ_ONLY):
        return
    else:
        outcome = SettingOutcome.DIFFERS
    if outcome is not wanted.outcome:
        desired_settings.settle(tx.db, station.key, wanted.name, outcome, tx.at)


def _needs_reboot(tx: Tx, station: StationRef, name: str) -> bool:
    folded = name.casefold()
    return any(
        row["needs_reboot"]
        for row in stations.settings(tx.db, station.key)
        if row["name"].casefold() == folded
    )


def _names(at: VariableName) -> dict[str, Any]:
    return {
        "component": at.component,
        "component_instance": at.component_instance,
        "evse_id": at.evse_id,
        "connector_id": at.connector_id,
        "variable": at.variable,
        "variable_instance": at.variable_instance,
        "attribute": at.attribute,
    }


def _row(station: StationRef, variable: Variable, generated_at: str, asked_at: str) -> dict[str, Any]:
    monitored = variable.supports_monitoring
    return _names(variable.at) | {
        "station_key": station.key,
        "value": variable.value,
        "mutability": variable.mutability,
        "persistent": int(variable.persistent),
        "constant": int(variable.constant),
        "data_type": variable.data_type,
        "unit": variable.unit,
        "min_limit": variable.min_limit,
        "max_limit": variable.max_limit,
        "values_list": variable.values_list,
        "supports_monitoring": None if monitored is None else int(monitored),
        "generated_at": generated_at,
        "asked_at": asked_at,
    }
