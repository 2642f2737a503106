"""Locations: the places where stations stand, and what is installed there (OCPI 2.2.1 §8.3).

The parts of a location are written in OCPI's own words, for operators know them by these. Limits are the standard's.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from csms.model.location_words import (
    Capability,
    ConnectorFormat,
    ConnectorStandard,
    Facility,
    ParkingRestriction,
    ParkingType,
    PowerType,
)

CI_STRING: Final = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$"
"""A CiString that can stand in the path of an address."""
LocationId = Annotated[str, Meta(min_length=1, max_length=36, pattern=CI_STRING)]
Url = Annotated[str, Meta(min_length=1, max_length=255, pattern="^https?://")]
Degrees = Annotated[str, Meta(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,12})?$")]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Volts = Annotated[int, Meta(ge=1, le=100_000)]
Amperes = Annotated[int, Meta(ge=1, le=100_000)]
Watts = Annotated[int, Meta(ge=1, le=100_000_000)]


class Part(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a location as an OCPI object; what has its default is left out."""


class RegularHours(Part, frozen=True):
    """Opening on one day of the week, 1 for Monday, in local time (§8.4.20)."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    period_begin: TimeOfDay
    period_end: TimeOfDay


class ExceptionalPeriod(Part, frozen=True):
    """An exception from the regular hours, in UTC (§8.4.11)."""

    period_begin: Annotated[datetime, Meta(tz=True)]
    period_end: Annotated[datetime, Meta(tz=True)]


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Opening times (§8.4.14); regular hours only where it is not always open."""

    twentyfourseven: bool
    regular_hours: Annotated[list[RegularHours], Meta(max_length=100)] | None = None
    exceptional_openings: Annotated[list[ExceptionalPeriod], Meta(max_length=366)] | None = None
    exceptional_closings: Annotated[list[ExceptionalPeriod], Meta(max_length=366)] | None = None


class BusinessDetails(Part, frozen=True):
    """A company (§8.4.2)."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    website: Url | None = None


class Directions(Part, frozen=True):
    """How to get there, in one language (DisplayText, §16.3)."""

    language: Annotated[str, Meta(pattern="^[A-Za-z]{2}$")]
    text: Annotated[str, Meta(min_length=1, max_length=512)]


class Coordinates(Part, frozen=True):
    """Where something is, in decimal degrees of WGS 84 (§8.4.13)."""

    latitude: Degrees
    longitude: Degrees


class LocationFields(Part, frozen=True):
    """A location as an operator gives it: an OCPI Location without EVSEs; what is None stays as it is.

    An empty text or list takes away what was there.
    """

    id: LocationId | None = None
    name: Annotated[str, Meta(max_length=255)] | None = None
    address: Annotated[str, Meta(max_length=255)] | None = None
    city: Annotated[str, Meta(max_length=45)] | None = None
    postal_code: Annotated[str, Meta(max_length=10)] | None = None
    state: Annotated[str, Meta(max_length=45)] | None = None
    country: Annotated[str, Meta(pattern="^([A-Za-z]{3})?$")] | None = None
    coordinates: Coordinates | None = None
    time_zone: Annotated[str, Meta(max_length=255)] | None = None
    publish: bool | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    facilities: Annotated[list[Facility], Meta(max_length=20)] | None = None
    parking_type: ParkingType | None = None
    directions: Annotated[list[Directions], Meta(max_length=20)] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None


class EvseEquipment(Part, frozen=True):
    """What an operator says of an EVSE (§8.3.2); what is None follows from the station, or is not said."""

    evse_id: Annotated[str, Meta(max_length=48)] | None = None
    physical_reference: Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    floor_level: Annotated[str, Meta(min_length=1, max_length=4)] | None = None
    capabilities: tuple[Capability, ...] | None = None
    parking_restrictions: tuple[ParkingRestriction, ...] | None = None


class ConnectorEquipment(Part, frozen=True):
    """What an operator says of a connector (§8.3.3); voltage is line to neutral for three phases."""

    standard: ConnectorStandard = ConnectorStandard.IEC_62196_T2
    format: ConnectorFormat = ConnectorFormat.SOCKET
    power_type: PowerType = PowerType.AC_3_PHASE
    max_voltage: Volts = 230
    max_amperage: Amperes = 32
    max_electric_power: Watts | None = None
    terms_and_conditions: Url | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """One place of a tenant's. `details` holds the optional parts in OCPI's words.

    `published_at` is when partners were first shown it, `removed_at` since when it is no more.
    """

    tenant_id: str
    id: str
    name: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    state: str | None
    country: str | None
    latitude: str | None
    longitude: str | None
    time_zone: str
    publish: bool
    created_at: datetime
    updated_at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    published_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What partners have to know and nobody has said."""
        wanted = {
            "address": self.address,
            "city": self.city,
            "country": self.country,
            "latitude": self.latitude,
            "longitude": self.longitude,
        }
        return tuple(name for name, value in wanted.items() if not value)


def fold(text: str) -> str:
    """Return the form in which a CiString is compared (§16.1)."""
    return text.casefold()
