"""What a charging station can be asked about its security, in the words of OCPP 2.0.1 (blocks A, B09 and M).

Certificates are PEM. Like the commands of model.station_command, of which these are a part.
"""

from dataclasses import dataclass, field
from typing import Any

from csms.model.certificate import CertificateKind
from csms.model.station_security import CertificateUse


@dataclass(frozen=True, slots=True)
class CertificateSigned:
    """Give the station the certificate it has asked for, leaf first; `kind` as the station named it."""

    chain: str
    kind: CertificateKind | None = None


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    """Have the station trust a root."""

    use: CertificateUse
    certificate: str


@dataclass(frozen=True, slots=True)
class DeleteCertificate:
    """Have the station forget a certificate, named as the station names it."""

    hash_data: dict[str, Any]
    use: CertificateUse | None = None


@dataclass(frozen=True, slots=True)
class GetInstalledCertificates:
    """Ask which certificates of a use the station holds; None asks for all uses at once."""

    use: CertificateUse | None = None


@dataclass(frozen=True, slots=True)
class SetOrganization:
    """Tell the station the operator's name, which its certificate has to bear."""

    name: str


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Give the station a new password: text of 16 to 40 characters (A01)."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetNetworkProfile:
    """Tell the station how to reach us with another security profile (2.0.1 B09); `slot` is its place."""

    slot: int
    profile: int
    url: str
    interface: str = "Wired0"
    message_timeout_s: int = 30


@dataclass(frozen=True, slots=True)
class GetNetworkPriority:
    """Ask in which order the station tries its network profiles."""


@dataclass(frozen=True, slots=True)
class SetNetworkPriority:
    """Tell the station in which order to try its network profiles; it does after its next start."""

    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetSecurityProfile:
    """Have the station come again with a higher security profile (1.6 whitepaper A05)."""

    profile: int


SecurityCommand = (
    CertificateSigned
    | InstallCertificate
    | DeleteCertificate
    | GetInstalledCertificates
    | SetOrganization
    | SetPassword
    | SetNetworkProfile
    | GetNetworkPriority
    | SetNetworkPriority
    | SetSecurityProfile
)
