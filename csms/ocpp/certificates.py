"""What certificate messages mean in every OCPP version alike (2.0.1 blocks A and M; 1.6 security whitepaper §4)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from csms.model.command import CertificateGone, CertificateHeld, CertificatesHeld, Fact, Reply
from csms.model.station_security import CertificateUse
from csms.ocpp.shapes import Payload, agreed
from csms.pki import hash_data, path

OF_16: Final = {
    "CentralSystemRootCertificate": CertificateUse.CSMS_ROOT,
    "ManufacturerRootCertificate": CertificateUse.MANUFACTURER_ROOT,
}
TO_16: Final = {use: name for name, use in OF_16.items()}


def installed(request: Payload, response: Payload) -> Reply:
    """InstallCertificate: the station now trusts the certificate."""
    reply = agreed(request, response)
    use = _use(request.get("certificateType"))
    if not reply.agreed or use is None:
        return reply
    try:
        certificate = path.read_chain(str(request["certificate"]).encode())[0]
    except ValueError:
        return reply
    if certificate.issuer != certificate.subject:
        return reply  # whose hashes only the station knows, until it is asked
    named = hash_data.of(certificate, certificate)
    held = _held(use, named, named.to_wire(), subject=certificate.subject.rfc4514_string())
    return Reply(response, True, (held,))


def deleted(request: Payload, response: Payload) -> Reply:
    """DeleteCertificate: NotFound tells as surely as Accepted that the certificate is not there."""
    reply = agreed(request, response)
    if not reply.agreed and response.get("status") != "NotFound":
        return reply
    try:
        named = hash_data.from_wire(request["certificateHashData"])
    except ValueError:
        return reply
    gone = CertificateGone(
        named.algorithm, named.issuer_name_hash, named.issuer_key_hash, named.serial_number
    )
    return Reply(response, reply.agreed, (gone,))


def held_16(request: Payload, response: Payload) -> Reply:
    """GetInstalledCertificateIds.conf of 1.6: one use a question; NotFound is an answer too."""
    use = OF_16[request["certificateType"]]
    held = _all(use, response.get("certificateHashData") or ())
    return Reply(response, True, (CertificatesHeld((use,), tuple(held)),))


def held_201(request: Payload, response: Payload) -> Reply:
    """GetInstalledCertificateIdsResponse: chains, of the uses asked for or of all (M03)."""
    wanted = [_use(name) for name in request.get("certificateType") or ()] or list(CertificateUse)
    held: list[CertificateHeld] = []
    for chain in response.get("certificateHashDataChain") or ():
        use = _use(chain.get("certificateType")) if isinstance(chain, Mapping) else None
        if use is None:
            continue
        held += _all(use, [chain.get("certificateHashData") or {}])
        held += _all(use, chain.get("childCertificateHashData") or (), child=True)
    facts: tuple[Fact, ...] = (CertificatesHeld(tuple(use for use in wanted if use), tuple(held)),)
    return Reply(response, True, facts)


def _all(
    use: CertificateUse, entries: Iterable[Mapping[str, Any]], *, child: bool = False
) -> list[CertificateHeld]:
    """Return what a station reports; what is no hash data says nothing."""
    found = []
    for entry in entries:
        try:
            found.append(_held(use, hash_data.from_wire(entry), dict(entry), child=child))
        except (ValueError, AttributeError, TypeError):
            continue
    return found


def _held(
    use: CertificateUse,
    named: hash_data.HashData,
    as_reported: dict[str, Any],
    *,
    child: bool = False,
    subject: str | None = None,
) -> CertificateHeld:
    return CertificateHeld(
        use,
        named.algorithm,
        named.issuer_name_hash,
        named.issuer_key_hash,
        named.serial_number,
        as_reported,
        child,
        subject,
    )


def _use(name: object) -> CertificateUse | None:
    text = str(name)
    if text in OF_16:
        return OF_16[text]
    return CertificateUse(text) if text in set(CertificateUse) else None
