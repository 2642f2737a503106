"""Trust stores: who is believed about stations, their makers, contracts and cars, each apart (OCPP 2.0.1 A00, M03–M05).

An anchor belongs to one tenant, or to all. Our own station authorities are trusted without being listed here.
"""

from typing import Final

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.certificate import TrustAnchor, TrustStore
from csms.pki import facts
from csms.services import authorities, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import certificates
from csms.store import trust as store

LONGEST_PEM: Final = 256 * 1024
MOST_ANCHORS: Final = 500


def anchors(tx: Tx, tenant_id: str, store_name: TrustStore | str) -> list[bytes]:
    """Return the certificates a tenant trusts for one purpose, as PEM each.

    For station_ca our own station authorities come first: they are not self-signed, and trusted as they are, so that
    a certificate of our servers, from the same root, does not pass for a station's.
    """
    wanted = TrustStore(store_name)
    own = own_station_authorities(tx) if wanted is TrustStore.STATION_CA else []
    return own + [anchor.pem.encode() for anchor in store.trusted(tx.db, tenant_id, wanted)]


def own_station_authorities(tx: Tx) -> list[bytes]:
    """Return our own station authorities as PEM: current, next and retired ones that were not revoked."""
    return [
        each.certificate.encode()
        for each in certificates.authorities(tx.db)
        if each.role == authorities.STATION and each.revoked_at is None
    ]


def client_roots(tx: Tx) -> list[bytes]:
    """Return whom a listener believes about client certificates before it knows the tenant: all of all tenants."""
    stores = (TrustStore.STATION_CA, TrustStore.MANUFACTURER)
    added = [anchor.pem.encode() for each in stores for anchor in store.select(tx.db, None, each)]
    return list(dict.fromkeys(own_station_authorities(tx) + added))


def add(
    tx: Tx,
    caller: Caller,
    *,
    store_name: TrustStore,
    pem: str,
    tenant: str | None = None,
    note: str | None = None,
) -> list[TrustAnchor]:
    """Trust every certificate of a PEM file for one purpose: in a tenant, or in all where none is named."""

    owner = tenants.scope(tx, caller, tenant)
    try:
        found = facts.read(pem.encode()) if len(pem) <= LONGEST_PEM else []
    except ValueError:
        found = []
    if not found:
        raise InvalidInput("this is no certificate in PEM (-----BEGIN CERTIFICATE-----)")
    if len(store.select(tx.db, owner)) + len(found) > MOST_ANCHORS:
        raise Conflict(f"more than {MOST_ANCHORS} anchors: remove what nobody needs")
    added = []
    for one in found:
        if not one.is_authority:
            raise InvalidInput(f"{one.subject} is no authority: only CA certificates are trusted")
        if one.not_after <= tx.now:
            raise InvalidInput(f"{one.subject} has ended at {one.not_after:%Y-%m-%d}")
        if store.find(tx.db, owner, store_name, one.fingerprint) is not None:
            raise Conflict(f"{one.subject} is trusted for {store_name.value} already")
        anchor = TrustAnchor(
            tx.entropy.hex(), owner, store_name, one.fingerprint, one.subject, one.not_before, one.not_after,
            one.pem.decode(), note, tx.now,
        )  # fmt: skip
        store.insert(tx.db, anchor)
        detail = {"store": store_name, "subject": one.subject, "fingerprint": one.fingerprint}
        tx.audit(caller, owner, "trust.add", one.fingerprint, detail)
        added.append(anchor)
    certificates.touch(tx.db)
    return added


def list_anchors(
    tx: Tx, caller: Caller, *, store_name: TrustStore | None = None, tenant: str | None = None
) -> list[TrustAnchor]:
    """Return the anchors the caller may see; those without a tenant count in all."""
    return store.select(tx.db, tenants.scope(tx, caller, tenant), store_name)


def remove(
    tx: Tx, caller: Caller, *, anchor: str, store_name: TrustStore | None = None, tenant: str | None = None
) -> TrustAnchor:
    """Trust an anchor no more, named by id or by the beginning of its fingerprint."""
    wanted = anchor.replace(":", "").lower()
    seen = store.select(tx.db, tenants.scope(tx, caller, tenant), store_name)
    found = [a for a in seen if a.id == wanted or (len(wanted) >= 8 and a.fingerprint.startswith(wanted))]
    if len(found) != 1:
        raise NotFound(f"{'no' if not found else 'more than one'} anchor {anchor}: csms pki trust list")
    one = found[0]
    if caller.tenant_id is not None and one.tenant_id is None:
        raise NotFound(f"no anchor {anchor} of this tenant: what counts in all tenants stays")
    store.delete(tx.db, one.id)
    certificates.touch(tx.db)
    tx.audit(
        caller, one.tenant_id, "trust.remove", one.fingerprint, {"store": one.store, "subject": one.subject}
    )
    return one
