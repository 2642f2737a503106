"""What a certificate signing request of a station must be (OCPP 2.0.1 A02, A00.FR.404–405, 501–511; whitepaper §4).

Pure: whether another station holds the key is for the ledger to say (services.station_security).
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csms.pki import keys
from csms.pki.hash_data import key_fingerprint

LONGEST_CSR: Final = 5_500
"""Characters of `csr` in both OCPP versions."""
_HASHES: Final = (
    hashes.SHA256,
    hashes.SHA384,
    hashes.SHA512,
    hashes.SHA3_256,
    hashes.SHA3_384,
    hashes.SHA3_512,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose certificate it is to be: the station's serial number, and the operator's name (empty: any)."""

    serial: str
    organization: str = ""
    least_curve_bits: int = keys.LEAST_EC_BITS


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused, in one line for an operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was understood."""

    common_name: str
    organization: str
    key_fingerprint: str


def read(csr_pem: bytes) -> Request | Problem:
    """Return what a request says of itself, or why it cannot be read."""
    loaded = _load(csr_pem)
    if isinstance(loaded, Problem):
        return loaded
    return Request(
        _attribute(loaded, NameOID.COMMON_NAME),
        _attribute(loaded, NameOID.ORGANIZATION_NAME),
        key_fingerprint(loaded),
    )


def check(csr_pem: bytes, policy: Policy) -> Problem | None:
    """Return why a request may not be signed, None when it may."""
    loaded = _load(csr_pem)
    if isinstance(loaded, Problem):
        return loaded
    for rule in (_signature, _key):
        problem = rule(loaded, policy)
        if problem is not None:
            return Problem(problem)
    problem = _subject(loaded, policy) or _extensions(loaded, policy)
    return None if problem is None else Problem(problem)


def _load(csr_pem: bytes) -> x509.CertificateSigningRequest | Problem:
    if len(csr_pem) > LONGEST_CSR:
        return Problem(f"the request has {len(csr_pem)} characters, at most {LONGEST_CSR} are allowed")
    try:
        loaded = x509.load_pem_x509_csr(
            csr_pem.replace(b"\r\n", b"\n").replace(b"\\n", b"\n").strip() + b"\n"
        )
        loaded.subject  # noqa: B018 (parsed only when asked for)
        loaded.public_key()
    except Exception as error:  # whatever the parser thinks of what a station sent
        return Problem(f"not a PKCS #10 request in PEM: {str(error)[:200]}")
    return loaded


def _signature(request: x509.CertificateSigningRequest, _: Policy) -> str | None:
    try:
        algorithm = request.signature_hash_algorithm
    except Exception:  # an algorithm nobody here knows
        return "the request is signed with an unknown algorithm"
    if not isinstance(algorithm, _HASHES):
        return f"the request is signed with {algorithm.name if algorithm else 'no hash'}: SHA-256 or better is wanted"
    if not request.is_signature_valid:
        return "the request is not signed with its own key"
    return None


def _key(request: x509.CertificateSigningRequest, policy: Policy) -> str | None:
    key = request.public_key()
    weakness = keys.weakness(key)
    if weakness is None and isinstance(key, ec.EllipticCurvePublicKey):
        size = key.curve.key_size
        if size < policy.least_curve_bits:
            return f"an elliptic curve of {size} bits is too short: at least {policy.least_curve_bits}"
    return weakness


def _subject(request: x509.CertificateSigningRequest, policy: Policy) -> str | None:
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or str(names[0].value) != policy.serial:
        said = ", ".join(str(name.value) for name in names)[:80] or "none"
        return f"CN is {said}, but the station's registered serial number is {policy.serial}"
    organization = _attribute(request, NameOID.ORGANIZATION_NAME)
    if policy.organization and organization != policy.organization:
        return f"O is {organization[:80] or 'missing'}, but the operator is {policy.organization}"
    return None


def _extensions(request: x509.CertificateSigningRequest, policy: Policy) -> str | None:
    try:
        extensions = list(request.extensions)
    except Exception as error:  # a duplicate or malformed extension
        return f"the request's extensions cannot be read: {str(error)[:100]}"
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            return "the request asks for an authority (CA:TRUE)"
        if isinstance(value, x509.KeyUsage) and (value.key_cert_sign or value.crl_sign):
            return "the request asks for the right to sign certificates"
        if isinstance(value, x509.SubjectAlternativeName) and not _own_names(value, policy):
            return "the request names somebody else (subjectAltName)"
    return None


def _own_names(names: x509.SubjectAlternativeName, policy: Policy) -> bool:
    return all(isinstance(name, x509.DNSName) and name.value == policy.serial for name in names)


def _attribute(request: x509.CertificateSigningRequest, oid: x509.ObjectIdentifier) -> str:
    found = request.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""
