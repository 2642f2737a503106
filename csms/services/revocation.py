"""What strangers may ask about our certificates: revocation lists, OCSP, the authorities themselves.

Nobody needs permission for that; answers are kept for a while, so that asking often costs little.
"""

import base64
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from csms.clock import to_text
from csms.errors import CsmsError, NotFound, TooBusy
from csms.model.certificate import AuthorityState, CertificateAuthority
from csms.pki import revocation as pki
from csms.pki.authority import load_certificate
from csms.pki.revocation import Answer, Question, Refusal, Revoked, Verdict
from csms.services import authorities
from csms.services.access import Caller
from csms.services.throttle import Throttle
from csms.services.unit import Tx, Unit
from csms.store import certificates as store

LONGEST_REQUEST_BYTES: Final = pki.LONGEST_REQUEST_BYTES
KEPT_FOR: Final = timedelta(minutes=5)
MOST_KEPT: Final = 4096
SIGNED_A_MINUTE: Final = 3000
"""What strangers may have signed, a millisecond each; answers that are kept cost next to nothing and always go out."""


@dataclass(frozen=True, slots=True)
class Published:
    """Something that anybody may read: content, media type, and for how many seconds it may be kept."""

    content: bytes
    media_type: str
    max_age_s: int = 0


class Publisher:
    """Hands out lists and certificates, and answers OCSP requests about what our authorities issued (RFC 6960)."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._kept: OrderedDict[object, tuple[datetime, int, bytes]] = OrderedDict()
        self._signed = Throttle(SIGNED_A_MINUTE, "OCSP requests")

    async def document(self, name: str) -> Published:
        """Return `root.pem`, or `<authority>.crl` and `<authority>.crt` as DER; raises NotFound."""
        if name == "root.pem":
            return Published(await self._unit.read(roots_pem), "application/x-pem-file", 3600)
        authority_id, _, kind = name.partition(".")
        if kind == "crl":
            return Published(
                await self._unit.read(lambda tx: crl_der(tx, authority_id)), "application/pkix-crl", 300
            )
        if kind == "crt":
            content = await self._unit.read(lambda tx: certificate_der(tx, authority_id))
            return Published(content, "application/pkix-cert", 3600)
        raise NotFound("there are root.pem, <authority>.crl, <authority>.crt and ocsp")

    async def ocsp(self, question_der: bytes) -> Published:
        """Answer an OCSP request; whatever is asked, there is an answer."""
        return Published(await self._answer(question_der), "application/ocsp-response")

    async def ocsp_in_path(self, text: str) -> Published:
        """Answer an OCSP request that stands in an address (RFC 6960 appendix A.1)."""
        try:
            return await self.ocsp(base64.b64decode(unquote(text), validate=True))
        except ValueError:
            return await self.ocsp(b"")

    async def _answer(self, question_der: bytes) -> bytes:
        question = pki.read_question(question_der)
        if question is None:
            return pki.refusal(Refusal.MALFORMED)
        now = self._unit.clock.now()
        revision = await self._unit.read(lambda tx: store.revision(tx.db))
        kept = self._kept.get(question.key) if question.key else None
        if kept is not None and kept[0] > now and kept[1] == revision:
            return kept[2]
        try:
            self._signed.hit("all")
        except TooBusy:
            return pki.refusal(Refusal.TRY_LATER)
        answer, lasting = await self._unit.read(lambda tx: _decide(tx, question))
        if lasting and question.key:
            self._kept[question.key] = (now + KEPT_FOR, revision, answer)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return answer


def show_list(
    tx: Tx, caller: Caller, *, role: str = authorities.STATION, algorithm: str = authorities.EC
) -> dict[str, Any]:
    """Return the revocation list of the authority in force for a role, as PEM."""
    del caller
    record = authorities.current(tx, role.upper(), algorithm.upper())
    if record is None:
        raise NotFound(f"no {role} authority with {algorithm} keys: csms pki status")
    return {"authority": record.subject, "number": record.crl_number, "pem": crl_pem(tx, record.id)}


def crl_der(tx: Tx, authority_id: str) -> bytes:
    """Return the latest revocation list of an authority as DER; raises NotFound."""
    return _der(crl_pem(tx, authority_id))


def crl_pem(tx: Tx, authority_id: str) -> str:
    """Return the latest revocation list of an authority as PEM; raises NotFound."""
    pem = store.crl(tx.db, authority_id)
    if pem is None:
        raise NotFound("no such authority")
    return pem


def certificate_der(tx: Tx, authority_id: str) -> bytes:
    """Return the certificate of an authority as DER; raises NotFound."""
    found = store.authority(tx.db, authority_id)
    if found is None:
        raise NotFound("no such authority")
    return _der(found.certificate)


def roots_pem(tx: Tx) -> bytes:
    """Return the roots in force as PEM; raises NotFound where there is none."""
    found = [
        a.certificate
        for a in store.authorities(tx.db)
        if a.issuer_id is None and a.state is AuthorityState.CURRENT
    ]
    if not found:
        raise NotFound("no certificate authority")
    return "".join(found).encode()


def _decide(tx: Tx, question: Question) -> tuple[bytes, bool]:
    """Return the answer, and whether it holds for others who ask the same."""

    for record in store.authorities(tx.db):
        if not pki.asks_about(question, load_certificate(record.certificate.encode())):
            continue
        try:
            signer = authorities.unlocked(tx, record)
        except CsmsError:  # a retired root, or a secret that is away
            break
        answer = _known(tx, record, question.serial)
        return pki.sign_answer(signer, question, answer, tx.now), answer.verdict is not pki.Verdict.UNKNOWN
    return pki.refusal(Refusal.NOT_OURS), False


def _known(tx: Tx, issuer: CertificateAuthority, serial: int) -> Answer:
    """Return what is known of a certificate or authority that an authority of ours signed."""

    serial_number = f"{serial:x}"
    found = store.by_serial(tx.db, issuer.id, serial_number)
    if found is not None:
        at, reason = found.revoked_at, found.revocation_reason
    else:
        below = [
            authority
            for authority in store.authorities(tx.db)
            if (authority.issuer_id, authority.serial_number) == (issuer.id, serial_number)
        ]
        if not below:
            return Answer(Verdict.UNKNOWN)
        at, reason = below[0].revoked_at, None
    if at is None:
        return Answer(Verdict.GOOD)
    return Answer(Verdict.REVOKED, Revoked(serial, to_text(at), reason or "unspecified"))


def _der(pem: str) -> bytes:
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    return base64.b64decode("".join(lines))
