"""Certificates, requests and keys as files."""

import os
import sys
from pathlib import Path

from csms.errors import InvalidInput

LARGEST_BYTES = 256 * 1024


def read_pem(file: Path) -> str:
    """Return the text of a PEM file, or of stdin for "-"; raises InvalidInput."""
    text = sys.stdin.read(LARGEST_BYTES + 1) if str(file) == "-" else _content(file)
    if "-----BEGIN " not in text or len(text) > LARGEST_BYTES:
        raise InvalidInput(f"{file} is not PEM (-----BEGIN …)")
    return text


def write_pem(pem: str, file: Path | None, mode: int = 0o600) -> None:
    """Print PEM, or write it to a new file that only its owner may read."""
    if file is None:
        sys.stdout.write(pem)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise InvalidInput(f"{file} exists already") from None
    with os.fdopen(descriptor, "w") as opened:
        opened.write(pem)


def _content(file: Path) -> str:
    if file.stat().st_size > LARGEST_BYTES:
        raise InvalidInput(f"{file} is larger than any PEM file here, {LARGEST_BYTES} bytes")
    return file.read_text(encoding="ascii", errors="replace")
