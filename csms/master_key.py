"""The secret that private keys are encrypted with: it never stands in the database that holds them.

Taken from the systemd credential `csms.key` (LoadCredential=), else from CSMS_MASTER_KEY, else from a file (mode 0600).
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from csms.errors import CsmsError, NotAllowed, NotFound

CREDENTIAL: Final = "csms.key"
VARIABLE: Final = "CSMS_MASTER_KEY"
LEAST_CHARACTERS: Final = 32


def read(file: Path, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return the secret; NotFound or NotAllowed name what is wrong and the mend."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(directory) / CREDENTIAL if directory else None
    if credential is not None and credential.exists():
        return _checked(_content(credential), str(credential))
    if environ.get(VARIABLE):
        return _checked(environ[VARIABLE].encode(), VARIABLE)
    if not os.path.lexists(file):
        raise NotFound(
            f"no key to open private keys with: neither the credential {CREDENTIAL} nor {VARIABLE} nor {file}"
        )
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise NotAllowed(f"{file} can be read by others (mode {mode:o}): chmod 600 {file}")
    return _checked(_content(file), str(file))


def ensure(file: Path, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return the secret; where there is none, make one and write it to `file`, completely or not at all."""
    try:
        return read(file, environ)
    except NotFound:
        pass
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_urlsafe(32).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        os.link(part, file)  # unlike a rename, this never replaces the key that another process just made
    except FileExistsError:
        pass
    finally:
        part.unlink()
    return read(file, environ)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError:
        raise NotAllowed(f"{path} cannot be read by this user: sudo -u csms csms …") from None
    except OSError as error:
        raise CsmsError(f"{path}: {error.strerror}") from None


def _checked(content: bytes, where: str) -> bytes:
    secret = content.strip()
    if len(secret) < LEAST_CHARACTERS:
        raise CsmsError(
            f"{where} holds fewer than {LEAST_CHARACTERS} characters: openssl rand -base64 32 makes some"
        )
    return secret
