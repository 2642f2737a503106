"""Pages of everything there is, in the shape of the management API: what each is filtered by and how it is shown."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

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
from csms.services.paging import USUAL, Asked, Page, page_of
from csms.services.stations import StationView
from csms.services.unit import Tx
from csms.store import rows
from csms.store import stations as station_store
from csms.store.connection import Row


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
    return page_of(tx, None, listings.TENANTS, asked, lambda row: rows.load(Tenant, row), status=status)


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
    return page_of(tx, scope, listings.STATIONS, asked, show, registration=registration, vendor=vendor)


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
    return page_of(
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
    return page_of(
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
    return page_of(tx, scope, listings.TOKENS, asked, show, blocked=blocked, group=group)


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
    return page_of(tx, scope, listings.TARIFFS, Asked(page, size, search, sort), show, active=active)


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
    return page_of(tx, scope, listings.LOCATIONS, asked, show, publish=publish, country=country)


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
    return page_of(tx, scope, listings.USERS, asked, _loader(User), role=role, status=status)


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
    return page_of(
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
    return page_of(tx, scope, listings.RESERVATIONS, asked, show, station=station, status=status)


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
    return page_of(
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
    return page_of(
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
    return page_of(
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
