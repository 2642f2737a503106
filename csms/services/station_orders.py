"""What operators order of stations, and the rules that turn it into a command: token checks, ids, times.

Each rule takes an `Occasion` and an order, and returns a command of model.station_command.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model import station_command as ask
from csms.model.charging_profile import ProfilePurpose
from csms.model.device_command import ComponentCriterion, GetReport, ReportExtent
from csms.model.id_token import ISO14443, AuthorizationStatus
from csms.model.station import ChargingStation
from csms.model.transaction import TransactionState
from csms.services import tokens
from csms.services.unit import Tx
from csms.store import abilities, charging_profiles, transactions
from csms.store import reservations as reservation_store
from csms.store import tokens as token_store

RESERVE_FOR: Final = timedelta(minutes=30)
_WHY: Final = {
    AuthorizationStatus.BLOCKED: "is blocked: csms token unblock",
    AuthorizationStatus.EXPIRED: "has expired",
    AuthorizationStatus.CONCURRENT_TX: "charges already as often as it may at a time",
    AuthorizationStatus.NOT_AT_THIS_LOCATION: "is not valid there: csms token places list",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a rule looks at besides the order; `force` sends what it would refuse."""

    tx: Tx
    station: ChargingStation
    force: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a charge; `limit_a` bounds its current per phase."""

    id_token: str
    evse_id: int | None = None
    limit_a: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End a charge, by our id of the transaction or the station's."""

    transaction: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Bound the current per phase, for a time or until it is cleared."""

    amps: Decimal
    evse_id: int = 0
    phases: int | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Write one setting by its name, or several."""

    name: str | None = None
    value: str | None = None
    settings: tuple[ask.SetSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Report the device model: all of it to an extent, or only these components, variables or criteria."""

    extent: ReportExtent = ReportExtent.FULL
    names: tuple[str, ...] = ()
    criteria: tuple[ComponentCriterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    """Keep an EVSE (0: any) for an id token, half an hour unless said otherwise; `id` replaces a reservation."""

    id_token: str
    evse_id: int = 0
    expires_at: datetime | None = None
    connector_type: str | None = None
    id: int | None = None


def start(on: Occasion, order: Start) -> ask.StartTransaction:
    """Check the id token as the start itself will be; say why it would be refused."""
    uid, _, type_ = _usable(on, order.id_token, order.evse_id or 0)
    if order.limit_a is not None and order.limit_a <= 0:
        raise InvalidInput("a limit for a charge is more than 0 A")
    number = abilities.count(on.tx.db, on.station.id, "request")
    return ask.StartTransaction(uid, order.evse_id, order.limit_a, type_, number)


def stop(on: Occasion, order: Stop) -> ask.StopTransaction:
    """Find the running transaction at this station."""
    found = transactions.get(on.tx.db, on.station.tenant_id, order.transaction)
    here = transactions.by_ocpp_id(on.tx.db, on.station.id, order.transaction)
    if here is None and found is not None and found.station_key == on.station.id:
        here = transactions.by_ocpp_id(on.tx.db, on.station.id, found.ocpp_id)
    if here is None:
        if found is not None:
            raise NotFound(f"transaction {order.transaction} is at station {found.station_id}")
        if on.force:
            return ask.StopTransaction(order.transaction)
        raise NotFound(
            f"no transaction {order.transaction}: csms transaction list --active shows the running ones"
        )
    if here["state"] == TransactionState.ENDED and not on.force:
        raise Conflict(
            f"transaction {here['ocpp_id']} has ended at {here['ended_at']}; --force sends it all the same"
        )
    return ask.StopTransaction(here["ocpp_id"])


def limit(on: Occasion, order: Limit) -> ask.LimitCurrent:
    """Let a limit hold from now; without an end from midnight, so that a station whose clock is late obeys too."""
    if order.amps < 0:
        raise InvalidInput("a limit is 0 A or more")
    if order.phases not in (None, 1, 2, 3):
        raise InvalidInput("a connector has 1, 2 or 3 phases")
    if order.duration_s is not None and order.duration_s <= 0:
        raise InvalidInput("a limit holds for more than 0 s")
    midnight = on.tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight if order.duration_s is None else on.tx.now
    purpose = ProfilePurpose.TX_DEFAULT if order.evse_id else ProfilePurpose.STATION_MAX
    there = charging_profiles.at_place(on.tx.db, on.station.id, purpose, 0, order.evse_id)
    return ask.LimitCurrent(order.amps, since, order.evse_id, order.phases, order.duration_s, there)


def settings(order: Settings) -> tuple[ask.SetSetting, ...]:
    """Return what is to be written."""
    one = () if order.name is None or order.value is None else (ask.SetSetting(order.name, order.value),)
    if not one and not order.settings:
        raise InvalidInput("name a setting and its value")
    return one + order.settings


def report(on: Occasion, order: Report) -> GetReport:
    """Give the report a number of its own."""
    number = abilities.count(on.tx.db, on.station.id, "request")
    return GetReport(number, order.extent, order.names, order.criteria)


def reserve(on: Occasion, order: Reserve) -> ask.ReserveNow:
    """Check the id token, and number the reservation so that it replaces no other one of the station."""
    uid, group, type_ = _usable(on, order.id_token, order.evse_id or 0)
    expires_at = aware(order.expires_at) or on.tx.now + RESERVE_FOR
    if expires_at <= on.tx.now:
        raise InvalidInput("a reservation expires in the future")
    if order.id is not None and order.id < 1:
        raise InvalidInput("reservations are numbered from 1")
    number = order.id or _unused_number(on)
    return ask.ReserveNow(number, uid, expires_at, order.evse_id, group, type_, order.connector_type)


def _unused_number(on: Occasion) -> int:
    taken = reservation_store.numbers(on.tx.db, on.station.id)
    number = abilities.count(on.tx.db, on.station.id, "reservation")
    while number in taken:
        number = abilities.count(on.tx.db, on.station.id, "reservation")
    return number


def _usable(on: Occasion, uid: str, evse_id: int) -> tuple[str, str | None, str]:
    """Return an id token as registered, its group and its type; raises what a station would be told about it."""
    verdict = tokens.foresee(on.tx, on.station.tenant_id, uid, on.station.id, evse_id)
    token = token_store.get(on.tx.db, on.station.tenant_id, uid)
    if verdict.accepted or on.force:
        return (token.uid, token.group_id, token.type) if token else (uid, None, ISO14443)
    if token is None:
        raise NotFound(f"no id token {uid}: csms token add {uid} registers it; --force sends it all the same")
    raise Conflict(
        f"id token {token.uid} {_WHY.get(verdict.status, verdict.status)}; --force sends it all the same"
    )


def aware(moment: datetime | None) -> datetime | None:
    """Return a moment that has its zone; InvalidInput for one that has none."""
    if moment is not None and moment.tzinfo is None:
        raise InvalidInput("a time needs its zone, like 2027-01-31T00:00:00Z")
    return moment


def address(url: str) -> str:
    """Return an address that a station can make something of; which protocols it knows is its own matter."""
    scheme, sign, rest = url.partition("://")
    if not sign or not scheme.isalnum() or not rest or any(c.isspace() for c in url):
        raise InvalidInput(
            f"not an address a station could use: {url[:100]!r}; like https://files.example/cp.bin"
        )
    return url
