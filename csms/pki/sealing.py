"""Short secrets that we must send again, encrypted: AES-256-GCM under a key derived from the appliance's secret."""

import base64
import os
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12


class NotSealedHereError(ValueError):
    """What was kept does not open: another secret sealed it, or for something else, or it was changed."""


def seal(secret: bytes, text: str, purpose: str) -> str:
    """Return a text encrypted; it opens for the same purpose only."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key(secret)).encrypt(nonce, text.encode(), purpose.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(secret: bytes, sealed: str, purpose: str) -> str:
    """Return the text; raises NotSealedHereError."""
    try:
        content = base64.b64decode(sealed, validate=True)
        opened = AESGCM(_key(secret)).decrypt(
            content[:_NONCE_BYTES], content[_NONCE_BYTES:], purpose.encode()
        )
    except (InvalidTag, ValueError):
        raise NotSealedHereError("does not open with the appliance's secret") from None
    return opened.decode()


@lru_cache(maxsize=4)
def _key(secret: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, b"csms sealed texts").derive(secret)
