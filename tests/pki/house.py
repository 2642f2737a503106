"""A small infrastructure for tests: a root, an authority for servers, one for stations."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csms.pki import authority, keys
from csms.pki.authority import Authority, Span
from csms.pki.keys import Algorithm
from csms.pki.links import Links

NOW = datetime.now(UTC).replace(microsecond=0)
"""OpenSSL looks at the real time."""


def span(serial: int, days: float = 365) -> Span:
    return Span(NOW, NOW + timedelta(days=days), serial)


@dataclass(frozen=True)
class Trust:
    root: Authority
    servers: Authority
    stations: Authority


def trust(algorithm: Algorithm = Algorithm.EC, *, pss: bool = True, organization: str = "Voltaire") -> Trust:
    root = authority.make_root(
        f"{organization} Root", organization, keys.make(algorithm, root=True), span(1, 7300), pss=pss
    )
    below = [
        authority.make_sub_authority(
            root, f"{organization} {name}", keys.make(algorithm, authority=True), span(serial, 1800), Links()
        )
        for serial, name in ((2, "Server CA"), (3, "Station CA"))
    ]
    return Trust(root, *below)


def request(common_name: str | None = "SN-1", key: keys.PrivateKey | None = None, **more: str) -> bytes:
    """Return a certificate signing request as PEM."""
    names = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "C": NameOID.COUNTRY_NAME}
    parts = ({"CN": common_name} if common_name else {}) | more
    subject = x509.Name([x509.NameAttribute(names[name], value) for name, value in parts.items()])
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)
