"""Our own certificate authorities: a root, one authority for servers and one for stations below it.

They are made in one transaction, so that there is never half of them. Keys stand encrypted in the database; the
root's may be taken off this machine, which only a rollover and a new authority miss.
"""

import re
from functools import lru_cache
from typing import Any, Final

from csms.errors import Conflict, CsmsError, InvalidInput, NotFound
from csms.model.certificate import AuthorityState, CertificateAuthority
from csms.pki import authority as pki
from csms.pki import keys, revocation
from csms.pki.authority import Authority, Span
from csms.pki.facts import facts_of
from csms.pki.keys import Algorithm, WrongSecretError
from csms.pki.links import Links
from csms.pki.pool import KeyPool
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import certificates as store

ROOT, SERVER, STATION = "ROOT", "SERVER", "STATION"
EC, RSA = "EC", "RSA"
LONGEST_ORGANIZATION: Final = 40
"""Octets; with ` Station CA G1 RSA` behind it, it still fits into a CN."""
LEAST_PASSPHRASE: Final = 12


def exists(tx: Tx) -> bool:
    """Whether there is an authority of our own."""
    return bool(store.authorities(tx.db))


def organization(tx: Tx) -> str:
    """Return the operator's name as our certificates bear it; "" without an authority."""
    root = current(tx, ROOT)
    return dict(part.split("=", 1) for part in _parts(root.subject)).get("O", "") if root else ""


def current(
    tx: Tx, role: str, algorithm: str | None = None, state: AuthorityState = AuthorityState.CURRENT
) -> CertificateAuthority | None:
    """Return the authority that signs for a role, with keys of one kind or of the first there is."""
    found = [a for a in store.authorities(tx.db) if a.role == role and a.state is state]
    return next((a for a in found if algorithm in (None, a.algorithm)), None)


def make_generation(
    tx: Tx, number: int, organization: str, state: AuthorityState, pool: KeyPool, *, rsa: bool, pss: bool
) -> list[CertificateAuthority]:
    """Make a root with its two authorities, and the same with RSA keys where wanted."""
    made: list[CertificateAuthority] = []
    for algorithm in [Algorithm.EC, Algorithm.RSA] if rsa else [Algorithm.EC]:
        name = f"{organization} Root G{number} {algorithm.value}"
        life = span(tx, tx.now + tx.policy.pki.root_life)
        root = pki.make_root(name, organization, pool.take(algorithm, root=True), life, pss=pss)
        record = _keep(tx, root, ROOT, number, state, None)
        made += [record, *(_make_below(tx, root, record, role, pool) for role in (SERVER, STATION))]
    store.touch(tx.db)
    return made


def renew_below(tx: Tx, caller: Caller, pool: KeyPool) -> list[CertificateAuthority]:
    """Replace the authorities below each root in force; the old ones sign no more and are still trusted.

    Conflict where there is no root, or its key is not on this machine.
    """
    every = [each for each in store.authorities(tx.db) if each.state is AuthorityState.CURRENT]
    roots = [each for each in every if each.issuer_id is None]
    if not roots:
        raise Conflict("there is no certificate authority yet: csms pki init")
    made: list[CertificateAuthority] = []
    for root in roots:
        opened = unlocked(tx, root)
        made += [_make_below(tx, opened, root, role, pool) for role in (SERVER, STATION)]
    for each in every:
        if each.issuer_id is not None:
            store.update_authority(tx.db, each.id, state=AuthorityState.RETIRED.value)
    store.touch(tx.db)
    tx.audit(
        caller, None, "pki.renew-authorities", roots[0].subject, {"made": [each.subject for each in made]}
    )
    return made


def _make_below(
    tx: Tx, root: Authority, record: CertificateAuthority, role: str, pool: KeyPool
) -> CertificateAuthority:
    """Make an authority below a root; the second of a kind has another name than the first."""
    algorithm = Algorithm(record.algorithm)
    before = [a for a in store.authorities(tx.db) if (a.issuer_id, a.role) == (record.id, role)]
    number = f"{record.generation}.{len(before) + 1}" if before else f"{record.generation}"
    made = pki.make_sub_authority(
        root,
        f"{root.organization} {role.capitalize()} CA G{number} {algorithm.value}",
        pool.take(algorithm, authority=True),
        span(tx, tx.now + tx.policy.pki.authority_life),
        _without_ocsp(tx.policy.pki.links(record.id)),
    )
    return _keep(tx, made, role, record.generation, record.state, record.id)


def check_organization(name: str) -> str:
    """Return an operator's name that fits into certificates; raises InvalidInput."""
    name = " ".join(name.split())
    if (
        not name
        or len(name.encode()) > LONGEST_ORGANIZATION
        or not name.isprintable()
        or re.search(r"[,=+\\]", name)
    ):
        raise InvalidInput(
            f"an organization has 1 to {LONGEST_ORGANIZATION} bytes of printable characters without , = + and \\"
        )
    return name


def unlocked(tx: Tx, record: CertificateAuthority) -> Authority:
    """Return an authority that can sign; Conflict where its key is not here, CsmsError where it does not open."""

    sealed = store.authority_key(tx.db, record.id)
    if sealed is None:
        raise Conflict(f"the key of {record.subject} is not on this machine: csms pki key restore FILE")
    secret = tx.policy.pki.secret()
    try:
        if record.role == ROOT:
            return pki.load(record.certificate.encode(), sealed.encode(), secret)
        return _remembered(record.certificate.encode(), sealed.encode(), secret)
    except WrongSecretError:
        raise CsmsError(
            f"the key of {record.subject} was encrypted with another secret: see pki.key_file"
        ) from None


def span(tx: Tx, end: Any) -> Span:
    """Return a validity from now on, with a serial number that nobody can guess."""

    return Span(tx.now.replace(microsecond=0), end.replace(microsecond=0), int(tx.entropy.hex(), 16) or 1)


def export(
    tx: Tx, caller: Caller, *, chain: bool = False, algorithm: str | None = None, next: bool = False
) -> dict[str, str]:
    """Return the root that stations and clients must trust as PEM, and with `chain` the authorities below it."""
    del caller
    state = AuthorityState.NEXT if next else AuthorityState.CURRENT
    found = [
        a
        for a in store.authorities(tx.db)
        if a.state is state and algorithm in (None, a.algorithm) and (chain or a.role == ROOT)
    ]
    if not found:
        raise NotFound("no such authority: csms pki status shows what there is")
    return {"pem": "".join(a.certificate for a in found)}


def export_key(tx: Tx, caller: Caller, *, passphrase: str, algorithm: str = EC) -> dict[str, str]:
    """Return the root's certificate and its key under another passphrase, to be kept away from this machine."""

    if len(passphrase) < LEAST_PASSPHRASE:
        raise InvalidInput(f"the passphrase must have at least {LEAST_PASSPHRASE} characters")
    record = _root(tx, algorithm)
    root = unlocked(tx, record)
    tx.audit(caller, None, "pki.key-export", record.subject, {"fingerprint": record.fingerprint})
    return {"pem": (keys.seal(root.key, passphrase.encode()) + root.pem).decode(), "subject": record.subject}


def remove_key(tx: Tx, caller: Caller, *, algorithm: str = EC) -> CertificateAuthority:
    """Take the root's key off this machine; only an exported copy brings it back."""
    record = _root(tx, algorithm)
    if not record.has_key:
        raise Conflict(f"the key of {record.subject} is not on this machine")
    refresh_crl(tx, record)
    store.update_authority(tx.db, record.id, private_key=None)
    tx.audit(caller, None, "pki.key-remove", record.subject, {"fingerprint": record.fingerprint})
    return _root(tx, algorithm)


def restore_key(tx: Tx, caller: Caller, *, pem: str, passphrase: str) -> CertificateAuthority:
    """Bring the root's key back from an exported copy."""

    try:
        key = keys.unseal(pem.encode(), passphrase.encode(), ours=False)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    for record in store.authorities(tx.db):
        if record.role == ROOT and keys.belongs(key, record.certificate.encode()):
            sealed = keys.seal(key, tx.policy.pki.secret()).decode()
            store.update_authority(tx.db, record.id, private_key=sealed)
            tx.audit(caller, None, "pki.key-restore", record.subject, {"fingerprint": record.fingerprint})
            return store.authority(tx.db, record.id) or record
    raise InvalidInput("this key belongs to no root of this appliance")


def refresh_crl(tx: Tx, record: CertificateAuthority) -> str:
    """Sign and keep a new revocation list of an authority, and return it as PEM."""

    entries = [
        revocation.Revoked(int(row["serial_number"], 16), row["revoked_at"], row["revocation_reason"])
        for row in store.revoked(tx.db, record.id, tx.at)
    ]
    life = revocation.ROOT_CRL_LIFE if record.role == ROOT else revocation.CRL_LIFE
    number = record.crl_number + 1
    pem = revocation.sign_crl(unlocked(tx, record), entries, number, tx.now, life).decode()
    store.update_authority(tx.db, record.id, crl=pem, crl_number=number, crl_at=tx.at)
    return pem


def _root(tx: Tx, algorithm: str) -> CertificateAuthority:
    record = current(tx, ROOT, algorithm)
    if record is None:
        raise NotFound(f"no root with {algorithm} keys: csms pki status shows what there is")
    return record


def _keep(
    tx: Tx, made: Authority, role: str, generation: int, state: AuthorityState, issuer_id: str | None
) -> CertificateAuthority:

    facts = facts_of(made.certificate)
    crl_life = revocation.ROOT_CRL_LIFE if role == ROOT else revocation.CRL_LIFE
    record = CertificateAuthority(
        id=tx.entropy.hex(),
        role=role,
        algorithm=facts.algorithm,
        generation=generation,
        state=state,
        issuer_id=issuer_id,
        subject=facts.subject,
        serial_number=facts.serial_number,
        fingerprint=facts.fingerprint,
        not_before=facts.not_before,
        not_after=facts.not_after,
        certificate=made.pem.decode(),
        cross_certificate=None,
        has_key=True,
        crl_number=1,
        crl_at=tx.now,
        created_at=tx.now,
    )
    sealed = keys.seal(made.key, tx.policy.pki.secret()).decode()
    crl = revocation.sign_crl(made, [], 1, tx.now, crl_life).decode()
    store.insert_authority(tx.db, record, sealed, crl)
    return record


def _without_ocsp(links: Links) -> Links:
    """The root's key may be away: whether it revoked an authority stands in its list."""
    return Links(None, links.crl_url, links.issuer_url)


def _parts(subject: str) -> list[str]:
    return [part for part in subject.split(",") if "=" in part]


@lru_cache(maxsize=32)
def _remembered(certificate_pem: bytes, sealed: bytes, secret: bytes) -> Authority:
    """Keep what was opened: deriving the key that opens it takes a millisecond."""

    return pki.load(certificate_pem, sealed, secret)
