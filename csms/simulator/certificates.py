"""The station's certificates and its key (1.6 security whitepaper; OCPP 2.0.1 A, M)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csms.simulator.frames import Payload

HASHES = {"SHA256": hashlib.sha256, "SHA384": hashlib.sha384, "SHA512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Installed:
    """A root certificate in the station's store."""

    certificate_type: str
    certificate: x509.Certificate

    def hash_data(self, algorithm: str = "SHA256") -> Payload:
        """Return the CertificateHashDataType of a self-issued certificate."""
        digest = HASHES[algorithm]
        key = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": digest(self.certificate.issuer.public_bytes()).hexdigest(),
            "issuerKeyHash": digest(_bit_string(key)).hexdigest(),
            "serialNumber": f"{self.certificate.serial_number:x}",
        }


def _bit_string(public_key_info: bytes) -> bytes:
    """Return the subjectPublicKey of a SubjectPublicKeyInfo without tag, length and unused-bits octet."""
    position = _value(public_key_info, 0)  # into the outer SEQUENCE
    algorithm = _value(public_key_info, position)
    position = algorithm + _length(public_key_info, position)
    return public_key_info[_value(public_key_info, position) + 1 :]


def _value(der: bytes, position: int) -> int:
    first = der[position + 1]
    return position + 2 + (first & 0x7F if first & 0x80 else 0)


def _length(der: bytes, position: int) -> int:
    first = der[position + 1]
    return int.from_bytes(der[position + 2 : position + 2 + (first & 0x7F)]) if first & 0x80 else first


class Certificates:
    """Installed roots, the station's own key, and the chain that the CSMS signed for it."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._installed: list[Installed] = []
        self._key: ec.EllipticCurvePrivateKey | None = None
        self.chain: list[x509.Certificate] = []

    def request(self, organization: str) -> str:
        """Make a new key and return a certificate signing request for it as PEM."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, self._identity),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization or "unknown"),
            ]
        )
        request = (
            x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self._key, hashes.SHA256())
        )
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def accept_chain(self, pem: str) -> bool:
        """Take a signed chain, leaf first; False when unreadable, disordered or not for the station's key."""
        try:
            chain = x509.load_pem_x509_certificates(pem.encode())
            for certificate, issuer in pairwise(chain):
                certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return False
        if self._key is None or chain[0].public_key() != self._key.public_key():
            return False
        self.chain = chain
        return True

    def install(self, certificate_type: str, pem: str, most: int) -> str:
        """Put a root into the store; return the status of InstallCertificate."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            return "Rejected"
        installed = Installed(certificate_type, certificate)
        if installed not in self._installed:
            if len(self._installed) >= most:
                return "Failed"
            self._installed.append(installed)
        return "Accepted"

    def listed(self, certificate_type: str) -> list[Payload]:
        """Return the hash data of all roots of a type."""
        return [one.hash_data() for one in self._installed if one.certificate_type == certificate_type]

    def installed(self, certificate_types: Sequence[str]) -> list[Installed]:
        """Return all roots of these types; without types, all roots."""
        return [
            one
            for one in self._installed
            if not certificate_types or one.certificate_type in certificate_types
        ]

    def delete(self, hash_data: Payload) -> str:
        """Remove the root with this hash data; return the status of DeleteCertificate."""
        wanted = {name: str(value).lower() for name, value in hash_data.items()}
        for one in self._installed:
            own = one.hash_data(hash_data["hashAlgorithm"])
            if {name: str(value).lower() for name, value in own.items()} == wanted:
                self._installed.remove(one)
                return "Accepted"
        return "NotFound"


def is_certificate(pem: str) -> bool:
    """Say whether the text is a readable certificate."""
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return True
