"""Certificate authorities and what they sign (OCPP 2.0.1 Part 2 A00.FR.501–514, 1.6 security whitepaper §4).

A root signs two authorities: one for this system's servers, one for charging stations, so that neither passes for the
other. Subjects bear O (the operator) and CN; key usage is always set, extended key usage never, as the standard asks.
Times are aware datetimes in UTC, serial numbers positive integers of at most 159 bits, certificates PEM.
"""

import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from csms.pki import keys
from csms.pki.keys import PrivateKey, PublicKey
from csms.pki.links import Links

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""A certificate is valid from a little before it was made: stations' clocks lag."""
LONGEST_NAME: Final = 64
"""Octets of CN and O in UTF-8 (RFC 5280, ub-common-name)."""
_OID: Final = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "C": NameOID.COUNTRY_NAME}


class Role(StrEnum):
    """What an authority signs for."""

    ROOT = "ROOT"
    SERVER = "SERVER"
    STATION = "STATION"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a certificate is valid, and its serial number."""

    begin: datetime
    end: datetime
    serial: int


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that can sign."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM with LF line ends."""
        return to_pem(self.certificate)

    @property
    def organization(self) -> str:
        """The operator's name."""
        return subject_of(self.certificate).get("O", "")


class UnusableRequestError(ValueError):
    """A certificate signing request that cannot be signed; the text says why."""


def load(certificate_pem: bytes, sealed_key: bytes, secret: bytes) -> Authority:
    """Return an authority from its certificate and encrypted key; raises keys.WrongSecretError."""
    return Authority(x509.load_pem_x509_certificate(certificate_pem), keys.unseal(sealed_key, secret))


def load_certificate(pem: bytes) -> x509.Certificate:
    """Return the first certificate of a PEM; raises ValueError."""
    return x509.load_pem_x509_certificate(pem)


def make_root(name: str, organization: str, key: PrivateKey, span: Span, *, pss: bool = True) -> Authority:
    """Make a self-signed root; `pss` lets an RSA authority sign with RSASSA-PSS instead of PKCS #1 v1.5."""
    subject = _name(CN=name, O=organization)
    builder = _builder(subject, subject, key.public_key(), span)
    builder = _with_authority_usage(
        builder, key.public_key(), path_length=2
    )  # one more for a root that follows
    return Authority(_sign(builder, key, pss=pss), key)


def make_sub_authority(root: Authority, name: str, key: PrivateKey, span: Span, links: Links) -> Authority:
    """Make an authority below a root, for leaves only; it is not valid longer than the root."""
    subject = _name(CN=name, O=root.organization)
    builder = _issued(root, subject, key.public_key(), span, links)
    builder = _with_authority_usage(builder, key.public_key(), path_length=0)
    return Authority(_signed_by(root, builder), key)


def cross_sign(older: Authority, newer: x509.Certificate, span: Span) -> bytes:
    """Return the certificate of a new root as the old one signs it, for stations that trust only the old one."""
    public = _public(newer.public_key())
    builder = _issued(older, newer.subject, public, span, Links())
    return to_pem(_signed_by(older, _with_authority_usage(builder, public, path_length=1)))


def issue_server(
    authority: Authority, public_key: PublicKey, hosts: Sequence[str], span: Span, links: Links
) -> bytes:
    """Return a server's certificate; `hosts` are DNS names and IP addresses, the first is the CN (A00.FR.511)."""
    builder = _issued(authority, _name(CN=hosts[0], O=authority.organization), public_key, span, links)
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    builder = builder.add_extension(names, critical=False)
    return to_pem(_signed_by(authority, _with_leaf_usage(builder, public_key)))


def sign_station(authority: Authority, csr_pem: bytes, span: Span, links: Links) -> bytes:
    """Return the certificate a request asks for: CN, O and C of its subject, nothing else of its wishes.

    Raises UnusableRequestError; what a request must say is for its policy to decide, not checked here.
    """
    request = read_request(csr_pem)
    subject = subject_of(request)
    if not subject.get("CN"):
        raise UnusableRequestError("the request names no CN")
    if any(len(value.encode()) > LONGEST_NAME for value in subject.values()):
        raise UnusableRequestError(f"a name in the request is longer than {LONGEST_NAME} octets")
    wanted = {"O": authority.organization} | subject
    public = _public(request.public_key())
    builder = _issued(authority, _name(**wanted), public, span, links)
    return to_pem(_signed_by(authority, _with_leaf_usage(builder, public)))


def certify(authority: Authority, common_name: str, public_key: PublicKey, span: Span, links: Links) -> bytes:
    """Return a station's certificate for a key that was made for it."""
    subject = _name(CN=common_name, O=authority.organization)
    builder = _issued(authority, subject, public_key, span, links)
    return to_pem(_signed_by(authority, _with_leaf_usage(builder, public_key)))


def read_request(csr_pem: bytes) -> x509.CertificateSigningRequest:
    """Return a request whose signature proves that its sender holds the key; raises UnusableRequestError."""
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        proven = request.is_signature_valid
        weak = keys.weakness(request.public_key())
    except Exception as error:  # whatever the parser thinks of what a station sent
        raise UnusableRequestError(f"the request cannot be read: {error}") from error
    if weak or not proven:
        raise UnusableRequestError(weak or "the request is not signed with its own key")
    return request


def subject_of(holder: x509.Certificate | x509.CertificateSigningRequest) -> dict[str, str]:
    """Return the last CN, O and C of a subject, as far as it has them."""
    found = {}
    for short, oid in _OID.items():
        values = holder.subject.get_attributes_for_oid(oid)
        if values and values[-1].value:
            found[short] = str(values[-1].value)
    return found


def to_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM with LF line ends: some stations stumble over others."""
    return certificate.public_bytes(serialization.Encoding.PEM).replace(b"\r\n", b"\n")


def check_chain(chain: Sequence[x509.Certificate]) -> str | None:
    """Say what is wrong with a chain, leaf first, each signed by the next; None when it holds."""
    for certificate, issuer in itertools.pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return f"{issuer.subject.rfc4514_string()} has not signed {certificate.subject.rfc4514_string()}"
    return None


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: PublicKey, span: Span
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(span.serial)
        .not_valid_before(span.begin - CLOCKS_DIFFER)
        .not_valid_after(span.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _issued(
    authority: Authority, subject: x509.Name, public_key: PublicKey, span: Span, links: Links
) -> x509.CertificateBuilder:
    """Begin a certificate that an authority signs; nothing outlives its issuer."""
    issuer = authority.certificate
    end = min(span.end, issuer.not_valid_after_utc)
    begin = max(span.begin, issuer.not_valid_before_utc + CLOCKS_DIFFER)
    builder = _builder(subject, issuer.subject, public_key, Span(begin, end, span.serial))
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
    )
    return _with_links(builder, links)


def _with_links(builder: x509.CertificateBuilder, links: Links) -> x509.CertificateBuilder:
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, links.ocsp_url),
            (AuthorityInformationAccessOID.CA_ISSUERS, links.issuer_url),
        )
        if url
    ]
    if access:
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
    if links.crl_url:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(links.crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    return builder


def _with_authority_usage(
    builder: x509.CertificateBuilder, public_key: PublicKey, path_length: int
) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(
        _usage(public_key, authority=True), critical=True
    )


def _with_leaf_usage(builder: x509.CertificateBuilder, public_key: PublicKey) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return builder.add_extension(constraints, critical=True).add_extension(_usage(public_key), critical=True)


def _usage(public_key: PublicKey, *, authority: bool = False) -> x509.KeyUsage:
    """An RSA leaf may also take a session's key: two of the demanded suites exchange it so."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not authority and isinstance(public_key, rsa.RSAPublicKey),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _signed_by(authority: Authority, builder: x509.CertificateBuilder) -> x509.Certificate:
    return _sign(builder, authority.key, pss=uses_pss(authority.certificate))


def uses_pss(certificate: x509.Certificate) -> bool:
    """Whether an RSA authority signs with RSASSA-PSS: as its own certificate was signed."""
    return isinstance(certificate.signature_algorithm_parameters, padding.PSS)


def hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """Return the hash a key signs with."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


def _sign(builder: x509.CertificateBuilder, key: PrivateKey, *, pss: bool) -> x509.Certificate:
    algorithm = hash_for(key)
    scheme: padding.PSS | padding.PKCS1v15 | None = None
    if isinstance(key, rsa.RSAPrivateKey):
        salt = algorithm.digest_size
        scheme = padding.PSS(padding.MGF1(algorithm), salt) if pss else padding.PKCS1v15()
    return builder.sign(key, algorithm, rsa_padding=scheme)


def _public(key: object) -> PublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return key
    raise UnusableRequestError("only RSA and elliptic curve keys are certified")


def _name(**parts: str) -> x509.Name:
    """Return a subject in the usual order; what is too long is cut."""
    ordered = [(_OID[short], _cut(parts[short])) for short in ("C", "O", "CN") if parts.get(short)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in ordered])


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_NAME].decode(errors="ignore")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
