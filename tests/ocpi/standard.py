"""The objects that we own, as the standard draws them: fields, lengths, words, times with Z (OCPI 2.2.1 §8.3 to §11.3).

Fields that the standard does not know are let pass.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from csms.model.location import BusinessDetails, Directions, Hours
from csms.model.location_words import (
    Capability,
    ConnectorFormat,
    ConnectorStandard,
    EvseStatus,
    Facility,
    ParkingRestriction,
    ParkingType,
    PowerType,
)
from csms.model.party import Module
from csms.model.roaming import AuthMethod, SessionStatus

_CI: Final = r"^[\x20-\x7e]+$"
Moment = Annotated[str, Meta(max_length=25, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")]
Country = Annotated[str, Meta(pattern="^[A-Za-z]{2}$")]
PartyId = Annotated[str, Meta(pattern="^[A-Za-z0-9]{3}$")]
Id = Annotated[str, Meta(min_length=1, max_length=36, pattern=_CI)]
CdrId = Annotated[str, Meta(min_length=1, max_length=39, pattern=_CI)]
EvseId = Annotated[str, Meta(min_length=1, max_length=48, pattern=_CI)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


def _text(longest: int) -> Any:
    return Annotated[str, Meta(min_length=1, max_length=longest)]


class GeoLocation(Struct):
    """Coordinates (§8.4.13)."""

    latitude: Annotated[str, Meta(max_length=10, pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}$")]
    longitude: Annotated[str, Meta(max_length=11, pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}$")]


class Price(Struct):
    """An amount (§16.5)."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


class Connector(Struct):
    """A connector (§8.3.3)."""

    id: Id
    standard: ConnectorStandard
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: int
    max_amperage: int
    last_updated: Moment
    max_electric_power: int | None = None
    tariff_ids: list[Id] = []
    terms_and_conditions: _text(255) | None = None


class Evse(Struct):
    """An EVSE (§8.3.2)."""

    uid: Id
    status: EvseStatus
    connectors: Annotated[list[Connector], Meta(min_length=1)]
    last_updated: Moment
    evse_id: EvseId | None = None
    capabilities: list[Capability] = []
    floor_level: _text(4) | None = None
    physical_reference: _text(16) | None = None
    parking_restrictions: list[ParkingRestriction] = []


class Location(Struct):
    """A location (§8.3.1)."""

    country_code: Country
    party_id: PartyId
    id: Id
    publish: bool
    address: _text(255)
    city: _text(45)
    country: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    coordinates: GeoLocation
    time_zone: _text(255)
    last_updated: Moment
    name: _text(255) | None = None
    postal_code: _text(10) | None = None
    state: _text(45) | None = None
    evses: list[Evse] = []
    directions: list[Directions] = []
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] = []
    parking_type: ParkingType | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None


class CdrToken(Struct):
    """The token of a session (§10.4.5)."""

    country_code: Country
    party_id: PartyId
    uid: Id
    type: Annotated[str, Meta(pattern="^(AD_HOC_USER|APP_USER|OTHER|RFID)$")]
    contract_id: Id


class CdrLocation(Struct):
    """Where a charge took place (§10.4.3)."""

    id: Id
    address: _text(45)
    city: _text(45)
    country: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    coordinates: GeoLocation
    evse_uid: Id
    evse_id: EvseId
    connector_id: Id
    connector_standard: ConnectorStandard
    connector_format: ConnectorFormat
    connector_power_type: PowerType
    name: _text(255) | None = None
    postal_code: _text(10) | None = None
    state: _text(20) | None = None


class CdrDimension(Struct):
    """One volume of a period (§10.4.2)."""

    type: Annotated[str, Meta(pattern="^[A-Z_]+$")]
    volume: Decimal


class ChargingPeriod(Struct):
    """A part of a charge (§10.4.6)."""

    start_date_time: Moment
    dimensions: Annotated[list[CdrDimension], Meta(min_length=1)]
    tariff_id: Id | None = None


class Session(Struct):
    """A session (§9.3.1)."""

    country_code: Country
    party_id: PartyId
    id: Id
    start_date_time: Moment
    kwh: Decimal
    cdr_token: CdrToken
    auth_method: AuthMethod
    location_id: Id
    evse_uid: Id
    connector_id: Id
    currency: Currency
    status: SessionStatus
    last_updated: Moment
    end_date_time: Moment | None = None
    authorization_reference: Id | None = None
    charging_periods: list[ChargingPeriod] = []
    total_cost: Price | None = None


class Cdr(Struct):
    """A CDR (§10.3.1)."""

    country_code: Country
    party_id: PartyId
    id: CdrId
    start_date_time: Moment
    end_date_time: Moment
    cdr_token: CdrToken
    auth_method: AuthMethod
    cdr_location: CdrLocation
    currency: Currency
    charging_periods: Annotated[list[ChargingPeriod], Meta(min_length=1)]
    total_cost: Price
    total_energy: Decimal
    total_time: Decimal
    last_updated: Moment
    session_id: Id | None = None
    authorization_reference: Id | None = None
    tariffs: list[dict[str, Any]] = []
    total_parking_time: Decimal | None = None


OBJECTS: Final[dict[Module, type[Struct]]] = {
    Module.LOCATIONS: Location,
    Module.SESSIONS: Session,
    Module.CDRS: Cdr,
}


def fits(module: Module, document: Any) -> None:
    """Raise ValidationError with the path of what does not fit the standard."""
    msgspec.convert(document, OBJECTS[module])
