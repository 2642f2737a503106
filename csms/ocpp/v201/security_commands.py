"""OCPP 2.0.1: certificates and the security profile as actions and payloads (blocks A, B09 and M)."""

from typing import Any

from csms.model import security_command as safety
from csms.model.station_command import Abilities

Request = tuple[str, dict[str, Any]]


def certificate_signed(command: safety.CertificateSigned, _: Abilities) -> Request:
    """CertificateSigned, with the kind of the request where it named one (A02.FR.14)."""
    payload: dict[str, Any] = {"certificateChain": command.chain}
    if command.kind is not None:
        payload["certificateType"] = command.kind.value
    return "CertificateSigned", payload


def install_certificate(command: safety.InstallCertificate, _: Abilities) -> Request:
    """InstallCertificate (M05)."""
    return "InstallCertificate", {"certificateType": command.use.value, "certificate": command.certificate}


def delete_certificate(command: safety.DeleteCertificate, _: Abilities) -> Request:
    """DeleteCertificate, with the hash algorithm the station has used (M04.FR.07)."""
    return "DeleteCertificate", {"certificateHashData": command.hash_data}


def installed_certificates(command: safety.GetInstalledCertificates, _: Abilities) -> Request:
    """GetInstalledCertificateIds: without a use all of them (M03)."""
    wanted = {} if command.use is None else {"certificateType": [command.use.value]}
    return "GetInstalledCertificateIds", wanted


def organization(command: safety.SetOrganization, _: Abilities) -> Request:
    """SetVariables(SecurityCtrlr.OrganizationName): the O of the station's requests."""
    return _set("SecurityCtrlr", "OrganizationName", command.name)


def password(command: safety.SetPassword, _: Abilities) -> Request:
    """SetVariables(SecurityCtrlr.BasicAuthPassword): the text itself (A01.FR.01)."""
    return _set("SecurityCtrlr", "BasicAuthPassword", command.password)


def _set(component: str, variable: str, value: str) -> Request:
    wanted = {"component": {"name": component}, "variable": {"name": variable}, "attributeValue": value}
    return "SetVariables", {"setVariableData": [wanted]}


def network_profile(command: safety.SetNetworkProfile, _: Abilities) -> Request:
    """SetNetworkProfile (B09): `OCPP20` is how the standard writes 2.0.1."""
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": command.url,
        "ocppInterface": command.interface,
        "messageTimeout": command.message_timeout_s,
        "securityProfile": command.profile,
    }
    return "SetNetworkProfile", {"configurationSlot": command.slot, "connectionData": data}


def network_priority_asked(_: safety.GetNetworkPriority, __: Abilities) -> Request:
    """GetVariables(OCPPCommCtrlr.NetworkConfigurationPriority)."""
    wanted = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    return "GetVariables", {"getVariableData": [wanted]}


def network_priority(command: safety.SetNetworkPriority, _: Abilities) -> Request:
    """SetVariables(OCPPCommCtrlr.NetworkConfigurationPriority) (A05, B10)."""
    slots = ",".join(str(slot) for slot in command.slots)
    return _set("OCPPCommCtrlr", "NetworkConfigurationPriority", slots)
