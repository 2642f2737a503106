"""From a certificate to a root that is trusted, or why there is no way (RFC 5280 §6; OCPP 2.0.1 A00.FR.403, C07).

Signatures, names, validity, basic constraints, path length and key usage are checked. Names that constraints exclude
are refused by refusing authorities with name constraints nobody here understands. Times are aware datetimes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

LONGEST_PATH: Final = 6
"""Certificates from the leaf to the root; ISO 15118 chains have four."""
MOST_CERTIFICATES: Final = 12
_MOST_TRIES: Final = 64
_UNDERSTOOD: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
        x509.PolicyConstraints.oid,
        x509.InhibitAnyPolicy.oid,
    }
)


class Fault(StrEnum):
    """What is wrong with a chain."""

    UNREADABLE = "UNREADABLE"
    UNTRUSTED = "UNTRUSTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a certificate is not trusted; for EXPIRED, `path` is the way that holds but for the time."""

    fault: Fault
    reason: str
    path: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a leaf (first) to a trusted root (last)."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate in question."""
        return self.certificates[0]

    @property
    def root(self) -> x509.Certificate:
        """The root that is trusted."""
        return self.certificates[-1]


def read_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM text in their order; raises ValueError when there are none, or too many."""
    text = pem.replace(b"\r\n", b"\n").replace(b"\\n", b"\n")
    try:
        found = tuple(x509.load_pem_x509_certificates(text))
    except ValueError as error:
        raise ValueError(f"not a certificate in PEM: {str(error)[:150]}") from None
    if len(found) > MOST_CERTIFICATES:
        raise ValueError(f"{len(found)} certificates; at most {MOST_CERTIFICATES} make a chain")
    return found


def find(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
) -> Path | Broken:
    """Return the way from `leaf` over `others` to one of `anchors` that holds at a moment, or why there is none."""
    search = _Search(tuple(others)[:MOST_CERTIFICATES], tuple(anchors))
    way = search.from_here((leaf,))
    if way is None:
        return Broken(Fault.UNTRUSTED, f"no way from {_shown(leaf)} to a trusted root")
    for certificate in way:
        if at < certificate.not_valid_before_utc:
            return Broken(Fault.EXPIRED, f"{_shown(certificate)} is not valid yet", way)
        if at > certificate.not_valid_after_utc:
            day = certificate.not_valid_after_utc.date()
            return Broken(Fault.EXPIRED, f"{_shown(certificate)} has expired on {day}", way)
    return Path(way)


class _Search:
    """A bounded search: hostile chains may not cost more than a few dozen signature checks."""

    def __init__(self, others: tuple[x509.Certificate, ...], anchors: tuple[x509.Certificate, ...]) -> None:
        self._others = others
        self._anchors = anchors
        self._tries = 0

    def from_here(self, way: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...] | None:
        last = way[-1]
        if any(last == anchor for anchor in self._anchors):
            return way
        if len(way) >= LONGEST_PATH:
            return None
        for issuer in (*self._anchors, *self._others):
            if issuer.subject != last.issuer or issuer in way:
                continue
            self._tries += 1
            if self._tries > _MOST_TRIES:
                return None
            if _has_signed(issuer, last) and _may_sign(issuer, below=len(way) - 1):
                found = self.from_here((*way, issuer))
                if found is not None:
                    return found
        return None


def _has_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may_sign(issuer: x509.Certificate, below: int) -> bool:
    """Whether a certificate is an authority's that may have `below` authorities under it."""
    try:
        extensions = issuer.extensions
    except ValueError:
        return False
    if any(each.critical and each.oid not in _UNDERSTOOD for each in extensions):
        return False
    constraints = usage = None
    for each in extensions:
        if isinstance(each.value, x509.BasicConstraints):
            constraints = each.value
        elif isinstance(each.value, x509.KeyUsage):
            usage = each.value
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and below > constraints.path_length:
        return False
    return usage is None or usage.key_cert_sign


def _shown(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:120]
