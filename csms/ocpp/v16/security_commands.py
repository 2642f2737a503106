"""OCPP 1.6: certificates and the security profile as actions and payloads (security whitepaper §4, A05)."""

from typing import Any, Final

from csms.errors import Unsupported
from csms.model import security_command as safety
from csms.model.certificate import CertificateKind
from csms.model.station_command import Abilities
from csms.ocpp.certificates import TO_16
from csms.ocpp.v16 import pnc

Request = tuple[str, dict[str, Any]]
LONGEST_PASSWORD: Final = 20
"""Bytes of an AuthorizationKey, which is sent as 40 hexadecimal digits."""


def certificate_signed(command: safety.CertificateSigned, _: Abilities) -> list[Request]:
    """CertificateSigned; what a station has asked for in DataTransfer it is given there too."""
    if command.kind is CertificateKind.V2G:
        payload = {"certificateChain": command.chain, "certificateType": command.kind.value}
        return [pnc.wrapped("CertificateSigned", payload)]
    return [("CertificateSigned", {"certificateChain": command.chain})]


def install_certificate(command: safety.InstallCertificate, abilities: Abilities) -> list[Request]:
    """InstallCertificate: roots of the central system and the manufacturer; others are Plug & Charge's."""
    if command.use in TO_16:
        payload = {"certificateType": TO_16[command.use], "certificate": command.certificate}
        return [("InstallCertificate", payload)]
    payload = {"certificateType": command.use.value, "certificate": command.certificate}
    return [_plug_and_charge("InstallCertificate", payload, abilities)]


def delete_certificate(command: safety.DeleteCertificate, abilities: Abilities) -> list[Request]:
    """DeleteCertificate, with the hash algorithm the station has used."""
    payload = {"certificateHashData": command.hash_data}
    if command.use is None or command.use in TO_16:
        return [("DeleteCertificate", payload)]
    return [_plug_and_charge("DeleteCertificate", payload, abilities)]


def installed_certificates(command: safety.GetInstalledCertificates, abilities: Abilities) -> list[Request]:
    """GetInstalledCertificateIds: one use a question."""
    if command.use is None:
        raise Unsupported("OCPP 1.6 asks for one use of certificates at a time")
    if command.use in TO_16:
        return [("GetInstalledCertificateIds", {"certificateType": TO_16[command.use]})]
    payload = {"certificateType": [command.use.value]}
    return [_plug_and_charge("GetInstalledCertificateIds", payload, abilities)]


def vehicle_trigger(message: str, abilities: Abilities) -> list[Request]:
    """TriggerMessage for a certificate towards vehicles."""
    return [_plug_and_charge("TriggerMessage", {"requestedMessage": message}, abilities)]


def _plug_and_charge(message: str, payload: dict[str, Any], abilities: Abilities) -> Request:
    """Wrap a message for a station that has said that it knows Plug & Charge."""
    if abilities.setting(pnc.ENABLED) is None:
        raise Unsupported(
            f"OCPP 1.6 has no such {message}, and the station has reported no {pnc.ENABLED} (Plug & Charge)"
        )
    return pnc.wrapped(message, payload)


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
