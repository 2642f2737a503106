"""Block M: certificates that stations hold (OCPP 2.0.1 Part 2 §M03–M05, Part 6 TC_M)."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.appliance import NOON
from tests.wire.station import Payload


def _root(name: str) -> str:
    """Return a self-signed root in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(0x0A1B2C)
        .not_valid_before(NOON - timedelta(days=1))
        .not_valid_after(NOON + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _hashes(serial: str = "0a1b2c", algorithm: str = "SHA256") -> Payload:
    size = int(algorithm.removeprefix("SHA")) // 8
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": "ab" * size,
        "issuerKeyHash": "cd" * size,
        "serialNumber": serial,
    }


async def _held(site: Site) -> list[tuple[str, str]]:
    """Return use and serial number of every certificate that the station is known to hold."""
    sql = "SELECT usage, serial_number FROM installed_certificates ORDER BY usage, serial_number"
    return [(kept["usage"], kept["serial_number"].lstrip("0")) for kept in await site.csms.rows(sql)]


@pytest.mark.parametrize(
    "type_",
    [
        row("TC_M_01_CSMS", "CSMSRootCertificate"),
        row("TC_M_02_CSMS", "ManufacturerRootCertificate"),
        row("TC_M_03_CSMS", "V2GRootCertificate"),
        row("TC_M_04_CSMS", "MORootCertificate"),
    ],
)
async def test_a_root_is_installed(site: Site, type_: str) -> None:
    station = await site.station201()
    asked = {"certificateType": type_, "certificate": _root(type_)}
    sent = await site.call(station, "InstallCertificate", asked)
    assert station.asked_for("InstallCertificate") == [asked]
    assert (sent["outcome"], sent["response"]) == ("DONE", {"status": "Accepted"})
    assert await _held(site) == [(type_, "a1b2c")]


@case("TC_M_05_CSMS")
async def test_tc_m_05_an_installation_fails(site: Site) -> None:
    station = await site.station201(answers={"InstallCertificate": {"status": "Failed"}})
    asked = {"certificateType": "CSMSRootCertificate", "certificate": _root("Root")}
    sent = await site.call(station, "InstallCertificate", asked)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": "Failed"})
    assert await _held(site) == []
    assert await site.verb("station.certificates", station=station.id) == []


async def _ask(site: Site, station: Station201, types: list[str], held: list[Payload]) -> Payload:
    """Ask a station for certificates of some types, or of all, and see what it was asked."""
    found = {"status": "Accepted", "certificateHashDataChain": held}
    station.answers["GetInstalledCertificateIds"] = found if held else {"status": "NotFound"}
    asked: Payload = {"certificateType": types} if types else {}
    sent = await site.call(station, "GetInstalledCertificateIds", asked)
    assert station.asked_for("GetInstalledCertificateIds")[-1] == asked
    assert sent["outcome"] == "DONE"
    return sent


def _chain(type_: str, **fields: Any) -> Payload:
    return {"certificateType": type_, "certificateHashData": _hashes()} | fields


RETRIEVED: list[Any] = [
    row("TC_M_13_CSMS", ["ManufacturerRootCertificate"]),
    row("TC_M_14_CSMS", ["V2GRootCertificate"]),
    row("TC_M_16_CSMS", ["MORootCertificate"]),
    row("TC_M_17_CSMS", ["CSMSRootCertificate", "ManufacturerRootCertificate"]),
]


@pytest.mark.parametrize("types", RETRIEVED)
async def test_certificates_are_retrieved(site: Site, types: list[str]) -> None:
    station = await site.station201()
    sent = await _ask(site, station, types, [_chain(type_) for type_ in types])
    assert len(sent["response"]["certificateHashDataChain"]) == len(types)
    assert await _held(site) == [(type_, "a1b2c") for type_ in types]


@case("TC_M_12_CSMS")
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_tc_m_12_roots_by_every_hash_algorithm(site: Site, algorithm: str) -> None:
    station = await site.station201()
    held = {"certificateType": "CSMSRootCertificate", "certificateHashData": _hashes(algorithm=algorithm)}
    await _ask(site, station, ["CSMSRootCertificate"], [held])
    [kept] = await site.csms.rows("SELECT hash_algorithm, issuer_key_hash FROM installed_certificates")
    assert kept["hash_algorithm"] == algorithm
    assert kept["issuer_key_hash"] == held["certificateHashData"]["issuerKeyHash"]


@case("TC_M_15_CSMS")
async def test_tc_m_15_a_v2g_chain_has_children(site: Site) -> None:
    station = await site.station201()
    chain = _chain("V2GCertificateChain", childCertificateHashData=[_hashes("1"), _hashes("2")])
    await _ask(site, station, ["V2GCertificateChain"], [chain])
    assert [serial for _, serial in await _held(site)] == ["1", "2", "a1b2c"]


@case("TC_M_18_CSMS")
async def test_tc_m_18_certificates_of_all_types(site: Site) -> None:
    station = await site.station201()
    types = ["CSMSRootCertificate", "MORootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate"]
    await _ask(site, station, [], [_chain(type_) for type_ in types])
    assert [type_ for type_, _ in await _held(site)] == types


@case("TC_M_19_CSMS")
async def test_tc_m_19_no_such_certificate(site: Site) -> None:
    station = await site.station201()
    await _ask(site, station, ["ManufacturerRootCertificate"], [_chain("ManufacturerRootCertificate")])
    await site.forward(minutes=1)
    sent = await _ask(site, station, ["ManufacturerRootCertificate"], [])
    assert sent["response"] == {"status": "NotFound"}
    assert await _held(site) == []


@pytest.mark.parametrize(
    ("status", "outcome", "left"),
    [row("TC_M_20_CSMS", "Accepted", "DONE", 0), row("TC_M_21_CSMS", "Failed", "REFUSED", 1)],
)
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_a_certificate_is_deleted(
    site: Site, algorithm: str, status: str, outcome: str, left: int
) -> None:
    """It is named exactly as the station reported it (M04.FR.07)."""
    station = await site.station201(answers={"DeleteCertificate": {"status": status}})
    held = {"certificateType": "CSMSRootCertificate", "certificateHashData": _hashes(algorithm=algorithm)}
    sent = await _ask(site, station, ["CSMSRootCertificate"], [held])
    [reported] = sent["response"]["certificateHashDataChain"]
    asked = {"certificateHashData": reported["certificateHashData"]}
    sent = await site.call(station, "DeleteCertificate", asked)
    assert station.asked_for("DeleteCertificate") == [asked]
    assert (sent["outcome"], sent["response"]) == (outcome, {"status": status})
    assert len(await _held(site)) == left
