"""One station's request for a certificate, a step further: signed, sent, sent again, ended (OCPP 2.0.1 A02, A03)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from csms.clock import to_text
from csms.errors import CsmsError, FarEndFailed, StoreUnavailable, Unsupported
from csms.model import security_command as safety
from csms.model.alert import AlertCategory, AlertSeverity
from csms.model.certificate import CertificateKind
from csms.model.command import CallStatus, Outcome
from csms.model.station import ChargingStation, StationRef
from csms.model.station_security import CertificateRequest, RequestState
from csms.pki import path
from csms.services import alerts, certificates
from csms.services.access import Caller, Role
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import station_security as store
from csms.store import stations

CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "certificates")
LONGEST_CHAIN: Final = 10_000
"""Characters of `certificateChain` in both OCPP versions."""
MOST_ATTEMPTS: Final = 10
LONGEST_WAIT: Final = timedelta(hours=1)
_LEASE: Final = timedelta(minutes=10)


async def deliver(house: House, request_id: str) -> None:
    """Take one request a step on: have it signed, or send what was signed."""
    unit = house.unit
    request = await unit.read(lambda tx: store.request(tx.db, request_id))
    station = None
    if request is not None:
        key = request.station_key
        station = await unit.read(lambda tx: stations.by_key(tx.db, key))
    if request is None or station is None or request.next_try_at is None:
        return
    if request.state is RequestState.ACCEPTED:
        request = await _sign(house, request)
    if request is not None and request.chain is not None and house.link.link(station.id) is not None:
        under_way = request
        await _send(house, station, await unit.run(lambda tx: _lease(tx, under_way)))


def _lease(tx: Tx, request: CertificateRequest) -> CertificateRequest:
    """Put a request off while it is sent: a changed date shows afterwards that the station has asked again."""
    until = tx.now + _LEASE
    store.update_request(tx.db, request.id, next_try_at=to_text(until))
    return replace(request, next_try_at=until)


async def _sign(house: House, request: CertificateRequest) -> CertificateRequest | None:
    """Have a request signed; None where that failed."""
    unit = house.unit
    ref = StationRef(request.tenant_id, request.station_id, request.station_key)
    kind = request.kind or CertificateKind.STATION
    try:
        chain = await certificates.sign_for_station(unit, ref, request.csr.encode(), kind)
    except FarEndFailed as error:
        reason = str(error)
        await unit.run(lambda tx: _again_later(tx, request, reason))
        return None
    except StoreUnavailable:
        raise
    except CsmsError as error:
        reason = str(error)
        await unit.run(lambda tx: _end(tx, request, RequestState.FAILED, reason))
        return None
    return await unit.run(lambda tx: _signed(tx, request, chain.decode()))


def _signed(tx: Tx, request: CertificateRequest, chain: str) -> CertificateRequest | None:
    """Keep what was signed, unless a newer key has taken the request's place meanwhile."""
    current = store.request(tx.db, request.id)
    if current is None or current.state is not RequestState.ACCEPTED:
        return None
    not_after = path.read_chain(chain.encode())[0].not_valid_after_utc
    store.update_request(
        tx.db,
        request.id,
        state=RequestState.SIGNED.value,
        chain=chain,
        not_after=to_text(not_after),
        updated_at=tx.at,
        next_try_at=tx.at,
        attempts=0,
        reason=None,
    )
    return store.request(tx.db, request.id)


async def _send(house: House, station: ChargingStation, request: CertificateRequest) -> None:
    """Send a certificate and keep what the station said."""
    unit = house.unit
    errand = Errand(house, CALLER, station, "certificate.signed")
    room = (await errand.bounds()).certificate_chain_characters
    chain = fit(request.chain or "", room)
    if chain is None:
        reason = f"the station takes chains of {room} characters only"
        await unit.run(lambda tx: _end(tx, request, RequestState.FAILED, reason))
        return
    try:
        result = await errand.carry_out(safety.CertificateSigned(chain, request.kind))
    except Unsupported as error:
        reason = str(error)
        await unit.run(lambda tx: _end(tx, request, RequestState.FAILED, reason))
        return
    if result.outcome is Outcome.DONE:
        await unit.run(lambda tx: _end(tx, request, RequestState.INSTALLED, None))
        kept = await unit.read(lambda tx: store.security(tx.db, station.id))
        if kept is not None and kept.restricted is not None and request.kind is not CertificateKind.V2G:
            await house.link.disconnect(station.id, "come again with the new certificate")
    elif result.status is CallStatus.ANSWERED:
        reason = "the station refused its certificate"
        await unit.run(lambda tx: _end(tx, request, RequestState.REFUSED, reason))
    else:
        reason = result.error or "no answer"
        await unit.run(lambda tx: _again_later(tx, request, reason))


def fit(chain: str, room: int | None) -> str | None:
    """Return as much of a chain, leaf first, as a station takes; None where not even the leaf fits."""
    most = min(room or LONGEST_CHAIN, LONGEST_CHAIN)
    end = "-----END CERTIFICATE-----\n"
    parts = [part + end for part in chain.replace("\r\n", "\n").split(end) if part.strip()]
    while parts and len("".join(parts)) > most:
        parts.pop()
    return "".join(parts) or None


def _again_later(tx: Tx, request: CertificateRequest, reason: str) -> None:
    """Put a request off, longer each time, unless the station has asked again; after the last time it has failed."""
    current = store.request(tx.db, request.id)
    if current is None or current.next_try_at != request.next_try_at:
        return
    attempts = current.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        _end(tx, request, RequestState.FAILED, reason)
        return
    due = tx.now + wait_after(attempts)
    store.update_request(
        tx.db, request.id, attempts=attempts, reason=reason[:500], next_try_at=to_text(due), updated_at=tx.at
    )


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain: half a minute, doubled each time, an hour at most."""
    return min(timedelta(seconds=30 * 2 ** (attempts - 1)), LONGEST_WAIT)


def _end(tx: Tx, request: CertificateRequest, state: RequestState, reason: str | None) -> None:
    """End a request, unless a newer key has taken its place; one that failed is an alert."""
    current = store.request(tx.db, request.id)
    asked_again = current is None or current.next_try_at != request.next_try_at
    if (
        current is None
        or current.next_try_at is None
        or (asked_again and state is not RequestState.INSTALLED)
    ):
        return
    store.update_request(
        tx.db,
        request.id,
        state=state.value,
        reason=reason[:500] if reason else None,
        next_try_at=None,
        updated_at=tx.at,
    )
    ref = StationRef(request.tenant_id, request.station_id, request.station_key)
    kind = (request.kind or CertificateKind.STATION).value
    tx.emit("certificate.changed", ref, request.id, {"state": state, "kind": kind, "reason": reason})
    key = f"certificate/{request.station_key}/{kind}"
    if state is RequestState.INSTALLED:
        alerts.clear(tx, request.tenant_id, key)
        return
    alerts.raise_alert(
        tx,
        tenant_id=request.tenant_id,
        station_id=request.station_id,
        severity=AlertSeverity.HIGH,
        category=AlertCategory.SECURITY_ALERT,
        key=key,
        text=f"{request.station_id} has no new {kind}: {reason}",
    )


def newest(tx: Tx, station_key: str, kind: CertificateKind, since: datetime) -> CertificateRequest | None:
    """Return the newest request of a kind that a station has made since a moment."""
    for request in store.requests(tx.db, station_key):
        if (request.kind or CertificateKind.STATION) is kind and request.updated_at >= since:
            return request
    return None
