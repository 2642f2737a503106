"""How a 2.0.1 station answers the certificate actions (OCPP 2.0.1 A02, A03, M03 to M05)."""

from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload
from csms.simulator.v201.device import Device201


def certificate_signed(station: Device201, payload: Payload) -> Payload:
    """Accept a chain for the key of the last SignCertificate; report any other as a security event."""
    chain = payload["certificateChain"]
    fits = len(chain) <= station.model.number("SecurityCtrlr", "MaxCertificateChainSize")
    if fits and station.certificates.accept_chain(chain):
        return {"status": "Accepted"}
    station.afterwards(security_event, station, "InvalidChargingStationCertificate")
    return {"status": "Rejected"}


def install_certificate(station: Device201, payload: Payload) -> Payload:
    """Keep a root certificate."""
    most = station.model.number("SecurityCtrlr", "CertificateEntries")
    return {"status": station.certificates.install(payload["certificateType"], payload["certificate"], most)}


def get_installed_certificate_ids(station: Device201, payload: Payload) -> Payload:
    """Tell type and hash data of the roots of some types, or of all."""
    listed = [
        {"certificateType": one.certificate_type, "certificateHashData": one.hash_data()}
        for one in station.certificates.installed(payload.get("certificateType", ()))
    ]
    return {"status": "Accepted", "certificateHashDataChain": listed} if listed else {"status": "NotFound"}


def delete_certificate(station: Device201, payload: Payload) -> Payload:
    """Remove the root with this hash data."""
    return {"status": station.certificates.delete(payload["certificateHashData"])}


async def sign_certificate(station: Device201, kind: str = "ChargingStationCertificate") -> None:
    """Make a new key and ask the CSMS to have its certificate signed."""
    request = station.certificates.request(station.model.text("SecurityCtrlr", "OrganizationName"))
    await station.call("SignCertificate", {"csr": request, "certificateType": kind})


async def security_event(station: Device201, event: str, tech_info: str | None = None) -> None:
    """Report a security event (A04)."""
    payload = {"type": event, "timestamp": to_wire(station.clock.now())}
    await station.call("SecurityEventNotification", payload | ({"techInfo": tech_info} if tech_info else {}))
