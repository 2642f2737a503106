"""What ends is noticed before: alerts for authorities, certificates and anchors, renewal of servers, fresh lists.

Alerts of stations and anchors go to their tenant, those of the appliance's own certificates to the appliance (tenant
""). An alert clears when its cause is gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from csms.clock import to_text
from csms.errors import CsmsError, StoreStopped
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.certificate import AuthorityState, CertificateKind
from csms.services import alerts, authorities, server_certificates
from csms.services.unit import Tx, Unit
from csms.store import alerts as alert_store
from csms.store import certificates as store
from csms.store import trust as trust_store

PREFIX: Final = "certificate-ends:"
FRESH_FOR: Final = timedelta(days=1)
ROOT_FRESH_FOR: Final = timedelta(days=60)
URGENT: Final = timedelta(days=7)
AUTHORITY_AHEAD: Final = timedelta(days=365)
"""A new root takes a fleet months."""
STATION_AHEAD: Final = timedelta(days=14)
"""A station is asked to renew long before; what is left now will not renew by itself."""
SERVER_AHEAD: Final = timedelta(days=14)
MOST_ALERTS: Final = 200
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that ends."""

    tenant_id: str
    key: str
    text: str
    at: datetime
    station_id: str | None = None


async def run_once(unit: Unit) -> None:
    """Renew what is ours, sign fresh revocation lists, and raise or clear alerts."""
    for work in (server_certificates.renew_when_due, _refresh):
        try:
            await work(unit)
        except StoreStopped:
            raise
        except CsmsError as error:  # a key that is not here: the alerts below say what will end
            _log.error("certificates_not_renewed", error=str(error))
    if await unit.read(lambda tx: bool(endings(tx)) or _any_open(tx)):
        await unit.run(watch)


async def _refresh(unit: Unit) -> None:
    if await unit.read(lambda tx: bool(_stale(tx))):
        await unit.run(refresh_lists)


def refresh_lists(tx: Tx) -> int:
    """Sign new revocation lists where the last ones grow old; returns how many."""
    stale = _stale(tx)
    for authority_id in stale:
        found = store.authority(tx.db, authority_id)
        if found is not None:
            authorities.refresh_crl(tx, found)
    return len(stale)


def watch(tx: Tx) -> int:
    """Raise an alert for each thing that ends soon, clear those that are over; returns how many are open."""
    now_ending = {(one.tenant_id, PREFIX + one.key): one for one in endings(tx)}
    for tenant_id, key in _open_alerts(tx):
        if (tenant_id, key) not in now_ending:
            alerts.clear(tx, tenant_id, key)
    for (tenant_id, key), one in now_ending.items():
        over = one.at <= tx.now
        severity = AlertSeverity.MEDIUM if one.at - tx.now > URGENT else AlertSeverity.HIGH
        known = alert_store.open_one(tx.db, tenant_id, key)
        wanted = AlertSeverity.CRITICAL if over else severity
        if known is None or known.severity.rank < wanted.rank:
            alerts.raise_alert(
                tx,
                tenant_id=tenant_id,
                severity=wanted,
                category=AlertCategory.SECURITY_ALERT,
                key=key,
                text=f"{one.text} {'has ended' if over else 'ends'} at {one.at:%Y-%m-%d %H:%M} UTC",
                station_id=one.station_id,
            )
    return len(now_ending)


def endings(tx: Tx) -> list[Ending]:
    """Return what ends soon, the first end first, at most 200."""
    found = [*_authorities(tx), *_certificates(tx), *_anchors(tx)]
    return sorted(found, key=lambda one: one.at)[:MOST_ALERTS]


def _authorities(tx: Tx) -> Iterator[Ending]:
    for authority in store.authorities(tx.db):
        if authority.state is not AuthorityState.RETIRED and authority.not_after - AUTHORITY_AHEAD <= tx.now:
            verb = "rollover" if authority.issuer_id is None else "renew --authorities"
            text = f"the authority {authority.subject} (csms pki {verb} makes a new one)"
            yield Ending("", authority.fingerprint, text, authority.not_after)


def _certificates(tx: Tx) -> Iterator[Ending]:
    ahead = max(STATION_AHEAD, SERVER_AHEAD)
    for one in store.ending(tx.db, to_text(tx.now + ahead)):
        if one.kind is CertificateKind.SERVER:
            if one.not_after - min(SERVER_AHEAD, (one.not_after - one.not_before) / 4) <= tx.now:
                text = f"the server certificate of {one.common_name} ({one.algorithm}; csms pki renew)"
                yield Ending("", one.fingerprint, text, one.not_after)
        elif one.not_after + AUTHORITY_AHEAD > tx.now:
            text = f"the certificate of charging station {one.station_id}"
            yield Ending(one.tenant_id or "", one.fingerprint, text, one.not_after, one.station_id)


def _anchors(tx: Tx) -> Iterator[Ending]:
    for anchor in trust_store.select(tx.db, None):
        if anchor.not_after - tx.policy.pki.renew_ahead <= tx.now:
            text = f"the trusted certificate {anchor.subject} ({anchor.store.value}; csms pki trust)"
            yield Ending(
                anchor.tenant_id or "", f"{anchor.store.value}:{anchor.fingerprint}", text, anchor.not_after
            )


def _stale(tx: Tx) -> list[str]:
    """Return the authorities whose list should be signed anew and whose key is here."""
    return [
        authority.id
        for authority in store.authorities(tx.db)
        if authority.has_key
        and authority.not_after > tx.now
        and (
            authority.crl_at is None
            or authority.crl_at + (ROOT_FRESH_FOR if authority.issuer_id is None else FRESH_FOR) <= tx.now
        )
    ]


def _any_open(tx: Tx) -> bool:
    return bool(_open_alerts(tx))


def _open_alerts(tx: Tx) -> list[tuple[str, str]]:
    return alert_store.open_with_prefix(tx.db, PREFIX)
