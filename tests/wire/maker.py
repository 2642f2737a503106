"""A maker of stations with keys of its own: firmware, its signature, and the certificate that goes with it."""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tests.wire.site import Site

CONTENT = b"firmware 2.1"


def certify(name: str, key: Any, by: Any = None, *, authority: bool = False, days: int = 30) -> Any:
    """Return a certificate for a key, signed by an authority's (certificate, key) or by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (subject, key) if by is None else (by[0].subject, by[1])
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def pem(certificate: Any) -> str:
    return str(certificate.public_bytes(serialization.Encoding.PEM).decode())


def signed(key: Any, scheme: str, *, by: Any = None, days: int = 30) -> tuple[str, str]:
    """Return a signature over CONTENT and the certificate of its key."""
    if scheme == "ecdsa":
        made = key.sign(CONTENT, ec.ECDSA(hashes.SHA256()))
    elif scheme == "pss":
        made = key.sign(CONTENT, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        made = key.sign(CONTENT, padding.PKCS1v15(), hashes.SHA256())
    return b64encode(made).decode(), pem(certify("Maker", key, by, days=days))


EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


async def add(web: Site, signature: str | None = None, certificate: str | None = None) -> None:
    arriving = web.csms.room.arriving("f1")
    arriving.write(CONTENT)
    arriving.keep()
    await web.csms.verb(
        "firmware.add", file_id="f1", name="fw.bin", size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(), md5=hashlib.md5(CONTENT).hexdigest(),
        signature=signature, signing_certificate=certificate,
    )  # fmt: skip
