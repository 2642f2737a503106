"""What the operator decided about Plug & Charge and OCSP (section [pnc] of csms.toml), for rules that see no files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from csms.config import Config


@dataclass(frozen=True, slots=True)
class PncPolicy:
    """Who gives vehicles their contract certificates, and whom responders may be; empty `ocsp_hosts` is anybody public.

    `tls_url` is where stations reach us with TLS, as they are told on their way to profile 2 or 3.
    """

    provider_url: str = ""
    provider_token_file: Path | None = None
    provider_timeout_s: float = 5.0
    ocsp_hosts: tuple[str, ...] = ()
    ocsp_private: bool = False
    ocsp_timeout_s: float = 4.0
    tls_url: str = ""


NO_PNC: Final = PncPolicy()


def from_config(config: Config) -> PncPolicy:
    """Return the policy of a configuration."""
    pnc = config.pnc
    return PncPolicy(
        provider_url=pnc.provider_url,
        provider_token_file=Path(pnc.provider_token_file) if pnc.provider_token_file else None,
        provider_timeout_s=float(pnc.provider_timeout_s),
        ocsp_hosts=tuple(host.strip().casefold() for host in pnc.ocsp_hosts.split(",") if host.strip()),
        ocsp_private=pnc.ocsp_private_addresses,
        ocsp_timeout_s=float(pnc.ocsp_timeout_s),
        tls_url=config.ocpp.tls_url,
    )
