"""What the operator decided about certificates (section [pki] of csms.toml), for rules that see no configuration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from csms import master_key
from csms.config import Config
from csms.errors import NotFound
from csms.pki.links import Links


def _no_secret() -> bytes:
    raise NotFound("no key to open private keys with")


@dataclass(frozen=True, slots=True)
class PkiPolicy:
    """Lifetimes, pointers, and who signs; `secret` returns what private keys are encrypted with."""

    secret: Callable[[], bytes] = field(default=_no_secret, repr=False)
    url: str = ""
    """Where stations reach the revocation lists and the OCSP responder; empty leaves pointers out."""
    root_life: timedelta = timedelta(days=20 * 365)
    authority_life: timedelta = timedelta(days=5 * 365)
    station_life: timedelta = timedelta(days=365)
    server_life: timedelta = timedelta(days=90)
    renew_ahead: timedelta = timedelta(days=30)
    signer_url: str = ""
    """An HTTP service that signs stations' requests instead of our own authority."""
    signer_token_file: Path | None = None
    signer_timeout_s: float = 30.0

    def links(self, issuer_id: str) -> Links:
        """Return what a certificate says of where its issuer's word can be heard."""
        if not self.url:
            return Links()
        base = self.url.rstrip("/")
        return Links(f"{base}/ocsp", f"{base}/{issuer_id}.crl", f"{base}/{issuer_id}.crt")


NO_PKI: Final = PkiPolicy()
"""The usual lifetimes, and no secret: nothing can be signed."""


def from_config(config: Config) -> PkiPolicy:
    """Return the policy of a configuration; the secret is read when it is first needed."""
    pki = config.pki
    return PkiPolicy(
        secret=partial(master_key.read, key_file(config)),
        url=pki.url,
        station_life=timedelta(days=pki.station_days),
        server_life=timedelta(days=pki.server_days),
        renew_ahead=timedelta(days=pki.renew_days),
        signer_url=pki.signer_url,
        signer_token_file=Path(pki.signer_token_file) if pki.signer_token_file else None,
        signer_timeout_s=float(pki.signer_timeout_s),
    )


def key_file(config: Config) -> Path:
    """Return the file that holds the secret where nothing else does."""
    return Path(config.pki.key_file)
