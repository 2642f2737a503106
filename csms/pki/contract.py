"""Contract certificates of Plug & Charge: what a chain, or the hashes of one, are worth (OCPP 2.0.1 C07, ISO 15118-2).

Pure: roots of mobility operators and OCSP answers are handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from csms.pki import hash_data, path
from csms.pki.hash_data import HashData
from csms.pki.ocsp_client import Answer, Standing, responder_url
from csms.pki.path import Broken, Fault, Path


class CertificateStatus(StrEnum):
    """What a station is told about a contract certificate (AuthorizeCertificateStatusEnumType)."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    EXPIRED = "CertificateExpired"
    REVOKED = "CertificateRevoked"
    NONE_AVAILABLE = "NoCertificateAvailable"
    CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


@dataclass(frozen=True, slots=True)
class Question:
    """One certificate of a chain whose standing is to be asked for; `url` None where nobody says where."""

    data: HashData
    url: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A chain as far as it can be judged without asking anybody: a verdict, or what is left to ask."""

    status: CertificateStatus | None
    reason: str = ""
    questions: tuple[Question, ...] = ()
    issuers: tuple[x509.Certificate, ...] = ()
    emaid: str | None = None


_FAULTS: Final = {
    Fault.EXPIRED: CertificateStatus.EXPIRED,
    Fault.UNTRUSTED: CertificateStatus.CHAIN_ERROR,
    Fault.UNREADABLE: CertificateStatus.CHAIN_ERROR,
}


def check_chain(pem: bytes, roots: Sequence[x509.Certificate], at: datetime) -> Checked:
    """Judge a contract certificate chain (leaf first) against the roots of mobility operators.

    An authority below a root that is trusted as well does not cut the way short: it could have been revoked.
    """
    try:
        return _checked(pem, roots, at)
    except Exception as error:  # whatever the parser thinks of what a vehicle presents
        return Checked(CertificateStatus.CHAIN_ERROR, str(error)[:200])


def _checked(pem: bytes, roots: Sequence[x509.Certificate], at: datetime) -> Checked:
    leaf, *others = path.read_chain(pem)
    highest = [root for root in roots if root.issuer == root.subject]
    below = [root for root in roots if root.issuer != root.subject]
    found = path.find(leaf, [*others, *below], highest, at)
    if isinstance(found, Broken) and found.fault is Fault.UNTRUSTED:
        found = path.find(leaf, others, roots, at)
    if isinstance(found, Broken):
        return Checked(_FAULTS[found.fault], found.reason)
    return Checked(None, questions=_questions(found), issuers=found.certificates[1:], emaid=emaid_of(leaf))


def judge(answers: Sequence[Answer], *, must_be_proven: bool = True) -> tuple[CertificateStatus, str]:
    """Return the verdict on a chain whose certificates have these OCSP answers.

    Revoked wins over everything; what cannot be verified is a chain error (C07.FR.17), also where nobody answered.
    """
    if any(answer.standing is Standing.REVOKED for answer in answers):
        return CertificateStatus.REVOKED, "revoked"
    for answer in answers:
        if answer.standing is not Standing.GOOD:
            return CertificateStatus.CHAIN_ERROR, answer.reason or f"the responder says {answer.standing}"
        if must_be_proven and not answer.proven:
            return CertificateStatus.CHAIN_ERROR, "no trusted certificate is the issuer that the hashes name"
    return CertificateStatus.ACCEPTED, ""


def emaid_of(certificate: x509.Certificate) -> str | None:
    """Return the contract id that a contract certificate is for: its CN (ISO 15118-2 annex F)."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else None


def same_emaid(one: str, other: str) -> bool:
    """Compare contract ids: hyphens and case do not count, and the check digit may be missing (ISO 15118-2 H.1)."""
    first, second = (text.replace("-", "").casefold() for text in (one, other))
    return bool(first) and (
        first == second or ((len(first), len(second)) in ((14, 15), (15, 14)) and first[:14] == second[:14])
    )


def _questions(found: Path) -> tuple[Question, ...]:
    """Everything below the root can have been revoked; a certificate without a responder is not asked about."""
    asked = []
    for certificate, issuer in zip(found.certificates, found.certificates[1:], strict=False):
        url = responder_url(certificate)
        if url is not None:
            asked.append(Question(hash_data.of(certificate, issuer), url))
    return tuple(asked)
