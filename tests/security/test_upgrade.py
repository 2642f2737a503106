"""A station's way up to profile 3 by one verb, in both versions, and every way it can stop (A05; TC_083, TC_A_19)."""

from typing import Any

import pytest
import trio
import trio.testing
from cryptography.hazmat.primitives.asymmetric import ec

from csms.services import upgrade_steps
from tests.ocpp.station import basic
from tests.pki import papers
from tests.security import tls
from tests.security.charger import VERSIONS, Charger, connected, request
from tests.security.conftest import give_secret
from tests.wire.appliance import Appliance

BOTH = pytest.mark.parametrize("version", VERSIONS)
OLD = "the-Password-of-CP9-a"
BASIC = {"Authorization": basic(b"CP9:" + OLD.encode())}
URL = "wss://csms.example:9443/ocpp"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade_steps, "LEAVES_WITHIN_S", 0.3)


class Obedient(Charger):
    """A station that does what it is told: it asks for certificates, and keeps what it gets."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain: str | None = None
        self.answers |= {
            "TriggerMessage": self._triggered,
            "ExtendedTriggerMessage": self._triggered,
            "CertificateSigned": self._certified,
            "GetInstalledCertificateIds": {"status": "NotFound"},
            "GetVariables": self._variables,
            "SetVariables": self._variables_set,
            "GetConfiguration": {"configurationKey": [], "unknownKey": []},
        }

    def _triggered(self, _payload: Any) -> dict[str, str]:
        self._nursery.start_soon(self.sign, request(self.key))
        return {"status": "Accepted"}

    def _certified(self, payload: Any) -> dict[str, str]:
        self.chain = payload["certificateChain"]
        return {"status": "Accepted"}

    def _variables(self, payload: Any) -> dict[str, Any]:
        return {
            "getVariableResult": [
                {"attributeStatus": "Accepted", "attributeValue": "1"}
                | {k: each[k] for k in ("component", "variable")}
                for each in payload["getVariableData"]
            ]
        }

    def _variables_set(self, payload: Any) -> dict[str, Any]:
        return {
            "setVariableResult": [
                {"attributeStatus": "Accepted"} | {k: each[k] for k in ("component", "variable")}
                for each in payload["setVariableData"]
            ]
        }

    @property
    def papers(self) -> dict[str, Any]:
        """What it connects with once it has a certificate."""
        return {"chain": self.chain, "key": papers.Paper(papers.certify("x").certificate, self.key).key_pem}

    def told(self, action: str) -> list[Any]:
        return [payload for name, payload in self.asked if name == action]


async def obedient(csms: Appliance, version: str, **headers: str) -> Obedient:
    charger = Obedient(csms.stream(), csms.nursery)
    charger.version = version
    await charger.connect("/ocpp/CP9", protocols=f"ocpp{version}", **(headers or BASIC))
    await charger.boot()
    return charger


@pytest.fixture
async def depot(pki: Appliance) -> Appliance:
    """The appliance with CP9 at security profile 1."""
    await pki.verb("station.add", station_id="CP9", security_profile=1, password=OLD)
    return pki


async def begin(csms: Appliance, profile: int, **more: Any) -> dict[str, Any]:
    done: dict[str, Any] = await csms.verb("station.secure", station="CP9", profile=profile, url=URL, **more)
    return done


async def until(csms: Appliance, state: str, step: str | None = None) -> dict[str, Any]:
    with trio.fail_after(10):
        while True:
            found = (await csms.verb("station.security", station="CP9"))["upgrade"]
            if found["state"] == state and step in (None, found["step"]):
                return found
            await trio.testing.wait_all_tasks_blocked(0.005)


def texts(upgrade: dict[str, Any]) -> list[str]:
    return [each["step"] for each in upgrade["steps"]]


@BOTH
async def test_one_verb_takes_a_station_from_1_to_3(depot: Appliance, version: str) -> None:
    station = await obedient(depot, version)
    await begin(depot, 3, interface="Wireless0")
    await until(depot, "RUNNING", "arrival" if version == "2.0.1" else "restart")
    assert station.chain is not None
    [root] = station.told("InstallCertificate")
    assert root["certificateType"] in ("CSMSRootCertificate", "CentralSystemRootCertificate")
    if version == "2.0.1":
        [profile] = station.told("SetNetworkProfile")
        assert profile["configurationSlot"] == 2
        assert profile["connectionData"]["securityProfile"] == 3
        assert profile["connectionData"]["ocppCsmsUrl"] == URL
        assert profile["connectionData"]["ocppInterface"] == "Wireless0"
        assert station.told("SetVariables")[-1]["setVariableData"][0]["attributeValue"] == "2,1"
        assert station.told("Reset") == [{"type": "OnIdle"}]
    else:
        assert {"key": "SecurityProfile", "value": "3"} in station.told("ChangeConfiguration")
    await station.drop()
    back = await tls.enter(depot, version, "CP9", **station.papers)
    assert (await back.boot())["status"] == "Accepted"
    upgrade = await until(depot, "DONE")
    assert texts(upgrade) == list(upgrade_steps.STEPS)
    line = depot.line()
    reply = await line.handshake("/ocpp/CP9", protocols=f"ocpp{version}", **BASIC)
    assert reply.status == 403, "never downwards"


@BOTH
async def test_a_station_of_profile_0_gets_a_password_of_its_own(pki: Appliance, version: str) -> None:
    await pki.verb("station.add", station_id="CP9", security_profile=0)
    station = await obedient(pki, version, X_Nothing="x")
    await begin(pki, 1)
    await until(pki, "RUNNING", "arrival" if version == "2.0.1" else "restart")
    if version == "1.6":
        told = {entry["key"]: entry["value"] for entry in station.told("ChangeConfiguration")}
        password = bytes.fromhex(told["AuthorizationKey"])
        assert told["SecurityProfile"] == "1"
    else:
        password = station.told("SetVariables")[0]["setVariableData"][0]["attributeValue"].encode()
    assert 16 <= len(password) <= 20
    assert station.told("InstallCertificate") == []
    await station.drop()
    again = {"Authorization": basic(b"CP9:" + password)}
    back = await connected(pki, version, "CP9", **again)
    await until(pki, "DONE")
    await back.drop()
    line = pki.line()
    assert (await line.handshake("/ocpp/CP9", protocols=f"ocpp{version}")).status == 401
    dump = str([await pki.rows(f"SELECT * FROM {table}") for table in ("messages", "commands", "audit")])
    assert password.decode() not in dump
    assert password.hex() not in dump


async def test_a_station_that_needs_no_restart_is_not_restarted(depot: Appliance) -> None:
    station = await obedient(depot, "1.6")
    station.answers["ChangeConfiguration"] = {"status": "Accepted"}
    await begin(depot, 2)
    await until(depot, "RUNNING", "restart")
    await station.drop()
    back = await tls.enter(depot, "1.6", "CP9", headers=BASIC)
    await back.boot()
    await until(depot, "DONE")
    assert station.told("Reset") == []


@BOTH
async def test_until_it_has_come_either_profile_opens_the_door(depot: Appliance, version: str) -> None:
    station = await obedient(depot, version)
    await begin(depot, 2)
    await until(depot, "RUNNING", "arrival" if version == "2.0.1" else "restart")
    await station.drop()
    old = await obedient(depot, version)
    assert (await tls.knock(depot, version, "CP9", headers=BASIC)).status == 101
    assert (await tls.knock(depot, version, "CP9", headers=BASIC)).status == 101
    await old.drop()
    line = depot.line()
    assert (await line.handshake("/ocpp/CP9", protocols=f"ocpp{version}", **BASIC)).status == 403


@BOTH
async def test_a_refusal_stops_the_way_and_it_is_taken_up_again(depot: Appliance, version: str) -> None:
    station = await obedient(depot, version)
    station.answers["InstallCertificate"] = {"status": "Rejected"}
    await begin(depot, 2)
    upgrade = await until(depot, "FAILED")
    assert upgrade["step"] == "root"
    assert "Rejected" in upgrade["steps"][-1]["text"]
    station.answers["InstallCertificate"] = {"status": "Accepted"}
    await begin(depot, 2)
    await until(depot, "RUNNING", "arrival" if version == "2.0.1" else "restart")
    assert len(station.told("InstallCertificate")) == 2


@BOTH
async def test_a_profile_that_was_refused_opens_no_door(depot: Appliance, version: str) -> None:
    station = await obedient(depot, version)
    station.answers["ChangeConfiguration"] = station.answers["SetNetworkProfile"] = {"status": "Rejected"}
    await begin(depot, 2)
    assert (await until(depot, "FAILED"))["step"] == "profile"
    assert (await tls.knock(depot, version, "CP9", headers=BASIC)).status == 403
    assert len(station.told("SetNetworkProfile")) == (0 if version == "1.6" else 3)


async def test_a_station_without_a_certificate_goes_no_further(depot: Appliance) -> None:
    station = await obedient(depot, "2.0.1")
    station.answers["CertificateSigned"] = {"status": "Rejected"}
    await begin(depot, 3)
    upgrade = await until(depot, "FAILED")
    assert upgrade["step"] == "certificate"
    assert "REFUSED" in upgrade["steps"][-1]["text"]
    told = [f["text"] for f in (await depot.verb("doctor.station", station="CP9"))["findings"] if not f["ok"]]
    assert any("stopped at certificate" in text for text in told)
    assert any("has no certificate: the station refused" in text for text in told)
    assert station.told("SetNetworkProfile") == []


@BOTH
async def test_a_way_goes_on_after_a_crash(depot: Appliance, version: str) -> None:
    station = await obedient(depot, version)
    station.answers["InstallCertificate"] = None
    await begin(depot, 2)
    await station.until_asked("InstallCertificate")
    heir = give_secret(await depot.restarted())
    back = await obedient(heir, version)
    await until(heir, "RUNNING", "arrival" if version == "2.0.1" else "restart")
    assert len(back.told("InstallCertificate")) == 1


async def test_no_way_leads_down_or_nowhere(depot: Appliance) -> None:
    for profile, why in ((1, "already"), (0, "1, 2 or 3"), (4, "1, 2 or 3")):
        with pytest.raises(Exception, match=why):
            await begin(depot, profile)


async def test_of_two_ways_one_is_walked(depot: Appliance) -> None:
    station = await obedient(depot, "1.6")
    station.answers["InstallCertificate"] = None
    await begin(depot, 2)
    await station.until_asked("InstallCertificate")
    with pytest.raises(Exception, match="on its way to profile 2"):
        await begin(depot, 3)


async def test_without_an_address_a_station_with_network_profiles_goes_nowhere(depot: Appliance) -> None:
    await obedient(depot, "2.0.1")
    await depot.verb("station.secure", station="CP9", profile=2)
    upgrade = await until(depot, "FAILED")
    assert "--url" in upgrade["steps"][-1]["text"]


async def test_the_verb_can_wait_for_the_end(depot: Appliance) -> None:
    station = await obedient(depot, "1.6")
    station.answers["InstallCertificate"] = {"status": "Failed"}
    done = await begin(depot, 2, wait_s=10)
    assert done["upgrade"]["state"] == "FAILED"


@BOTH
async def test_a_profile_set_by_hand_counts_as_well(depot: Appliance, version: str) -> None:
    """TC_083, TC_A_19: without the friendly verb."""
    await obedient(depot, version)
    if version == "1.6":
        action: str = "ChangeConfiguration"
        payload: dict[str, Any] = {"key": "SecurityProfile", "value": "2"}
    else:
        action = "SetNetworkProfile"
        payload = {
            "configurationSlot": 2,
            "connectionData": {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": URL,
                "messageTimeout": 30,
                "securityProfile": 2,
                "ocppInterface": "Wired0",
            },
        }
    await depot.verb("station.call", station="CP9", action=action, payload=payload)
    back = await tls.enter(depot, version, "CP9", headers=BASIC)
    await back.boot()
    line = depot.line()
    assert (await line.handshake("/ocpp/CP9", protocols=f"ocpp{version}", **BASIC)).status == 403
    with pytest.raises(Exception, match="never goes back"):
        await depot.verb("station.update", station="CP9", security_profile=1)
