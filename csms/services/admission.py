"""Who may connect as a charging station, and why others may not (OCPP-J 1.6 §3, §6; OCPP 2.0.1 Part 4 §3, A00)."""

from dataclasses import dataclass, replace
from typing import Any

from csms.model.station import ChargingStation, Registration, StationRef
from csms.model.tenant import TenantStatus
from csms.pki.contract import Question
from csms.services import client_certificates, passwords, present, security_events, tenants
from csms.services.access import Caller
from csms.services.client_certificates import Verdict
from csms.services.unit import Tx
from csms.store import rows, stations


@dataclass(frozen=True, slots=True)
class Claim:
    """What a peer presents: candidate ids from its address, its credentials, and the transport it came by."""

    station_id: str
    tenant: str | None
    credentials: bytes | None
    tls: bool
    handshake: dict[str, Any]
    certificates: tuple[bytes, ...] = ()
    """What it presented in TLS, as DER, its own first."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """A station that may connect; `new_password_hash` where it signed on with the password it was given last.

    `restricted` says why it may do no more than renew its certificate; `news` whether what it came with is to be kept.
    """

    station: StationRef
    registration: Registration
    security_profile: int
    ocpp_version: str | None
    quirks: dict[str, Any]
    new_password_hash: str | None = None
    restricted: str | None = None
    news: bool = False
    question: Question | None = None
    """What a responder may be asked about its certificate, whose issuers are `issuers`."""
    issuers: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """A peer that may not connect: the HTTP status and one line a person can act on."""

    http_status: int
    reason: str
    unknown: bool = False
    """Whether the station id is known to nobody here."""
    bad_certificate_of: StationRef | None = None
    """The station whose certificate was not good enough."""
    said: str | None = None
    """What the peer is told instead of the reason, where that is nothing for strangers."""
    tenants: tuple[str, ...] = ()
    """Whose station it claimed to be: they may see the refusal. Of nobody's station only the operator of all may."""


def admit(tx: Tx, claim: Claim) -> Welcome | Denied:
    """Decide by reading only; the caller records a denial with `deny`."""
    candidates = stations.candidates(tx.db, claim.station_id)
    named = [row for row in candidates if claim.tenant in (None, row["tenant_name"], row["tenant_id"])]
    if not named:
        return _not_registered(claim, bool(candidates))
    verdict = _among(tx, named, claim)
    if isinstance(verdict, Denied):
        return replace(verdict, tenants=tuple(row["tenant_id"] for row in named))
    return verdict


def _among(tx: Tx, named: list[dict[str, Any]], claim: Claim) -> Welcome | Denied:
    """Find the one of several tenants' stations that is meant, and decide."""
    found = [row for row in named if row["tenant_status"] == TenantStatus.ACTIVE]
    if not found:
        tenant, status = named[0]["tenant_name"], named[0]["tenant_status"].lower()
        reason = f"tenant {tenant} is {status}: csms tenant activate {tenant}"
        return Denied(403, reason, said="this station may not connect at present: ask its operator")
    if len(found) > 1:
        fits = [row for row in found if _hash_that_fits(row, claim) or _certificate_fits(tx, row, claim)]
        if len(fits) != 1:
            return Denied(404, "this station id wants its tenant: connect to /ocpp/<tenant>/<station id>")
        found = fits
    return _decide(tx, found[0], claim)


def _decide(tx: Tx, row: dict[str, Any], claim: Claim) -> Welcome | Denied:
    """Decide by the station's security profile, or by a higher one it was told to change to.

    What is said of a refusal is what the present profile makes of it, unless only the new one fits the transport.
    """
    present = int(row["security_profile"])
    wanted = row["next_profile"]
    for profile in [present] if wanted is None else [int(wanted), present]:
        refusal = _transport(profile, claim)
        verdict = Verdict()
        if refusal is None and profile == 3:
            verdict = client_certificates.judge(tx, row, claim.certificates)
            if verdict.refusal is not None:
                ref = StationRef(row["tenant_id"], row["station_id"], row["id"])
                refusal = Denied(403, verdict.refusal, bad_certificate_of=ref)
        elif refusal is None and profile:
            refusal = _password(row, claim)
        if refusal is None:
            return _welcomed(row, claim, profile, verdict)
    assert refusal is not None
    return refusal


def _welcomed(row: dict[str, Any], claim: Claim, profile: int, verdict: Verdict) -> Welcome:
    station = rows.load(ChargingStation, row)
    reached = profile > int(row["highest_profile"] or 0) or profile > station.security_profile
    return Welcome(
        station.ref,
        station.registration,
        profile,
        station.ocpp_version,
        station.quirks,
        _newly_used(row, claim) if profile in (1, 2) else None,
        restricted=verdict.restricted,
        news=reached or verdict.restricted != row["restricted"],
        question=verdict.question,
        issuers=verdict.issuers,
    )


def _not_registered(claim: Claim, elsewhere: bool) -> Denied:
    """Say what is unknown: the station, or the tenant in the address of one that other tenants have."""
    if elsewhere:
        return Denied(
            404, f"no tenant {claim.tenant!r} has a station {claim.station_id!r}: check the address"
        )
    hint = f"csms station add {claim.station_id}"
    return Denied(404, f"station {claim.station_id!r} is not registered here: {hint}", unknown=True)


def welcome(station: ChargingStation, new_password_hash: str | None = None) -> Welcome:
    """Return how a station is let in."""
    return Welcome(
        station.ref,
        station.registration,
        station.security_profile,
        station.ocpp_version,
        station.quirks,
        new_password_hash,
    )


def _transport(profile: int, claim: Claim) -> Denied | None:
    """Return why a station of a profile may not come this way, or None (A00.FR.001)."""
    if profile >= 2 and not claim.tls:
        return Denied(403, f"security profile {profile} wants TLS: connect with wss:// to the TLS port")
    if profile == 1 and claim.tls:
        mend = "csms station secure or csms station update --profile 2"
        return Denied(403, f"security profile 1 is without TLS: for TLS set profile 2 with {mend}")
    return None


def _password(row: dict[str, Any], claim: Claim) -> Denied | None:
    """Return why a station may not connect with the credentials it presents, or None."""
    if claim.credentials is None:
        return Denied(401, "no HTTP Basic credentials: set the password in the station (AuthorizationKey)")
    if not _user_fits(row["station_id"], claim.credentials):
        return Denied(401, "the user name of HTTP Basic is not the station id")
    if _hash_that_fits(row, claim) is None:
        return Denied(401, f"wrong password: csms station password {claim.station_id} makes a new one")
    return None


def _user_fits(station_id: str, credentials: bytes) -> bool:
    return credentials.startswith(station_id.encode() + b":")


def _hash_that_fits(row: dict[str, Any], claim: Claim) -> str | None:
    """Return which stored hash the password fits: raw bytes after `id:`, or their hex form (1.6 §6).

    Stations mix up the two forms. While a password changes there are two hashes (services.sign_on).
    """
    given = (claim.credentials or b"")[len(row["station_id"].encode()) + 1 :]
    forms = [given, given.hex().encode(), given.hex().upper().encode(), _unhex(given)]
    hashes = [row["password_hash"], row["pending_password_hash"]]
    fitting = [
        stored for stored in hashes if stored for form in forms if passwords.check_station(form, stored)
    ]
    return fitting[0] if fitting else None


def _certificate_fits(tx: Tx, row: dict[str, Any], claim: Claim) -> bool:
    """Whether the certificates presented are those of this station, of several with its id."""
    wants_one = 3 in (row["security_profile"], row["next_profile"])
    return wants_one and client_certificates.judge(tx, row, claim.certificates).refusal is None


def _newly_used(row: dict[str, Any], claim: Claim) -> str | None:
    """Return the waiting hash when the station signs on with it for the first time."""
    pending: str | None = row["pending_password_hash"]
    if pending is None:
        return None
    return pending if _hash_that_fits(row, claim) == pending else None


def _unhex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return text


def deny(tx: Tx, claim: Claim, denied: Denied) -> None:
    """Keep a refused handshake for `csms doctor`; a certificate that is not good is a security event (A00.FR.408)."""
    if denied.bad_certificate_of is not None:
        security_events.invalid_certificate(tx, denied.bad_certificate_of, denied.reason)
    values = {
        "station_id": claim.station_id[:100],
        "at": tx.at,
        "http_status": denied.http_status,
        "reason": denied.reason,
        "handshake": rows.to_json(claim.handshake),
    }
    for tenant_id in denied.tenants or (None,):
        stations.add_refusal(tx.db, values | {"tenant_id": tenant_id})


def refusals(
    tx: Tx, caller: Caller, *, station: str, tenant: str | None = None, limit: int = 5
) -> list[dict[str, Any]]:
    """Return the latest refused handshakes of a station id, newest first: of the caller's tenant, if bound to one."""
    scope = tenants.scope(tx, caller, tenant)
    found = stations.refusals(tx.db, scope, station, limit)
    return [present.row_view(row, ("handshake",)) for row in found]
