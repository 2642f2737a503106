"""CertificateHashData: how stations and OCSP name a certificate by hashes (OCPP 2.0.1 M03–M06, RFC 6960 §4.1.1).

Stations write the hashes in either case and the serial number with or without leading zeros: `normalised` makes them
comparable, and what is sent back keeps the hash algorithm the station used (M04.FR.07).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHMS: Final[dict[str, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class HashData:
    """A certificate, named by its issuer's name and key and its serial number; all lower-case hex."""

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str

    @property
    def serial(self) -> int:
        """The serial number as a number."""
        return int(self.serial_number, 16)

    def to_wire(self) -> dict[str, str]:
        """Return it as both OCPP versions write it."""
        return {
            "hashAlgorithm": self.algorithm,
            "issuerNameHash": self.issuer_name_hash,
            "issuerKeyHash": self.issuer_key_hash,
            "serialNumber": self.serial_number,
        }


def of(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str = "SHA256") -> HashData:
    """Return the hash data of a certificate that `issuer` has signed (a root is its own issuer)."""
    return HashData(
        algorithm,
        _digest(algorithm, issuer.subject.public_bytes()).hex(),
        _digest(algorithm, key_bits(issuer)).hex(),
        f"{certificate.serial_number:x}",
    )


def from_wire(payload: Mapping[str, Any]) -> HashData:
    """Return what a station says, normalised; raises ValueError when it is no hash data."""
    algorithm = str(payload.get("hashAlgorithm", "")).upper().replace("-", "")
    if algorithm not in ALGORITHMS:
        raise ValueError(f"no hash algorithm {algorithm[:20]!r}")
    return normalised(
        HashData(
            algorithm,
            str(payload.get("issuerNameHash", "")),
            str(payload.get("issuerKeyHash", "")),
            str(payload.get("serialNumber", "")),
        )
    )


def normalised(data: HashData) -> HashData:
    """Return hash data in lower case, hashes in full length, the serial number without leading zeros.

    Raises ValueError when a field is no hexadecimal number, or too long for its hash.
    """
    serial = _hex(data.serial_number).lstrip("0") or "0"
    return replace(
        data,
        issuer_name_hash=_hash(data.issuer_name_hash, data.algorithm),
        issuer_key_hash=_hash(data.issuer_key_hash, data.algorithm),
        serial_number=serial,
    )


def names(data: HashData, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether hash data means this certificate."""
    return normalised(data) == of(certificate, issuer, data.algorithm)


def is_issuer(data: HashData, candidate: x509.Certificate) -> bool:
    """Whether a certificate is the issuer that hash data names."""
    wanted = of(candidate, candidate, data.algorithm)
    return (wanted.issuer_name_hash, wanted.issuer_key_hash) == (data.issuer_name_hash, data.issuer_key_hash)


def key_bits(certificate: x509.Certificate) -> bytes:
    """Return the subject public key without tag and length: what an issuer key hash is made of (RFC 6960 §4.1.1)."""
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    position = _value(der, 0)
    position = _value(der, position) + _length(der, position)
    return der[_value(der, position) + 1 :]


def key_fingerprint(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Return the SHA-256 of a public key: what tells whether two requests are for one key."""
    key = holder.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _digest("SHA256", key).hex()


def _digest(algorithm: str, data: bytes) -> bytes:
    digest = hashes.Hash(ALGORITHMS[algorithm]())
    digest.update(data)
    return digest.finalize()


def _hash(text: str, algorithm: str) -> str:
    digits = 2 * ALGORITHMS[algorithm].digest_size
    found = _hex(text).zfill(digits)
    if len(found) > digits:
        raise ValueError(f"a hash of {algorithm} has {digits} hexadecimal digits, not {len(found)}")
    return found


def _hex(text: str) -> str:
    plain = text.strip().lower().removeprefix("0x")
    if not plain or any(sign not in "0123456789abcdef" for sign in plain):
        raise ValueError(f"not a hexadecimal number: {text[:40]!r}")
    return plain


def _value(der: bytes, position: int) -> int:
    first = der[position + 1]
    return position + 2 + (first & 0x7F if first & 0x80 else 0)


def _length(der: bytes, position: int) -> int:
    first = der[position + 1]
    return int.from_bytes(der[position + 2 : position + 2 + (first & 0x7F)]) if first & 0x80 else first
