"""What the operator decided about roaming partners (section [ocpi] of csms.toml): rules see no configuration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final

from csms import master_key
from csms.config import Config
from csms.errors import NotFound
from csms.services import pki_policy


def _no_secret() -> bytes:
    raise NotFound("no key to keep the tokens of partners with")


@dataclass(frozen=True, slots=True)
class OcpiPolicy:
    """Where we are reached, whom we reach, and the bounds; `secret` is what tokens are encrypted with."""

    secret: Callable[[], bytes] = field(default=_no_secret, repr=False)
    public_url: str = ""
    """https://HOST:PORT of the listener as partners reach it; empty takes the address each of them used."""
    allow_private: bool = False
    """Whether partners may have private addresses, and speak without TLS: for labs."""
    timeout_s: float = 30.0
    requests_per_minute: int = 6_000
    max_body_bytes: int = 4 * 1024 * 1024


NO_OCPI: Final = OcpiPolicy()


def from_config(config: Config) -> OcpiPolicy:
    """Return the policy of a configuration; the secret is read, or made, when it is first needed."""
    ocpi = config.ocpi
    return OcpiPolicy(
        secret=cache(partial(master_key.ensure, pki_policy.key_file(config))),
        public_url=ocpi.public_url.rstrip("/"),
        allow_private=ocpi.allow_private_addresses,
        timeout_s=float(ocpi.timeout_s),
        requests_per_minute=ocpi.requests_per_minute,
        max_body_bytes=ocpi.max_body_bytes,
    )
