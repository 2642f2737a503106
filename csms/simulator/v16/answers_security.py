"""How a 1.6 station answers the certificate actions (1.6 security whitepaper)."""

from csms.simulator.frames import Payload
from csms.simulator.v16.answers_core import security_event
from csms.simulator.v16.device import Device16


def certificate_signed(station: Device16, payload: Payload) -> Payload:
    """Accept a chain for the key of the last SignCertificate; report any other as a security event."""
    chain = payload["certificateChain"]
    fits = len(chain) <= station.configuration.number("CertificateSignedMaxChainSize")
    if fits and station.certificates.accept_chain(chain):
        return {"status": "Accepted"}
    station.afterwards(security_event, station, "InvalidChargePointCertificate")
    return {"status": "Rejected"}


def install_certificate(station: Device16, payload: Payload) -> Payload:
    """Keep a root certificate."""
    most = station.configuration.number("CertificateStoreMaxLength")
    return {"status": station.certificates.install(payload["certificateType"], payload["certificate"], most)}


def get_installed_certificate_ids(station: Device16, payload: Payload) -> Payload:
    """Tell the hash data of the roots of a type."""
    listed = station.certificates.listed(payload["certificateType"])
    return {"status": "Accepted", "certificateHashData": listed} if listed else {"status": "NotFound"}


def delete_certificate(station: Device16, payload: Payload) -> Payload:
    """Remove the root with this hash data."""
    return {"status": station.certificates.delete(payload["certificateHashData"])}
