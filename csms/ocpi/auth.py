"""The Authorization header (OCPI 2.2.1 §4.1.2): `Token` and the token in Base64, or plain as older peers send it."""

import base64
import binascii
from typing import Final

from csms.model.party import TokenForm

LONGEST_HEADER: Final = 1024


def candidates(header: str | None) -> list[tuple[str, TokenForm]]:
    """Return what the token may be, the first guess first: as it stands (a plain token may look like Base64), decoded.

    Padding may be missing, the URL-safe alphabet is read too, and what `echo` left at the end is cut off.
    """
    if header is None or len(header) > LONGEST_HEADER:
        return []
    scheme, _, text = header.strip().partition(" ")
    text = text.strip()
    if scheme.lower() != "token" or not text:
        return []
    found = [(text, TokenForm.PLAIN)]
    decoded = _decoded(text)
    if decoded:
        found.append((decoded, TokenForm.BASE64))
    return found


def header(token: str, form: TokenForm) -> str:
    """Return the header for a token."""
    return f"Token {token if form is TokenForm.PLAIN else base64.b64encode(token.encode()).decode()}"


def _decoded(text: str) -> str | None:
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
        return content.decode("utf-8").rstrip("\r\n ")
    except (binascii.Error, ValueError):
        return None
