"""Files that a station really leaves and fetches over HTTP, where its settings have it do so."""

import hashlib
from base64 import b64decode
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

TIMEOUT_S: Final = 60.0
HTTP: Final = ("http://", "https://")
_SHA256: Final = Prehashed(hashes.SHA256())


def is_http(location: str) -> bool:
    """Say whether a location is one that this station can use for real."""
    return location.lower().startswith(HTTP)


async def upload(location: str, name: str, content: bytes) -> bool:
    """Leave a file at a location, by PUT; return whether it was taken."""
    import httpx  # takes its time, and few runs need it

    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.put(f"{location.rstrip('/')}/{name}", content=content)
    except httpx.HTTPError:
        return False
    return answer.is_success


async def download(location: str) -> bytes | None:
    """Fetch a file and return its SHA-256, None where that fails."""
    import httpx

    digest = hashlib.sha256()
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream("GET", location) as answer,
        ):
            if not answer.is_success:
                return None
            async for piece in answer.aiter_bytes():
                digest.update(piece)
    except httpx.HTTPError:
        return None
    return digest.digest()


def fits(sha256: bytes, signature: str, certificate: str) -> bool:
    """Say whether a signature over a file with this digest is that of a certificate's key."""
    try:
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        signed = b64decode(signature)
        if isinstance(key, rsa.RSAPublicKey):
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
            key.verify(signed, sha256, salted, _SHA256)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed, sha256, ec.ECDSA(_SHA256))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
