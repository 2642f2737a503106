"""csms location: where stations stand, and what partners are told of it."""

import json as jsonlib
import sys
from pathlib import Path
from typing import Any

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    run,
    show,
    show_one,
)
from csms.errors import InvalidInput, NotFound

app = typer.Typer(
    name="location",
    help="Locations: where stations stand, and what partners see of it.",
    no_args_is_help=True,
)

COLUMNS: list[Column] = [
    ("id", "id"),
    ("name", "name"),
    ("address", "address"),
    ("postal code", "postalCode"),
    ("city", "city"),
    ("country", "country"),
    ("published", lambda v: "yes" if v["publish"] else "no"),
    ("stations", lambda v: " ".join(v["stations"])),
]
SPARE = ("postal code", "address", "country", "name")
_Name = typer.Option(None, "--name", help="What people call it.")
_Address = typer.Option(None, "--address", help="Street and number.")
_City = typer.Option(None, "--city", help="City or town.")
_PostalCode = typer.Option(None, "--postal-code", help="Postal code.")
_State = typer.Option(None, "--state", help="State or province.")
_Country = typer.Option(None, "--country", help="Three letters (ISO 3166-1 alpha-3), like DEU.")
_Coordinates = typer.Option(
    None, "--coordinates", metavar="LAT,LON", help="Decimal degrees, like 48.13743,11.57549."
)
_TimeZone = typer.Option(None, "--time-zone", help="IANA name; the tenant's unless given.")
_Hours = typer.Option(None, "--opening-times", metavar="JSON", help="24/7, or an OCPI Hours object.")
_Facility = typer.Option([], "--facility", help="Like PARKING_LOT or WIFI; may be given several times.")
_Parking = typer.Option(None, "--parking-type", help="Like ON_STREET or PARKING_GARAGE.")
_Operator = typer.Option(None, "--operator", help="Name of the company that operates it.")
_Owner = typer.Option(None, "--owner", help="Name of the company that owns it.")
_Publish = typer.Option(None, "--publish/--no-publish", help="Whether partners may show it.")
_File = typer.Option(None, "--file", help="An OCPI Location object without EVSEs; options win. - for stdin.")


@app.command()
def add(
    ctx: typer.Context,
    location: str = typer.Argument(..., metavar="ID", help="For ever; 1 to 36 printable ASCII characters."),
    name: str | None = _Name,
    address: str | None = _Address,
    city: str | None = _City,
    postal_code: str | None = _PostalCode,
    state: str | None = _State,
    country: str | None = _Country,
    coordinates: str | None = _Coordinates,
    time_zone: str | None = _TimeZone,
    opening_times: str | None = _Hours,
    facility: list[str] = _Facility,
    parking_type: str | None = _Parking,
    operator: str | None = _Operator,
    owner: str | None = _Owner,
    publish: bool | None = _Publish,
    file: Path | None = _File,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Add a location; stations whose location is this id or name already stand there."""
    document = _document(
        file, name=name, address=address, city=city, postal_code=postal_code, state=state, country=country,
        coordinates=coordinates, time_zone=time_zone, opening_times=opening_times, facilities=facility,
        parking_type=parking_type, operator=operator, owner=owner, publish=publish,
    )  # fmt: skip
    made = run(ctx, "location.add", document=document | {"id": location}, tenant=tenant)
    _print(json, made)


@app.command()
def update(
    ctx: typer.Context,
    location: str = typer.Argument(..., metavar="ID"),
    name: str | None = _Name,
    address: str | None = _Address,
    city: str | None = _City,
    postal_code: str | None = _PostalCode,
    state: str | None = _State,
    country: str | None = _Country,
    coordinates: str | None = _Coordinates,
    time_zone: str | None = _TimeZone,
    opening_times: str | None = _Hours,
    facility: list[str] = _Facility,
    parking_type: str | None = _Parking,
    operator: str | None = _Operator,
    owner: str | None = _Owner,
    publish: bool | None = _Publish,
    file: Path | None = _File,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Change what is given; an empty text takes away what was there."""
    document = _document(
        file, name=name, address=address, city=city, postal_code=postal_code, state=state, country=country,
        coordinates=coordinates, time_zone=time_zone, opening_times=opening_times, facilities=facility,
        parking_type=parking_type, operator=operator, owner=owner, publish=publish,
    )  # fmt: skip
    _print(json, run(ctx, "location.update", location=location, document=document, tenant=tenant))


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List locations with their stations."""
    found = run(ctx, "location.list", tenant=tenant)
    show(json, found, COLUMNS, empty="no location: csms location add ID", spare=SPARE)


@app.command("show")
def show_(
    ctx: typer.Context,
    location: str = typer.Argument(..., metavar="ID"),
    published: bool = typer.Option(False, "--published", help="The OCPI object that partners are shown."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show one location with its stations."""
    if published:
        print_json(run(ctx, "location.published", location=location, tenant=tenant))
        return
    _print(json, run(ctx, "location.show", location=location, tenant=tenant))


@app.command()
def assign(
    ctx: typer.Context,
    location: str = typer.Argument(..., metavar="ID"),
    stations: list[str] = typer.Argument(..., metavar="STATION…"),
    tenant: str | None = TenantOption,
) -> None:
    """Let stations stand at a location."""
    done = run(ctx, "location.assign", location=location, stations=stations, tenant=tenant)
    out.print(f"at {location} stand {', '.join(done['stations'])}")


@app.command()
def unassign(ctx: typer.Context, station: str, tenant: str | None = TenantOption) -> None:
    """Let a station stand nowhere."""
    run(ctx, "location.unassign", station=station, tenant=tenant)
    out.print(f"{station} stands nowhere")


@app.command()
def remove(
    ctx: typer.Context,
    location: str = typer.Argument(..., metavar="ID"),
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
) -> None:
    """Remove a location; its stations stay, and partners see its EVSEs as REMOVED."""
    confirm(yes, f"Remove location {location}?")
    run(ctx, "location.remove", location=location, tenant=tenant)
    out.print(f"{location} is removed")


@app.command()
def evse(
    ctx: typer.Context,
    station: str,
    evse: int = typer.Argument(..., help="Number of the EVSE (OCPP 1.6: connector)."),
    evse_id: str | None = typer.Option(None, "--evse-id", help="Like DE*ABC*E1234*1; made up unless given."),
    reference: str | None = typer.Option(None, "--reference", help="What is printed on it."),
    floor: str | None = typer.Option(None, "--floor", help="On which floor it is."),
    capability: list[str] = typer.Option(
        [], "--capability", help="Like RESERVABLE; replaces what the station tells."
    ),
    parking: list[str] = typer.Option([], "--parking-restriction", help="Like EV_ONLY or CUSTOMERS."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Say how an EVSE is called and what it can do; what is not given follows from the station again."""
    said = {
        "evse_id": evse_id,
        "physical_reference": reference,
        "floor_level": floor,
        "capabilities": capability or None,
        "parking_restrictions": parking or None,
    }
    done = run(ctx, "location.evse", station=station, evse=evse, equipment=_given(said), tenant=tenant)
    _print_equipment(json, done)


@app.command()
def connector(
    ctx: typer.Context,
    station: str,
    evse: int = typer.Argument(..., help="Number of the EVSE (OCPP 1.6: connector)."),
    connector: int = typer.Argument(1, help="Number of the connector within the EVSE."),
    standard: str | None = typer.Option(None, "--standard", help="Like IEC_62196_T2_COMBO or CHADEMO."),
    format: str | None = typer.Option(None, "--format", help="SOCKET or CABLE."),
    power_type: str | None = typer.Option(None, "--power-type", help="AC_1_PHASE, AC_3_PHASE or DC."),
    voltage: int | None = typer.Option(None, "--voltage", help="Most volts (line to neutral)."),
    amperage: int | None = typer.Option(None, "--amperage", help="Most amperes."),
    power: int | None = typer.Option(
        None, "--power", help="Most watts, where voltage and current give more."
    ),
    terms: str | None = typer.Option(None, "--terms", help="Address of terms and conditions."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Say what a connector fits and gives; what is not given is a Type 2 socket of 3 × 230 V, 32 A."""
    said = {
        "standard": standard,
        "format": format,
        "power_type": power_type,
        "max_voltage": voltage,
        "max_amperage": amperage,
        "max_electric_power": power,
        "terms_and_conditions": terms,
    }
    place = {"station": station, "evse": evse, "connector": connector}
    done = run(ctx, "location.connector", **place, equipment=_given(said), tenant=tenant)
    _print_equipment(json, done)


def _print(json: bool, found: dict[str, Any]) -> None:
    more: list[Column] = [
        ("coordinates", lambda v: f"{v['latitude']}, {v['longitude']}" if v["latitude"] else None),
        ("time zone", "timeZone"),
        ("details", lambda v: jsonlib.dumps(v["details"]) if v["details"] else None),
        ("lacks", lambda v: ", ".join(v["missing"])),
    ]
    show_one(json, found, COLUMNS + more)


def _print_equipment(json: bool, done: dict[str, Any]) -> None:
    if json:
        print_json(done)
    else:
        out.print(f"{done['stationId']} EVSE {done['evseId']}: {jsonlib.dumps(done['equipment'])}")


def _given(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _document(file: Path | None, **options: Any) -> dict[str, Any]:
    """Return the location as its OCPI object."""
    document = _read(file) if file is not None else {}
    given = _given(options)
    if "coordinates" in given:
        latitude, _, longitude = given["coordinates"].partition(",")
        given["coordinates"] = {"latitude": latitude.strip(), "longitude": longitude.strip()}
    if "opening_times" in given:
        given["opening_times"] = _hours(given["opening_times"])
    if not given["facilities"]:
        del given["facilities"]
    for company in ("operator", "owner"):
        if company in given:
            given[company] = {"name": given[company]}
    return document | given


def _hours(text: str) -> Any:
    if text == "24/7":
        return {"twentyfourseven": True}
    try:
        return jsonlib.loads(text)
    except ValueError as error:
        raise InvalidInput(f"--opening-times is 24/7 or JSON: {error}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        found = jsonlib.loads(text)
    except FileNotFoundError:
        raise NotFound(f"no file {file}") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no JSON object")
    return found
