"""OCPP 2.0.1, block A: TLS, client certificates, their renewal, the way to a higher profile (A00, A02, A03, A05)."""

import ssl

import pytest
import trio

from csms.pki import path
from tests.conformance.cases import case, row
from tests.conformance.secure_site import SUITES, Identity, SecureSite
from tests.conformance.v201.station import Station201
from tests.ocpp.station import basic
from tests.pki import papers

PASSWORD = "correct-horse-battery"
SIGNED = {"Authorization": basic(f"CP201:{PASSWORD}".encode())}


async def _profile_2(site: SecureSite) -> None:
    await site.verb("station.add", station_id="CP201", security_profile=2, password=PASSWORD, connectors=2)


@pytest.mark.parametrize("suite", SUITES)
@case("TC_A_04_CSMS")
async def test_tc_a_04_the_server_shows_a_valid_certificate(secure_site: SecureSite, suite: str) -> None:
    """With each of the four suites; the station checks chain, host and time."""
    await _profile_2(secure_site)
    station = await secure_site.dial_tls(Station201, "CP201", suite=suite)
    await station.connect("/ocpp/CP201", protocols="ocpp2.0.1", **SIGNED)
    await station.booted()
    assert (await secure_site.connectors(station))[1]["status"] == "AVAILABLE"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@case("TC_A_06_CSMS")
async def test_tc_a_06_an_old_tls_is_refused(secure_site: SecureSite, version: ssl.TLSVersion) -> None:
    await _profile_2(secure_site)
    with pytest.raises(trio.BrokenResourceError):
        await secure_site.dial_tls(Station201, "CP201", newest=version)
    station = await secure_site.dial_tls(Station201, "CP201")
    await station.connect("/ocpp/CP201", protocols="ocpp2.0.1", **SIGNED)
    await station.booted()


@case("TC_A_07_CSMS")
async def test_tc_a_07_a_valid_client_certificate(secure_site: SecureSite) -> None:
    identity = await secure_site.certified("CP201")
    station = await secure_site.connected_tls(Station201, "CP201", identity)
    assert (await station.boot())["status"] == "Accepted"


@pytest.mark.parametrize("fault", ["unknown authority", "another station", "ended", "none"])
@case("TC_A_08_CSMS")
async def test_tc_a_08_an_invalid_client_certificate(secure_site: SecureSite, fault: str) -> None:
    good = await secure_site.certified("CP201")
    shown: Identity | None = good
    if fault == "unknown authority":
        maker = papers.certify("Somebody", ca=True)
        stranger = papers.certify("CP201", maker, key=good.key)
        shown = Identity(good.key, stranger.pem + maker.pem)
    elif fault == "another station":
        shown = await secure_site.certified("CP202")
    elif fault == "ended":
        secure_site.csms.clock.forward(days=400)
    else:
        shown = None
    try:
        station = await secure_site.dial_tls(Station201, "CP201", shown)
        reply = await station.handshake("/ocpp/CP201", protocols="ocpp2.0.1")
    except (trio.BrokenResourceError, EOFError):
        assert fault == "unknown authority", "TLS itself ends it"
    else:
        assert reply.status == 403
        assert (await secure_site.verb("station.refusals", station="CP201"))[0]["httpStatus"] == 403
    assert await secure_site.csms.rows("SELECT id FROM stations WHERE booted_at IS NOT NULL") == []


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [
        row("TC_A_11_CSMS", "SignChargingStationCertificate", "ChargingStationCertificate"),
        row("TC_A_12_CSMS", "SignV2GCertificate", "V2GCertificate"),
        row("TC_A_13_CSMS", "SignCombinedCertificate", None),
    ],
)
async def test_tc_a_11_12_13_a_certificate_is_renewed(
    secure_site: SecureSite, trigger: str, kind: str | None
) -> None:
    """What comes is for the key that was asked about; the station comes again with it, where it is its own."""
    identity = await secure_site.certified("CP201")
    station = await secure_site.connected_tls(Station201, "CP201", identity)
    await station.booted()
    sent = await secure_site.call(station, "TriggerMessage", {"requestedMessage": trigger})
    assert (station.asked_for("TriggerMessage")[-1]["requestedMessage"], sent["outcome"]) == (trigger, "DONE")
    new = Identity()
    said = {"csr": new.request("CP201")} | ({"certificateType": kind} if kind else {})
    assert await station.call("SignCertificate", said) == {"status": "Accepted"}
    signed = await station.until_asked_for("CertificateSigned")
    assert signed.get("certificateType") == kind
    leaf = path.read_chain(signed["certificateChain"].encode())[0]
    assert leaf.public_key() == new.key.public_key()
    await secure_site.settled()
    held = await secure_site.verb("pki.list", station="CP201")
    assert [entry["kind"] for entry in held if entry["serialNumber"] == f"{leaf.serial_number:x}"] == [
        kind or "ChargingStationCertificate"
    ]
    if kind != "V2GCertificate":
        new.chain = signed["certificateChain"]
        await station.drop()
        again = await secure_site.connected_tls(Station201, "CP201", new)
        assert (await again.boot())["status"] == "Accepted"


@case("TC_A_14_CSMS")
async def test_tc_a_14_the_station_rejects_its_new_certificate(secure_site: SecureSite) -> None:
    identity = await secure_site.certified("CP201")
    station = await secure_site.connected_tls(Station201, "CP201", identity)
    await station.booted()
    station.answers["CertificateSigned"] = {"status": "Rejected"}
    await secure_site.call(station, "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    said = {"csr": Identity().request("CP201"), "certificateType": "ChargingStationCertificate"}
    assert await station.call("SignCertificate", said) == {"status": "Accepted"}
    await station.until_asked_for("CertificateSigned")
    event = {"type": "InvalidChargingStationCertificate", "timestamp": station.at()}
    assert await station.call("SecurityEventNotification", event) == {}
    assert await secure_site.events(station, "security.event") == [event]
    await secure_site.forward(minutes=1)
    assert await secure_site.certificate_requests() == ["REFUSED"]
    assert len(station.asked_for("CertificateSigned")) == 1
    await station.drop()
    again = await secure_site.connected_tls(Station201, "CP201", identity)
    assert (await again.boot())["status"] == "Accepted"


@case("TC_A_19_CSMS")
async def test_tc_a_19_the_way_to_a_higher_profile(secure_site: SecureSite) -> None:
    station = await secure_site.station201(profile=1, password=PASSWORD, **SIGNED)
    station.variables["OCPPCommCtrlr.NetworkConfigurationPriority"] = "0"
    profile = {
        "configurationSlot": 1,
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://localhost/ocpp",
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
        },
    }
    priority = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
        "attributeValue": "1,0",
    }
    assert (await secure_site.call(station, "SetNetworkProfile", profile))["outcome"] == "DONE"
    assert (await secure_site.call(station, "SetVariables", {"setVariableData": [priority]}))[
        "outcome"
    ] == "DONE"
    sent = await secure_site.call(station, "Reset", {"type": "OnIdle"})
    await station.drop()
    again = await secure_site.connected_tls(Station201, "CP201", **SIGNED)
    await again.booted("RemoteReset")
    assert (await secure_site.result(sent))["outcome"] == "DONE"
    shown = await secure_site.verb("station.show", station="CP201")
    assert shown["securityProfile"] == 2
    await again.drop()
    lower = await secure_site.line(Station201, "CP201")
    reply = await lower.handshake("/ocpp/CP201", protocols="ocpp2.0.1", **SIGNED)
    assert reply.status == 403, "a lower profile is refused for ever"
