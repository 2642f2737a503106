"""The words of the public key infrastructure: authorities, certificates, trust stores, and the way to a new root."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AuthorityState(StrEnum):
    """Whether an authority signs: the current one does, the next one waits, a retired one is only trusted."""

    CURRENT = "CURRENT"
    NEXT = "NEXT"
    RETIRED = "RETIRED"


class CertificateKind(StrEnum):
    """What a certificate is for; stations' kinds bear the words of OCPP 2.0.1 (CertificateSigningUseEnumType)."""

    SERVER = "SERVER"
    STATION = "ChargingStationCertificate"
    V2G = "V2GCertificate"


class CertificateState(StrEnum):
    """Whether a certificate counts: a newer one replaces it, an operator revokes it."""

    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    REVOKED = "REVOKED"


class TrustStore(StrEnum):
    """Whom certificates are trusted for; one anchor may stand in several."""

    STATION_CA = "station_ca"
    """Who signs the client certificates of charging stations."""
    MANUFACTURER = "manufacturer"
    """Who signs factory certificates of stations, and their firmware."""
    V2G = "v2g"
    MO = "mo"
    OEM = "oem"


class RevocationReason(StrEnum):
    """Why a certificate is revoked (RFC 5280 §5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"


class RolloverState(StrEnum):
    """Where the change from one root to the next stands."""

    INSTALLING = "INSTALLING"
    """The new root is made; stations are given it beside the old one."""
    SWITCHED = "SWITCHED"
    """Servers and new station certificates come from the new root; the old one is still trusted."""
    FINISHED = "FINISHED"
    ABORTED = "ABORTED"


class InstallState(StrEnum):
    """Whether a station has taken a root."""

    ACCEPTED = "ACCEPTED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """One authority of our own; `has_key` is False where its key was taken off this machine."""

    id: str
    role: str
    algorithm: str
    generation: int
    state: AuthorityState
    issuer_id: str | None
    subject: str
    serial_number: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    certificate: str
    cross_certificate: str | None
    has_key: bool
    crl_number: int
    crl_at: datetime | None
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate that was issued; `chain` is PEM, leaf first, without the root.

    `issuer_id` is None for what an external signer signed; serial number and fingerprint (SHA-256) are hex digits.
    """

    id: str
    kind: CertificateKind
    state: CertificateState
    issuer_id: str | None
    tenant_id: str | None
    station_key: str | None
    station_id: str | None
    algorithm: str
    serial_number: str
    fingerprint: str
    common_name: str
    names: str
    not_before: datetime
    not_after: datetime
    chain: str
    issued_at: datetime
    revoked_at: datetime | None = None
    revocation_reason: str | None = None
    renewal_asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """A certificate that is trusted for one purpose, in one tenant or (None) in all."""

    id: str
    tenant_id: str | None
    store: TrustStore
    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    pem: str
    note: str | None
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Rollover:
    """One change of the root."""

    id: str
    state: RolloverState
    old_generation: int
    new_generation: int
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
