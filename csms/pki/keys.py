"""Private keys: made here, and written as encrypted PKCS #8 (RFC 5958) that `openssl pkey` can read too.

Sizes follow OCPP 2.0.1 Part 2 A00.FR.503–506: RSA of 2048 bits or more, elliptic curves of 224 or more.
"""

from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
LEAST_RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 8192
"""Checking a signature with a larger key costs more than a station may make us spend."""
LEAST_EC_BITS: Final = 224


class Algorithm(StrEnum):
    """The two kinds of keys that stations speak."""

    EC = "EC"
    RSA = "RSA"


class WrongSecretError(ValueError):
    """An encrypted key does not open with the secret given."""


def make(algorithm: Algorithm, *, authority: bool = False, root: bool = False) -> PrivateKey:
    """Generate a key: P-256 or RSA 2048; RSA 3072 for an authority; P-384 for a root."""
    if algorithm is Algorithm.RSA:
        return rsa.generate_private_key(65537, 3072 if authority or root else LEAST_RSA_BITS)
    return ec.generate_private_key(ec.SECP384R1() if root else ec.SECP256R1())


def algorithm_of(key: PrivateKey | PublicKey) -> Algorithm:
    """Say which of the two kinds a key is."""
    return Algorithm.RSA if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) else Algorithm.EC


def is_rsa(key: object) -> bool:
    """Whether a public key is an RSA key."""
    return isinstance(key, rsa.RSAPublicKey)


def public_of(key: PrivateKey) -> PublicKey:
    """Return the public half of a key."""
    return key.public_key()


def weakness(key: object) -> str | None:
    """Say why a public key may not be certified, None when it may."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            return f"an RSA key of {key.key_size} bits is too short: at least {LEAST_RSA_BITS}"
        return f"an RSA key of {key.key_size} bits is too long" if key.key_size > MOST_RSA_BITS else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < LEAST_EC_BITS:
            return f"an elliptic curve of {key.curve.key_size} bits is too short: at least {LEAST_EC_BITS}"
        return None
    return "only RSA and elliptic curve keys are certified"


def seal(key: PrivateKey, secret: bytes) -> bytes:
    """Return a key as encrypted PEM."""
    encryption = serialization.BestAvailableEncryption(secret)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def unseal(pem: bytes, secret: bytes, *, ours: bool = True) -> PrivateKey:
    """Return the key of an encrypted PEM; raises WrongSecretError, or ValueError when it is no such key.

    What we sealed ourselves is taken as it is: proving that RSA numbers are primes takes a tenth of a second.
    """
    try:
        key = serialization.load_pem_private_key(pem, secret, unsafe_skip_rsa_key_validation=ours)
    except (ValueError, TypeError) as error:
        raise WrongSecretError("the private key does not open with this secret") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("neither an RSA nor an elliptic curve key")
    return key


def belongs(key: PrivateKey, certificate_pem: bytes) -> bool:
    """Whether a certificate is for this key."""
    return x509.load_pem_x509_certificate(certificate_pem).public_key() == key.public_key()


def bare(key: PrivateKey) -> bytes:
    """Return a key as PEM without encryption, for a file that leaves this machine in good hands."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
