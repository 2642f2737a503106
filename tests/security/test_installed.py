"""Certificates in a station: listed, installed, deleted, and what is known of them (M03–M05; TC_075, TC_076)."""

from typing import Any

import pytest

from csms.pki import hash_data
from tests.pki import papers
from tests.security.charger import VERSIONS, Charger, connected
from tests.wire.appliance import Appliance
from tests.wire.station import CallError

BOTH = pytest.mark.parametrize("version", VERSIONS)
ROOT = papers.certify("Root", ca=True)
MO = papers.certify("MO Root", ca=True)
USES = ("CSMSRootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate", "MORootCertificate")
OLD_NAMES = {"CSMSRootCertificate": "CentralSystemRootCertificate"}


async def order(csms: Appliance, verb: str, **args: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.command", station="CP1", verb=verb, args=args)
    return done


async def known(csms: Appliance) -> list[tuple[str, str]]:
    found = await csms.verb("station.certificates", station="CP1")
    return [(each["usage"], each["serialNumber"]) for each in found]


def wire(paper: papers.Paper, algorithm: str = "SHA256") -> dict[str, str]:
    issuer = paper.above[0] if paper.above else paper
    return hash_data.of(paper.certificate, issuer.certificate, algorithm).to_wire()


def serial(paper: papers.Paper) -> str:
    return f"{paper.certificate.serial_number:x}"


@pytest.mark.parametrize(
    ("version", "use"), [("1.6", use) for use in USES[:2]] + [("2.0.1", use) for use in USES]
)
async def test_a_root_is_installed_and_known_from_then_on(csms: Appliance, version: str, use: str) -> None:
    station = await connected(csms, version)
    done = await order(csms, "certificate.install", use=use, certificate=ROOT.pem.replace("\n", "\r\n"))
    assert done["outcome"] == "DONE"
    [(_, payload)] = [asked for asked in station.asked if asked[0] == "InstallCertificate"]
    assert payload["certificateType"] == (OLD_NAMES.get(use, use) if version == "1.6" else use)
    assert payload["certificate"] == ROOT.pem
    assert await known(csms) == [(use, serial(ROOT))]
    [held] = await csms.verb("station.certificates", station="CP1")
    assert "CN=Root" in held["subject"]


@BOTH
@pytest.mark.parametrize("status", ["Rejected", "Failed"])
async def test_a_root_that_is_not_taken_is_not_known(csms: Appliance, version: str, status: str) -> None:
    station = await connected(csms, version)
    station.answers["InstallCertificate"] = {"status": status}
    done = await order(csms, "certificate.install", use=USES[0], certificate=ROOT.pem)
    assert done["outcome"] == "REFUSED"
    assert await known(csms) == []


async def test_what_no_station_takes_is_not_sent(csms: Appliance) -> None:
    station = await connected(csms, "1.6")
    for use in ("V2GRootCertificate", "V2GCertificateChain"):
        with pytest.raises(Exception, match=r"OCPP 1\.6 has no|is not installed"):
            await order(csms, "certificate.install", use=use, certificate=ROOT.pem)
    with pytest.raises(Exception, match="not a certificate"):
        await order(csms, "certificate.install", use=USES[0], certificate="nothing")
    with pytest.raises(Exception, match="name a file"):
        await order(csms, "certificate.install", use=USES[1])
    assert [name for name, _ in station.asked if name == "InstallCertificate"] == []


async def test_without_a_file_it_is_our_own_root(pki: Appliance) -> None:
    station = await connected(pki, "2.0.1")
    await order(pki, "certificate.install", use=USES[0])
    root = (await pki.verb("pki.export"))["pem"]
    assert (await station.until_asked("InstallCertificate"))["certificate"] == root


@BOTH
async def test_what_a_station_holds_is_listed_in_its_own_spelling(csms: Appliance, version: str) -> None:
    station = await connected(csms, version)
    spelled = {name: value.upper() for name, value in wire(ROOT).items()}
    station.answers["GetInstalledCertificateIds"] = holding(version, {USES[0]: [spelled]})
    done = await order(csms, "certificate.list")
    assert [(c["usage"], c["serialNumber"]) for c in done["detail"]["certificates"]] == [
        (USES[0], serial(ROOT))
    ]
    done = await order(csms, "certificate.delete", serial_number=f"00{serial(ROOT).upper()}")
    assert done["outcome"] == "DONE"
    assert (await station.until_asked("DeleteCertificate"))["certificateHashData"] == spelled
    assert await known(csms) == []


def holding(version: str, held: dict[str, list[dict[str, str]]]) -> Any:
    """Return how a station answers that holds this."""

    def answer(payload: Any) -> dict[str, Any]:
        if version == "1.6":
            use = next((new for new, old in OLD_NAMES.items() if old == payload["certificateType"]), None)
            found = held.get(use or payload["certificateType"])
            return {"status": "Accepted", "certificateHashData": found} if found else {"status": "NotFound"}
        wanted = payload.get("certificateType") or list(held)
        chains = [
            {"certificateType": use, "certificateHashData": entry}
            for use in wanted
            for entry in held.get(use, [])
        ]
        return (
            {"status": "Accepted", "certificateHashDataChain": chains} if chains else {"status": "NotFound"}
        )

    return answer


@BOTH
async def test_what_a_station_holds_no_longer_is_forgotten(csms: Appliance, version: str) -> None:
    station = await connected(csms, version)
    await order(csms, "certificate.install", use=USES[0], certificate=ROOT.pem)
    await order(csms, "certificate.install", use=USES[1], certificate=MO.pem)
    csms.clock.forward(seconds=1)
    station.answers["GetInstalledCertificateIds"] = holding(version, {USES[1]: [wire(MO)]})
    await order(csms, "certificate.list")
    assert await known(csms) == [(USES[1], serial(MO))]
    csms.clock.forward(seconds=1)
    station.answers["GetInstalledCertificateIds"] = {"status": "NotFound"}
    await order(csms, "certificate.list", use=USES[1])
    assert await known(csms) == []


async def test_chains_are_told_with_what_is_below(csms: Appliance) -> None:
    station = await connected(csms, "2.0.1")
    below = papers.certify("Sub", ROOT, ca=True)
    chain = {
        "certificateType": "V2GCertificateChain",
        "certificateHashData": wire(papers.certify("SECC", below)),
        "childCertificateHashData": [wire(below, "SHA384"), wire(below) | {"serialNumber": "no number"}],
    }
    station.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashDataChain": [chain],
    }
    done = await order(csms, "certificate.list", use="V2GCertificateChain")
    assert [(c["child"], c["hashAlgorithm"]) for c in done["detail"]["certificates"]] == [
        (False, "SHA256"),
        (True, "SHA384"),
    ]


@BOTH
@pytest.mark.parametrize(("status", "left"), [("Failed", 1), ("NotFound", 0), ("Accepted", 0)])
async def test_a_deletion_ends_as_the_station_says(
    csms: Appliance, version: str, status: str, left: int
) -> None:
    station = await connected(csms, version)
    await order(csms, "certificate.install", use=USES[0], certificate=ROOT.pem)
    station.answers["DeleteCertificate"] = {"status": status}
    await order(csms, "certificate.delete", serial_number=serial(ROOT))
    assert len(await known(csms)) == left


async def test_what_is_not_known_is_not_deleted(csms: Appliance) -> None:
    await connected(csms)
    with pytest.raises(Exception, match="not known to hold"):
        await order(csms, "certificate.delete", serial_number="abc")


@BOTH
async def test_an_operators_own_call_teaches_as_much(csms: Appliance, version: str) -> None:
    await connected(csms, version)
    use = OLD_NAMES[USES[0]] if version == "1.6" else USES[0]
    payload = {"certificateType": use, "certificate": ROOT.pem}
    await csms.verb("station.call", station="CP1", action="InstallCertificate", payload=payload)
    assert await known(csms) == [(USES[0], serial(ROOT))]


@BOTH
async def test_a_station_is_asked_to_renew_in_the_operators_name(pki: Appliance, version: str) -> None:
    station = await connected(pki, version)
    station.answers["SetVariables"] = _taken
    done = await order(pki, "certificate.renew")
    assert done["outcome"] == "DONE"
    if version == "1.6":
        assert ("ChangeConfiguration", {"key": "CpoName", "value": "Depot"}) in station.asked
        assert ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}) in station.asked
    else:
        told = (await station.until_asked("SetVariables"))["setVariableData"][0]
        assert (told["variable"]["name"], told["attributeValue"]) == ("OrganizationName", "Depot")
        assert ("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}) in station.asked


def _taken(payload: Any) -> dict[str, Any]:
    results = [
        {"attributeStatus": "Accepted", "component": each["component"], "variable": each["variable"]}
        for each in payload["setVariableData"]
    ]
    return {"setVariableResult": results}


@pytest.mark.parametrize("message", ["SignV2GCertificate", "SignCombinedCertificate"])
async def test_other_certificates_are_asked_for_by_their_names(pki: Appliance, message: str) -> None:
    station = await connected(pki, "2.0.1")
    station.answers["SetVariables"] = _taken
    await order(pki, "certificate.renew", message=message)
    assert (await station.until_asked("TriggerMessage"))["requestedMessage"] == message
    old = await connected(pki, "1.6")
    with pytest.raises(Exception, match=r"OCPP 1\.6 has no"):
        await order(pki, "certificate.renew", message=message)
    assert "ExtendedTriggerMessage" not in [name for name, _ in old.asked]


async def test_a_station_that_knows_no_extended_trigger_is_told_apart(pki: Appliance) -> None:
    station: Charger = await connected(pki)
    station.answers["ExtendedTriggerMessage"] = CallError("NotImplemented", "", {})
    first = await order(pki, "certificate.renew")
    assert (first["status"], first["outcome"]) == ("ERROR", "FAILED")
    with pytest.raises(Exception, match="does not know ExtendedTriggerMessage"):
        await order(pki, "certificate.renew")
