"""Charging profiles that stations hold, which of them were asked for, and limits that others than us have set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from csms.clock import from_text
from csms.model.charging_profile import ChargingProfile, ChargingSchedule, ProfilePurpose, ProfileScope
from csms.store import rows
from csms.store.connection import Database, Row

FOR_VEHICLE: Final = "EV"
"""Source of the profiles that we set for what vehicles tell of their needs."""
_encoder = msgspec.json.Encoder(decimal_format="number")
_profile = msgspec.json.Decoder(ChargingProfile)
_scope = msgspec.json.Decoder(ProfileScope)
_schedules = msgspec.json.Decoder(tuple[ChargingSchedule, ...])


@dataclass(frozen=True, slots=True)
class InstalledProfile:
    """A profile that a station holds; `source` is who set it: CSO is us, EMS, SO and Other are not.

    `FOR_VEHICLE` is us too, but for what a vehicle told of its needs.

    `installed_at` is when the station accepted it from us, `reported_at` when it last told us that it holds it.
    """

    profile: ChargingProfile
    source: str
    installed_at: datetime | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExternalLimit:
    """A limit that somebody else has set for an EVSE (0: the station); no schedules where its size is not told."""

    evse_id: int
    source: str
    grid_critical: bool | None
    schedules: tuple[ChargingSchedule, ...]
    at: datetime


def put(db: Database, station_key: str, profile: ChargingProfile, source: str, **moments: str) -> None:
    """Insert a profile or replace the one of its id; `moments` are `installed_at` or `reported_at`."""
    values: dict[str, Any] = {"installed_at": None, "reported_at": None} | moments
    values |= {
        "key": station_key,
        "id": profile.id,
        "evse": profile.evse_id,
        "purpose": profile.purpose.value,
        "level": profile.stack_level,
        "transaction": profile.transaction_id,
        "source": source,
        "document": _encoder.encode(profile).decode(),
    }
    db.run(
        """INSERT INTO charging_profiles (station_key, id, evse_id, purpose, stack_level, transaction_id, source,
             document, installed_at, reported_at)
           VALUES (:key, :id, :evse, :purpose, :level, :transaction, :source, :document, :installed_at, :reported_at)
           ON CONFLICT (station_key, id) DO UPDATE SET evse_id = excluded.evse_id, purpose = excluded.purpose,
             stack_level = excluded.stack_level, transaction_id = excluded.transaction_id,
             source = CASE WHEN excluded.reported_at IS NOT NULL AND charging_profiles.source = 'EV'
               THEN 'EV' ELSE excluded.source END, document = excluded.document,
             installed_at = COALESCE(excluded.installed_at, charging_profiles.installed_at),
             reported_at = COALESCE(excluded.reported_at, charging_profiles.reported_at)""",
        values,
    )


def set_source(db: Database, station_key: str, profile_id: int, source: str) -> None:
    """Write on whose behalf a profile was set."""
    db.run(
        "UPDATE charging_profiles SET source = :source WHERE station_key = :key AND id = :id",
        {"key": station_key, "id": profile_id, "source": source},
    )


def select(db: Database, station_key: str) -> list[InstalledProfile]:
    """Return the profiles that a station holds, by EVSE, purpose and stack level."""
    found = db.all(
        """SELECT * FROM charging_profiles WHERE station_key = :key
           ORDER BY evse_id, purpose, stack_level, id""",
        {"key": station_key},
    )
    return [
        InstalledProfile(
            _profile.decode(row["document"]),
            row["source"],
            _moment(row["installed_at"]),
            _moment(row["reported_at"]),
        )
        for row in found
    ]


def at_place(
    db: Database, station_key: str, purpose: ProfilePurpose, stack_level: int, evse_id: int
) -> int | None:
    """Return the id of a profile with this purpose, stack level and EVSE; None where the place is free."""
    row = db.one(
        """SELECT id FROM charging_profiles WHERE station_key = :key AND purpose = :purpose
             AND stack_level = :level AND evse_id = :evse ORDER BY id LIMIT 1""",
        {"key": station_key, "purpose": purpose.value, "level": stack_level, "evse": evse_id},
    )
    return int(row["id"]) if row else None


def remove(db: Database, station_key: str, profile_id: int) -> int:
    """Remove one profile; returns how many rows went."""
    return db.run(
        "DELETE FROM charging_profiles WHERE station_key = :key AND id = :id",
        {"key": station_key, "id": profile_id},
    )


def remove_of_transaction(db: Database, station_key: str, ocpp_id: str, evse_id: int | None) -> int:
    """Remove the profiles that end with a transaction; returns how many rows went."""
    return db.run(
        """DELETE FROM charging_profiles WHERE station_key = :key AND purpose = :purpose
             AND (transaction_id = :transaction OR (transaction_id IS NULL AND evse_id = :evse))""",
        {
            "key": station_key,
            "purpose": ProfilePurpose.TX.value,
            "transaction": ocpp_id,
            "evse": evse_id or -1,
        },
    )


def put_report(db: Database, station_key: str, request_id: int, scope: ProfileScope, at: str) -> None:
    """Note what a report of profiles was asked for; the last of a station counts, an earlier one is not awaited."""
    db.run("DELETE FROM profile_reports WHERE station_key = :key", {"key": station_key})
    db.run(
        """INSERT INTO profile_reports (station_key, request_id, scope, asked_at) VALUES (:key, :id, :scope, :at)
           ON CONFLICT (station_key, request_id) DO UPDATE SET scope = excluded.scope, asked_at = excluded.asked_at""",
        {"key": station_key, "id": request_id, "scope": rows.to_json(scope), "at": at},
    )


def take_report(db: Database, station_key: str, request_id: int) -> Row | None:
    """Return scope and moment of a report that was asked for, and forget it."""
    return db.one(
        "DELETE FROM profile_reports WHERE station_key = :key AND request_id = :id RETURNING scope, asked_at",
        {"key": station_key, "id": request_id},
    )


def scope_of(report: Row) -> ProfileScope:
    """Return what a report was asked for."""
    return _scope.decode(report["scope"])


def put_external(db: Database, station_key: str, limit: ExternalLimit) -> None:
    """Insert a limit that somebody else has set, or replace the one of the same source and EVSE."""
    db.run(
        """INSERT INTO external_limits (station_key, evse_id, source, grid_critical, schedules, at)
           VALUES (:key, :evse_id, :source, :grid_critical, :schedules, :at)
           ON CONFLICT (station_key, evse_id, source) DO UPDATE SET grid_critical = excluded.grid_critical,
             schedules = excluded.schedules, at = excluded.at""",
        rows.dump(limit) | {"key": station_key, "schedules": _encoder.encode(limit.schedules).decode()},
    )


def remove_external(db: Database, station_key: str, source: str, evse_id: int) -> int:
    """Remove a source's limit of an EVSE, of EVSE 0 all of that source; returns how many rows went."""
    return db.run(
        """DELETE FROM external_limits WHERE station_key = :key AND source = :source
             AND (evse_id = :evse OR :evse = 0)""",
        {"key": station_key, "source": source, "evse": evse_id},
    )


def externals(db: Database, station_key: str) -> list[ExternalLimit]:
    """Return the limits that others have set for a station."""
    found = db.all(
        "SELECT * FROM external_limits WHERE station_key = :key ORDER BY evse_id, source",
        {"key": station_key},
    )
    return [rows.load(ExternalLimit, row, schedules=_schedules.decode(row["schedules"])) for row in found]


def _moment(text: str | None) -> datetime | None:
    return from_text(text) if text else None
