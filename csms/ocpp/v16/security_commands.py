"""OCPP 1.6: certificates and the security profile as actions and payloads (security whitepaper §4, A05)."""

from typing import Any, Final

from csms.errors import Unsupported
from csms.model import security_command as safety
from csms.model.certificate import CertificateKind
from csms.model.station_command import Abilities
from csms.ocpp.certificates import TO_16

Request = tuple[str, dict[str, Any]]
LONGEST_PASSWORD: Final = 20
"""Bytes of an AuthorizationKey, which is sent as 40 hexadecimal digits."""


def certificate_signed(command: safety.CertificateSigned, _: Abilities) -> list[Request]:
    """CertificateSigned: 1.6 knows one kind of certificate only."""
    if command.kind is CertificateKind.V2G:
        raise Unsupported("OCPP 1.6 has no V2G certificates")
    return [("CertificateSigned", {"certificateChain": command.chain})]


def install_certificate(command: safety.InstallCertificate, _: Abilities) -> list[Request]:
    """InstallCertificate: the root of the central system or of the manufacturer."""
    payload = {"certificateType": _use(command.use), "certificate": command.certificate}
    return [("InstallCertificate", payload)]


def delete_certificate(command: safety.DeleteCertificate, _: Abilities) -> list[Request]:
    """DeleteCertificate, with the hash algorithm the station has used."""
    return [("DeleteCertificate", {"certificateHashData": command.hash_data})]


def installed_certificates(command: safety.GetInstalledCertificates, _: Abilities) -> list[Request]:
    """GetInstalledCertificateIds: one use a question."""
    if command.use is None:
        raise Unsupported("OCPP 1.6 asks for one use of certificates at a time")
    return [("GetInstalledCertificateIds", {"certificateType": _use(command.use)})]


def organization(command: safety.SetOrganization, _: Abilities) -> list[Request]:
    """ChangeConfiguration(CpoName): the O of the station's requests (whitepaper §7.5)."""
    return [("ChangeConfiguration", {"key": "CpoName", "value": command.name})]


def password(command: safety.SetPassword, _: Abilities) -> list[Request]:
    """ChangeConfiguration(AuthorizationKey): the password as a hex number, 20 bytes at most (whitepaper A01)."""
    value = command.password.encode()[:LONGEST_PASSWORD].hex()
    return [("ChangeConfiguration", {"key": "AuthorizationKey", "value": value})]


def security_profile(command: safety.SetSecurityProfile, _: Abilities) -> list[Request]:
    """ChangeConfiguration(SecurityProfile): the station comes again with it (A05)."""
    return [("ChangeConfiguration", {"key": "SecurityProfile", "value": str(command.profile)})]


def _use(use: Any) -> str:
    if use not in TO_16:
        raise Unsupported(f"OCPP 1.6 has no {use}")
    return TO_16[use]
