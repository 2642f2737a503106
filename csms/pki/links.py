"""Where whoever checks a certificate finds out about its issuer (RFC 5280 §4.2.1.13, §4.2.2.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a certificate names; None leaves a pointer out."""

    ocsp_url: str | None = None
    crl_url: str | None = None
    issuer_url: str | None = None
