"""Pages of everything there is, in the shape of the management API: content, page, size, totals.

Searching, sorting and counting are bounded, so that no question is too expensive for a machine that serves stations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from csms.clock import to_text
from csms.errors import InvalidInput
from csms.model.alert import Alert, AlertCategory, AlertSeverity
from csms.model.cdr import Cdr
from csms.model.certificate import Certificate, CertificateKind, CertificateState
from csms.model.id_token import IdToken, fold
from csms.model.reservation import Reservation, ReservationStatus
from csms.model.station import ChargingStation, Registration
from csms.model.tenant import Tenant, TenantStatus
from csms.model.transaction import Transaction, TransactionState
from csms.model.user import User, UserStatus
from csms.services import certificates as certificate_rules
from csms.services import listings, locations, present, tariffs, tenants
from csms.services.access import Caller, Role
from csms.services.stations import StationView
from csms.services.unit import Tx
from csms.store import pages as store
from csms.store import rows
from csms.store import stations as station_store
from csms.store.connection import Row
from csms.store.pages import Listing, Slice

USUAL: Final = 20
MOST: Final = 200
FARTHEST: Final = 100_000
LONGEST_SEARCH: Final = 100
MOST_COUNTED: Final = store.MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Page:
    """One page; totals stop counting at 100,000."""

    content: list[Any]
    page: int
    size: int
    total_elements: int
    total_pages: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of what, sorted how: `sort` is "field" or "field,asc" or "field,desc"."""

    page: int = 0
    size: int = USUAL
    search: str | None = None
    sort: str | None = None


def _page(
    tx: Tx, scope: str | None, listing: Listing, asked: Asked, show: Callable[[Row], Any], **filters: Any
) -> Page:
    """Return a page of a listing; raises InvalidInput for what is out of bounds."""
    if not 1 <= asked.size <= MOST:
        raise InvalidInput(f"size is 1 to {MOST}")
    if asked.page < 0 or asked.page * asked.size > FARTHEST:
        raise InvalidInput(
            f"page is 0 or more, and page × size at most {FARTHEST}: search or filter for less"
        )
    if asked.search is not None and len(asked.search) > LONGEST_SEARCH:
        raise InvalidInput(f"search has at most {LONGEST_SEARCH} characters")
    field, _, way = (asked.sort or "").partition(",")
    if way not in ("", "asc", "desc") or (field and field not in listing.sort):
        raise InvalidInput(f"sort is one of {', '.join(listing.sort)}, with ,asc or ,desc")
    descending = way != "asc" if way or not field else False
    found, total = store.page(
        tx.db,
        listing,
        scope,
        asked.search,
        {name: _column(value) for name, value in filters.items()},
        Slice(field or None, descending, asked.page * asked.size, asked.size),
    )
    return Page([show(row) for row in found], asked.page, asked.size, total, -(-total // asked.size))


def _column(value: Any) -> Any:
    """Return a filter's value as the database writes it."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput("a time needs a zone, like 2027-01-31T00:00:00Z")
        return to_text(value)
    if isinstance(value, bool):
        return int(value)
    return value.value if isinstance(value, Enum) else value


def of_tenants(
    tx: Tx,
    _caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    status: TenantStatus | None = None,
) -> Page:
    """Return a page of all tenants."""
    asked = Asked(page, size, search, sort)
    return _page(tx, None, listings.TENANTS, asked, lambda row: rows.load(Tenant, row), status=status)


def of_stations(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    registration: Registration | None = None,
    vendor: str | None = None,
) -> Page:
    """Return a page of charging stations with their connectors."""

    def show(row: Row) -> StationView:
        station = rows.load(ChargingStation, row)
        return StationView(station, tuple(station_store.connectors(tx.db, station.id)))

    scope = tenants.scope(tx, caller, tenant)
    asked = Asked(page, size, search, sort)
    return _page(tx, scope, listings.STATIONS, asked, show, registration=registration, vendor=vendor)


def of_transactions(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    state: TransactionState | None = None,
    id_token: str | None = None,
    started_from: datetime | None = None,
    started_before: datetime | None = None,
) -> Page:
    """Return a page of transactions, without their corrections and meter values."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.TRANSACTIONS,
        Asked(page, size, search, sort),
        lambda row: rows.load(Transaction, row, corrections=()),
        station=station,
        state=state,
        id_token=fold(id_token) if id_token else None,
        started_from=started_from,
        started_before=started_before,
    )


def of_cdrs(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    ended_from: datetime | None = None,
    ended_before: datetime | None = None,
) -> Page:
    """Return a page of CDRs."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.CDRS,
        Asked(page, size, search, sort),
        lambda row: rows.load(Cdr, row),
        station=station,
        ended_from=ended_from,
        ended_before=ended_before,
    )


def of_tokens(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    blocked: bool | None = None,
    group: str | None = None,
) -> Page:
    """Return a page of id tokens."""
    scope = tenants.scope(tx, caller, tenant)
    asked = Asked(page, size, search, sort)
    show = _loader(IdToken)
    return _page(tx, scope, listings.TOKENS, asked, show, blocked=blocked, group=group)


def of_tariffs(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    active: bool | None = None,
) -> Page:
    """Return a page of tariffs and where each applies."""
    scope = tenants.scope(tx, caller, tenant)
    show = tariffs.shower(tx, scope)
    return _page(tx, scope, listings.TARIFFS, Asked(page, size, search, sort), show, active=active)


def of_locations(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    publish: bool | None = None,
    country: str | None = None,
) -> Page:
    """Return a page of locations with the ids of their stations."""
    scope = tenants.scope(tx, caller, tenant)
    asked = Asked(page, size, search, sort)
    show = locations.shower(tx, scope)
    country = country.upper() if country else None
    return _page(tx, scope, listings.LOCATIONS, asked, show, publish=publish, country=country)


def of_users(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    role: Role | None = None,
    status: UserStatus | None = None,
) -> Page:
    """Return a page of users."""
    scope = tenants.scope(tx, caller, tenant)
    asked = Asked(page, size, search, sort)
    return _page(tx, scope, listings.USERS, asked, _loader(User), role=role, status=status)


def of_certificates(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    kind: CertificateKind | None = None,
    state: CertificateState | None = None,
) -> Page:
    """Return a page of the certificates we issued or had issued."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.CERTIFICATES,
        Asked(page, size, search, sort),
        lambda row: certificate_rules.shown(rows.load(Certificate, row)),
        station=station,
        kind=kind,
        state=state,
    )


def of_reservations(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    status: ReservationStatus | None = None,
) -> Page:
    """Return a page of reservations."""
    scope = tenants.scope(tx, caller, tenant)
    asked = Asked(page, size, search, sort)
    show = _loader(Reservation)
    return _page(tx, scope, listings.RESERVATIONS, asked, show, station=station, status=status)


def of_audit(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
) -> Page:
    """Return a page of who did what."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.AUDIT,
        Asked(page, size, search, sort),
        lambda row: present.row_view(row, ("detail",)),
        actor=actor,
        action=action,
        subject=subject,
    )


def of_messages(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    action: str | None = None,
    direction: str | None = None,
) -> Page:
    """Return a page of the OCPP message log."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.MESSAGES,
        Asked(page, size, search, sort),
        present.row_view,
        station=station,
        action=action,
        direction=direction,
    )


def of_alerts(
    tx: Tx,
    caller: Caller,
    *,
    page: int = 0,
    size: int = USUAL,
    search: str | None = None,
    sort: str | None = None,
    tenant: str | None = None,
    station: str | None = None,
    severity: AlertSeverity | None = None,
    category: AlertCategory | None = None,
    open: bool | None = None,
) -> Page:
    """Return a page of alerts, open and over."""
    scope = tenants.scope(tx, caller, tenant)
    return _page(
        tx,
        scope,
        listings.ALERTS,
        Asked(page, size, search, sort),
        _loader(Alert),
        station=station,
        severity=severity,
        category=category,
        open=open,
    )


def _loader(record: type[Any]) -> Callable[[Row], Any]:
    return lambda row: rows.load(record, row)
