"""What a certificate says of itself, in the plain values that a database and a table can hold."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from csms.pki import keys
from csms.pki.authority import to_pem


@dataclass(frozen=True, slots=True)
class Facts:
    """Subject in RFC 4514 form, SHA-256 fingerprint of the DER and serial number in hex, times in UTC."""

    subject: str
    issuer: str
    common_name: str
    algorithm: str
    serial_number: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    is_authority: bool
    pem: bytes


def facts_of(certificate: x509.Certificate) -> Facts:
    """Return the facts of a certificate."""
    key = certificate.public_key()
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Facts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        common_name=str(common[-1].value) if common else "",
        algorithm="other" if keys.weakness(key) else keys.algorithm_of(key).value,  # type: ignore[arg-type]
        serial_number=f"{certificate.serial_number:x}",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        is_authority=_is_authority(certificate),
        pem=to_pem(certificate),
    )


def read(pem: bytes) -> list[Facts]:
    """Return the facts of every certificate in PEM; raises ValueError when there is none or one is unreadable."""
    return [facts_of(certificate) for certificate in x509.load_pem_x509_certificates(pem)]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
