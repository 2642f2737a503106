"""Tenants, and which of them a caller means."""

from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from csms.errors import Conflict, InvalidInput, NotAllowed, NotFound
from csms.model.event import Event
from csms.model.tenant import Tenant, TenantSettings, TenantStatus, TenantType
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import tenants as store

MOST_SETTINGS_BYTES: Final = 64 * 1024


def resolve(tx: Tx, caller: Caller, tenant: str | None) -> Tenant:
    """Return the tenant a caller means: the one named, the caller's own, or the only one there is."""
    if tenant is None and caller.tenant_id is None:
        every = store.select(tx.db)
        if len(every) == 1:
            return every[0]
        names = ", ".join(t.name for t in every)
        raise InvalidInput(
            f"name the tenant with --tenant: {names}" if every else "no tenant yet: run csms init"
        )
    found = store.find(tx.db, tenant or caller.tenant_id or "")
    if found is None or caller.tenant_id not in (None, found.id):
        raise NotFound(f"no tenant {tenant}")
    return found


def by_id(tx: Tx, tenant_id: str) -> Tenant:
    """Return the tenant of an id; NotFound where there is none."""
    found = store.get(tx.db, tenant_id)
    if found is None:
        raise NotFound(f"no tenant {tenant_id}")
    return found


def scope(tx: Tx, caller: Caller, tenant: str | None) -> str | None:
    """Return the tenant id to which a list is limited, or None for all tenants."""
    if tenant is None and caller.tenant_id is None:
        return None
    return resolve(tx, caller, tenant).id


def is_open(tx: Tx, tenant_id: str | None) -> bool:
    """Whether users of a tenant may come in; those of no tenant always may."""
    if tenant_id is None:
        return True
    found = store.get(tx.db, tenant_id)
    return found is not None and found.status is TenantStatus.ACTIVE


def add(
    tx: Tx,
    caller: Caller,
    *,
    name: str,
    tenant_type: TenantType = TenantType.CPO,
    country_code: str = "DE",
    party_id: str = "CSM",
    currency: str = "EUR",
    time_zone: str = "Europe/Berlin",
    domain: str | None = None,
    company_name: str | None = None,
    settings: TenantSettings | None = None,
) -> Tenant:
    """Create a tenant; country and party id are the OCPI identity of its CPO (OCPI 2.2.1 §7.2)."""
    given = settings or TenantSettings()
    currency, time_zone = given.default_currency or currency, given.timezone or time_zone
    name, country_code, party_id, currency = (
        name.strip(),
        country_code.upper(),
        party_id.upper(),
        currency.upper(),
    )
    if not name or len(name) > 100 or "/" in name or not name.isprintable():
        raise InvalidInput("a tenant's name has 1 to 100 printable characters and no slash")
    for text, what in (
        (domain, "domain"),
        (company_name, "company name"),
        (given.default_language, "language"),
    ):
        if text is not None and (len(text) > 200 or not text.isprintable()):
            raise InvalidInput(f"a {what} has at most 200 printable characters")
    if len(country_code) != 2 or not country_code.isalpha():
        raise InvalidInput(f"country must be two letters of ISO 3166, not {country_code!r}")
    if len(party_id) != 3 or not party_id.isalnum():
        raise InvalidInput(f"party id must be three letters or digits, not {party_id!r}")
    if len(currency) != 3 or not currency.isalpha():
        raise InvalidInput(f"currency must be three letters of ISO 4217, not {currency!r}")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"unknown time zone {time_zone!r}: use an IANA name like Europe/Berlin") from None
    if store.find(tx.db, name) is not None:
        raise Conflict(f"tenant {name} exists already")
    tenant = Tenant(
        tx.entropy.hex(), name, tenant_type, TenantStatus.ACTIVE, country_code, party_id, currency, time_zone,
        tx.now, tx.now, domain=domain or None, company_name=company_name or None, settings=_kept(given),
    )  # fmt: skip
    store.insert(tx.db, tenant)
    tx.audit(
        caller, tenant.id, "tenant.add", tenant.name, {"type": tenant_type, "party": country_code + party_id}
    )
    return tenant


def list_tenants(tx: Tx, caller: Caller) -> list[Tenant]:
    """Return the tenants the caller may see."""
    return [t for t in store.select(tx.db) if caller.tenant_id in (None, t.id)]


def show(tx: Tx, caller: Caller, *, tenant: str) -> Tenant:
    """Return one tenant by name or id."""
    return resolve(tx, caller, tenant)


def _kept(settings: TenantSettings) -> dict[str, Any]:
    """Return the settings that have no column of their own; InvalidInput when they are too much."""
    kept = msgspec.to_builtins(settings)
    kept = {k: v for k, v in kept.items() if v is not None and k not in ("timezone", "defaultCurrency")}
    if len(msgspec.json.encode(kept)) > MOST_SETTINGS_BYTES:
        raise InvalidInput(f"the settings of a tenant have at most {MOST_SETTINGS_BYTES} bytes")
    return kept


def set_status(
    tx: Tx, caller: Caller, *, tenant: str, status: TenantStatus, reason: str | None = None
) -> Tenant:
    """Suspend, activate or terminate a tenant; termination is for good."""
    found = resolve(tx, caller, tenant)
    if found.status is TenantStatus.TERMINATED:
        raise Conflict(f"tenant {found.name} is terminated; that cannot be undone")
    if caller.tenant_id is not None:
        raise NotAllowed("a tenant cannot change its own status")
    if reason is not None and len(reason) > 1000:
        raise InvalidInput("a reason has at most 1000 characters")
    store.set_status(tx.db, found.id, status.value, tx.at, reason)
    detail = {"before": found.status, "after": status, "reason": reason}
    tx.audit(caller, found.id, "tenant.status", found.name, detail)
    tx.events.append(Event("tenant.changed", found.id, None, found.id, tx.now, {"status": status}))
    return replace(found, status=status, status_reason=reason, updated_at=tx.now)
