"""Stations' requests for certificates, and what they hold: the rules (OCPP 2.0.1 A02, A03; whitepaper A02).

A request is accepted or refused at once; that it is signed and delivered is services.certificate_delivery's matter. A
station sends its request again when it has waited too long: the same key gets the same certificate.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from csms.clock import to_text
from csms.model.certificate import CertificateKind
from csms.model.station import ChargingStation, StationRef
from csms.model.station_security import CertificateRequest, RequestState
from csms.pki import csr
from csms.pki.csr import Policy, Problem, Request
from csms.services import certificates, security_profiles, stations
from csms.services.unit import Tx
from csms.store import station_security as store
from csms.store import stations as station_store

KEYS_A_DAY: Final = 10
"""How many keys one station may have certified in a day: a station that loops costs no more."""
ORGANIZATION_QUIRK: Final = "organization"
"""Names another organization than ours that a station's certificate may bear (A00.FR.404)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a station asks to be signed; `kind` is None where it does not say for what."""

    csr: str
    kind: CertificateKind | None = None
    said: dict[str, Any] = field(default_factory=dict)
    """The message as it came."""


def sign_certificate(tx: Tx, station: StationRef, wish: Wish) -> bool:
    """Take in a request for a certificate and return whether it will be signed."""
    reason = _take(tx, station, wish)
    body = wish.said | {"accepted": reason is None} | ({"reason": reason} if reason else {})
    stations.record(tx, station, "certificate.requested", body)
    return reason is None


def organization_of(tx: Tx, station: ChargingStation) -> str:
    """Return the O that a station's certificate has to bear; "" where any will do."""
    return str(station.quirks.get(ORGANIZATION_QUIRK) or certificates.organization(tx))


def _take(tx: Tx, station: StationRef, wish: Wish) -> str | None:
    """Accept a request, or return why not."""
    found = station_store.by_key(tx.db, station.key)
    asked = csr.read(wish.csr.encode())
    if found is None:
        return "the station was removed"
    if isinstance(asked, Problem):
        return asked.reason
    own = wish.kind is not CertificateKind.V2G
    serial = security_profiles.serial_of(tx, found) if own else asked.common_name
    problem = csr.check(wish.csr.encode(), Policy(serial, organization_of(tx, found)))
    if problem is not None:
        return problem.reason
    refusal = _foreign(tx, found, asked, serial if own else None)
    if refusal is not None:
        return refusal
    if _again(tx, wish, asked):
        return None
    since = tx.now - timedelta(days=1)
    if store.count_requests(tx.db, found.id, to_text(since)) >= KEYS_A_DAY:
        return f"{KEYS_A_DAY} keys in a day are enough"
    _begin(tx, found, wish, asked)
    if own:
        store.put_security(tx.db, found.tenant_id, found.id, registered_serial=serial)
    return None


def _foreign(tx: Tx, station: ChargingStation, asked: Request, serial: str | None) -> str | None:
    """Return whose key or serial number it is, where it is another station's."""
    for other in store.requests_of_key(tx.db, asked.key_fingerprint):
        if other.station_key != station.id:
            return "the key is that of another station"
    others = store.others_with_serial(tx.db, station.tenant_id, station.id, serial) if serial else []
    return f"the serial number {serial} is also that of station {others[0]}" if others else None


def _again(tx: Tx, wish: Wish, asked: Request) -> bool:
    """Whether this key was asked for before and its certificate still serves: then it is sent (once more) at once."""
    for earlier in store.requests_of_key(tx.db, asked.key_fingerprint):
        if earlier.kind is not wish.kind or earlier.state is RequestState.SUPERSEDED:
            continue
        serves = earlier.not_after is None or earlier.not_after > tx.now + tx.policy.pki.renew_ahead
        if not serves or earlier.state is RequestState.FAILED:
            continue
        state = RequestState.SIGNED if earlier.chain else RequestState.ACCEPTED
        store.update_request(
            tx.db, earlier.id, state=state.value, next_try_at=tx.at, updated_at=tx.at, attempts=0, reason=None
        )
        return True
    return False


def _begin(tx: Tx, station: ChargingStation, wish: Wish, asked: Request) -> None:
    """Keep a new request; what was open for an older key of this kind is given up."""
    store.supersede(tx.db, station.id, wish.kind.value if wish.kind else None, tx.at)
    store.insert_request(
        tx.db,
        CertificateRequest(
            id=tx.entropy.hex(),
            tenant_id=station.tenant_id,
            station_key=station.id,
            station_id=station.station_id,
            kind=wish.kind,
            key_fingerprint=asked.key_fingerprint,
            csr=wish.csr,
            state=RequestState.ACCEPTED,
            requested_at=tx.now,
            updated_at=tx.now,
            next_try_at=tx.now,
        ),
    )
