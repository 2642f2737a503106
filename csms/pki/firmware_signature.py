"""Whether firmware is what its maker signed (OCPP 2.0.1 L01; 1.6 security whitepaper L01). Pure: digests and bytes in.

RSA with PSS or PKCS #1 v1.5, and elliptic curves with ECDSA, over SHA-256: PSS is the standard's word for RSA, the
others are what makers' tools produce too.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from csms.pki import keys, path

_SHA256: Final = Prehashed(hashes.SHA256())
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)


def problem(
    sha256: bytes, signature: str, certificate_pem: bytes, roots: Sequence[bytes], at: datetime
) -> str | None:
    """Return why firmware with this digest should not be given to a station, None where all is well.

    `signature` is Base64, `certificate_pem` the signing certificate, with its intermediates behind it. Without roots
    it is not checked who made the certificate, but everything else is.
    """
    try:
        leaf, *others = path.read_chain(certificate_pem)
        signed = b64decode("".join(signature.split()), validate=True)
    except ValueError as error:
        if isinstance(error, NotBase64):
            return "the signature is not Base64"
        return f"the signing certificate cannot be read: {error}"
    wrong = _certificate_problem(leaf, others, roots, at)
    if wrong is not None:
        return f"the signing certificate {wrong}"
    return None if _fits(leaf.public_key(), signed, sha256) else "the signature does not fit the file"


def _certificate_problem(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[bytes], at: datetime
) -> str | None:
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        return f"is valid from {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
    weakness = keys.weakness(leaf.public_key())
    if weakness is not None:
        return f"is too weak: {weakness}"
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.digital_signature:
        return "is not for signatures"
    if not roots:
        return None
    trusted = [certificate for root in roots for certificate in path.read_chain(root)]
    found = path.find(leaf, others, trusted, at)
    return f"is not trusted: {found.reason}" if isinstance(found, path.Broken) else None


def _fits(key: object, signature: bytes, sha256: bytes) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        try:
            key.verify(signature, sha256, ec.ECDSA(_SHA256))
        except InvalidSignature:
            return False
        return True
    return isinstance(key, rsa.RSAPublicKey) and any(
        _fits_rsa(key, signature, sha256, scheme) for scheme in (_PSS, padding.PKCS1v15())
    )


def _fits_rsa(
    key: rsa.RSAPublicKey, signature: bytes, sha256: bytes, scheme: padding.PSS | padding.PKCS1v15
) -> bool:
    try:
        key.verify(signature, sha256, scheme, _SHA256)
    except InvalidSignature:
        return False
    return True
