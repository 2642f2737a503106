"""Certificates, requests and OCSP answers made with `cryptography` alone, as peers that know nothing of the product."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Paper:
    """A certificate with its key and the way up to its root."""

    certificate: x509.Certificate
    key: Key
    above: tuple["Paper", ...] = ()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def chain(self) -> str:
        """Leaf first, without the root."""
        return self.pem + "".join(paper.pem for paper in self.above[:-1])

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def name(common: str, organization: str | None = "Depot") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organization is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def certify(
    common: str,
    issuer: Paper | None = None,
    *,
    ca: bool = False,
    organization: str | None = "Depot",
    begin: datetime = NOON - timedelta(days=1),
    end: datetime = NOON + timedelta(days=365),
    key: Key | None = None,
    path_length: int | None = None,
    ocsp_url: str | None = None,
    ocsp_signing: bool = False,
    serial: int | None = None,
) -> Paper:
    """Make a certificate; without an issuer a root."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = name(common, organization)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca or issuer is None, path_length), critical=True)
    )
    if ocsp_url:
        place = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    if ocsp_signing:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False
        )
    signed = builder.sign(issuer.key if issuer else own, hashes.SHA256())
    return Paper(signed, own, (issuer, *issuer.above) if issuer else ())


def csr(
    common: str = "SN-1",
    organization: str | None = "Depot",
    *,
    key: Key | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    algorithm: Any = None,
) -> str:
    """Return a PKCS #10 request as PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(common, organization))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    request = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), algorithm or hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def ocsp_answer(
    about: Paper,
    issuer: Paper,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    signer: Paper | None = None,
    this_update: datetime = NOON - timedelta(hours=1),
    next_update: datetime | None = NOON + timedelta(days=1),
) -> bytes:
    """Return the DER of a responder's answer about a certificate."""
    responder = signer or issuer
    revoked_at = NOON - timedelta(days=2) if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=this_update,
            next_update=next_update,
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    )
    if signer is not None:
        builder = builder.certificates([signer.certificate])
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
