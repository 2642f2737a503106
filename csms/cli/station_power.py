"""What bounds a station's power, and its local list: csms station profiles, local-list, and command ID profile …"""

from collections.abc import Mapping
from typing import Any

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    out,
    print_json,
    print_table,
    run,
    show_one,
    when,
)
from csms.cli.station_outcome import TimeoutOption, order, tell
from csms.errors import InvalidInput

profile = typer.Typer(
    name="profile", help="Charging profiles: what bounds station, charges, one charge.", no_args_is_help=True
)

PurposeOption = typer.Option(None, "--purpose", help="station, default, transaction, or the standard's word.")
ConnectorOption = typer.Option(None, "--connector", min=0, help="Which one; 0 is the whole station.")
LevelOption = typer.Option(None, "--stack-level", min=0, help="Of two with one purpose the higher prevails.")

PROFILES: list[Column] = [
    ("id", "id"),
    ("connector", lambda p: p["evseId"] or "station"),
    ("purpose", "purpose"),
    ("level", "stackLevel"),
    ("kind", lambda p: " ".join(str(word) for word in (p["recurrency"], p["kind"]) if word)),
    ("limits", lambda p: _limits(p)),
    ("transaction", "transactionId"),
    ("set by", lambda p: "us" if p["source"] == "CSO" else p["source"]),
    ("since", lambda p: when(p["installedAt"])),
    ("reported", lambda p: when(p["reportedAt"])),
]
LIMITS: list[Column] = [
    ("limit of", "source"),
    ("connector", lambda one: one["evseId"] or "station"),
    ("grid critical", "gridCritical"),
    ("limits", lambda one: "; ".join(_limits(schedule) for schedule in one["schedules"])),
    ("since", lambda one: when(one["at"])),
]
NEEDS: list[Column] = [
    ("vehicle at", "evseId"),
    ("transfer", lambda n: n["needs"]["transfer"]),
    ("asked", lambda n: when(n["askedAt"])),
    ("profile", "profileId"),
    ("status", "status"),
    ("problem", "problem"),
]


@profile.command("set")
def set_(
    ctx: typer.Context,
    purpose: str = typer.Argument(..., help="station, default, transaction, or the standard's word."),
    limit: str | None = typer.Option(None, "--limit", help="One limit, in A per phase unless --unit W."),
    period: list[str] = typer.Option([], "--period", help="START_S=LIMIT or START_S=LIMIT/PHASES; several."),
    unit: str = typer.Option("A", "--unit", help="A per phase, or W."),
    connector: int = typer.Option(0, "--connector", min=0, help="Which one; 0 is the whole station."),
    level: int = typer.Option(0, "--stack-level", min=0, help="Of two with one purpose the higher prevails."),
    phases: int | None = typer.Option(None, "--phases", min=1, max=3, help="On how many phases."),
    start: str | None = typer.Option(None, "--start", help="When it begins to count, ISO 8601 with zone."),
    duration: int | None = typer.Option(None, "--duration", min=1, help="For so many seconds."),
    daily: bool = typer.Option(False, "--daily", help="Again every day."),
    weekly: bool = typer.Option(False, "--weekly", help="Again every week."),
    since: str | None = typer.Option(None, "--from", help="Valid from then on, ISO 8601 with zone."),
    until: str | None = typer.Option(None, "--until", help="Valid up to then, ISO 8601 with zone."),
    transaction: str | None = typer.Option(None, "--transaction", help="Our id of it, or the station's."),
    number: int | None = typer.Option(None, "--id", min=1, help="Replace the profile of this number."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station hold a charging profile; one in the same place is replaced."""
    if daily and weekly:
        raise InvalidInput("a profile comes again every day or every week, not both")
    args = {
        "purpose": purpose, "limit": limit, "periods": [_period(text) for text in period] or None,
        "unit": unit.upper(), "evse_id": connector, "stack_level": level, "phases": phases, "start_at": start,
        "duration_s": duration, "recurrency": "Daily" if daily else "Weekly" if weekly else None,
        "valid_from": since, "valid_to": until, "transaction": transaction, "id": number,
    }  # fmt: skip
    done = order(ctx, "profile.set", args, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: out.print(f"{d['stationId']}: profile {d['detail']['profileId']}"))


@profile.command()
def clear(
    ctx: typer.Context,
    number: int | None = typer.Option(None, "--id", min=0, help="The one of this number."),
    purpose: str | None = PurposeOption,
    connector: int | None = ConnectorOption,
    level: int | None = LevelOption,
    every: bool = typer.Option(False, "--all", help="All of them."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station drop a profile, or those that fit what is given."""
    args = {"id": number, "purpose": purpose, "evse_id": connector, "stack_level": level, "every": every}
    tell(json, order(ctx, "profile.clear", args, timeout=timeout, tenant=tenant))


@profile.command("list")
def list_(
    ctx: typer.Context,
    purpose: str | None = PurposeOption,
    connector: int | None = ConnectorOption,
    level: int | None = LevelOption,
    number: list[int] = typer.Option([], "--id", help="Only those of these numbers."),
    wait: float = typer.Option(10.0, "--wait", min=0.0, help="Seconds to wait for the station's report."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Ask the station which profiles it holds (OCPP 1.6 cannot: what its answers have shown)."""
    args = {"purpose": purpose, "evse_id": connector, "stack_level": level, "ids": number or None}
    done = order(ctx, "profile.list", args, wait=wait, timeout=timeout, tenant=tenant)
    tell(json, done, _told, waited_s=wait)


def profiles(
    ctx: typer.Context, station: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show what bounds a station: profiles it holds, limits others have set, what vehicles have asked for."""
    found = run(ctx, "station.profiles", station=station, tenant=tenant)
    if json:
        print_json(found)
        return
    print_table([_flat(one) for one in found["profiles"]], PROFILES, empty="no charging profile known")
    for rows, columns in ((found["externalLimits"], LIMITS), (found["needs"], NEEDS)):
        if rows:
            print_table(rows, columns, empty="none")


def local_list(
    ctx: typer.Context, station: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show how a station's local list stands: csms station command ID local-list sync brings it in step."""
    columns: list[Column] = [
        ("version", "version"),
        ("id tokens", "entries"),
        ("follows the tokens", lambda s: "yes" if s["follows"] else "no"),
        ("in step", lambda s: "yes" if s["inStep"] else "no"),
        ("synced", lambda s: when(s["syncedAt"])),
        ("tried", lambda s: when(s["triedAt"])),
        ("again", lambda s: when(s["dueAt"])),
        ("problem", "problem"),
    ]
    show_one(json, run(ctx, "station.local-list", station=station, tenant=tenant), columns)


def _told(done: Mapping[str, Any]) -> None:
    print_table(done["detail"]["profiles"], PROFILES, empty=f"{done['stationId']} holds no charging profile")


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept profile with its first schedule, as the station's report shows it."""
    schedule = one["profile"]["schedules"][0]
    return {**one["profile"], **schedule} | {k: v for k, v in one.items() if k != "profile"}


def _limits(schedule: Mapping[str, Any]) -> str:
    """Return the limits of a schedule in one line, like `16 A, from 3600 s 8 A`."""
    parts = []
    for period in schedule["periods"]:
        begin = f"from {period['startS']} s " if period["startS"] else ""
        phases = f" on {period['phases']}" if period["phases"] else ""
        parts.append(f"{begin}{period['limit']} {schedule['unit']}{phases}")
    return ", ".join(parts)


def _period(text: str) -> dict[str, Any]:
    """Read START_S=LIMIT or START_S=LIMIT/PHASES."""
    start, sign, rest = text.partition("=")
    limit, slash, phases = rest.partition("/")
    if not sign or not start.isdigit() or (slash and not phases.isdigit()):
        raise InvalidInput(f"--period {text}: write START_S=LIMIT, like 0=16 or 3600=8/1")
    return {"start_s": int(start), "limit": limit} | ({"phases": int(phases)} if slash else {})
