"""Certificates from the command line: the same with the appliance running and stopped."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from csms.model.certificate import RevocationReason
from csms.pki import keys
from csms.services.pki_policy import PkiPolicy
from tests.cli.conftest import Cli
from tests.pki import house
from tests.pki.openssl import OpenSSL
from tests.wire.appliance import Appliance


@pytest.fixture(params=["running", "stopped"])
def run(request: pytest.FixtureRequest, csms: Appliance, cli: Cli, stopped: Cli) -> Cli:
    """The command line, with and without an appliance on its data directory."""
    csms.clock.at = house.NOW
    csms.unit.policy = replace(csms.unit.policy, pki=PkiPolicy(secret=lambda: b"of the appliance" * 3))
    return cli if request.param == "running" else stopped


async def say(run: Cli, *argv: str, stdin: str = "") -> str:
    done = await run("pki", *argv, stdin=stdin)
    assert (done.code, done.err) == (0, ""), done
    return done.out


async def told(run: Cli, *argv: str, stdin: str = "") -> Any:
    return json.loads(await say(run, *argv, "--json", stdin=stdin))


async def refused(run: Cli, *argv: str, stdin: str = "") -> tuple[int, str]:
    done = await run("pki", *argv, stdin=stdin)
    assert done.err.count("\n") == 1, done
    return done.code, done.err


@pytest.fixture
async def made(run: Cli) -> Any:
    return await told(
        run, "init", "--organization", "Voltaire", "--host", "csms.example", "--host", "127.0.0.1"
    )


async def test_status_before_and_after(run: Cli) -> None:
    assert await say(run, "status") == "no certificate authority: csms pki init\n"
    assert (await told(run, "status"))["authorities"] == []
    text = await say(run, "init", "--organization", "Voltaire", "--host", "csms.example")
    assert "CN=Voltaire Root G1 EC,O=Voltaire" in text
    shown = await told(run, "status")
    assert (shown["organization"], shown["secret"], shown["rollover"]) == ("Voltaire", "ok", None)
    assert [server["names"] for server in shown["servers"]] == [["csms.example"]] * 2
    assert "CN=Voltaire Station CA G1 EC,O=Voltaire" in await say(run, "status")
    assert (await refused(run, "init"))[0] == 5


async def test_by_itself_it_takes_the_tenants_name_and_the_machines(run: Cli) -> None:
    shown = await told(run, "init")
    assert shown["organization"] == "default"
    assert {"localhost", "127.0.0.1"} <= set(shown["servers"][0]["names"])


async def test_with_rsa_there_are_two_roots(run: Cli) -> None:
    shown = await told(run, "init", "--rsa", "--pkcs1")
    assert [a["algorithm"] for a in shown["authorities"]] == ["EC"] * 3 + ["RSA"] * 3
    assert (await say(run, "export")).count("BEGIN CERTIFICATE") == 2
    assert (await say(run, "export", "--keys", "rsa", "--chain")).count("BEGIN CERTIFICATE") == 3
    assert "BEGIN X509 CRL" in await say(run, "crl", "--keys", "RSA", "--authority", "root")


async def test_the_root_goes_to_stdout_or_to_a_new_file(run: Cli, made: Any, tmp_path: Path) -> None:
    printed = await say(run, "export")
    file = tmp_path / "root.pem"
    assert await say(run, "export", "--out", str(file)) == ""
    assert file.read_text() == printed
    code, text = await refused(run, "export", "--out", str(file))
    assert (code, "exists already" in text) == (2, True)
    assert (await refused(run, "export", "--next"))[0] == 3


async def test_a_request_is_signed_for_a_station(run: Cli, made: Any, tmp_path: Path) -> None:
    csr = tmp_path / "station.csr"
    csr.write_bytes(house.request("SN-1"))
    chain = await say(run, "sign", str(csr), "--station", "CP1")
    openssl = OpenSSL(tmp_path)
    root = (await say(run, "export")).encode()
    leaf, authority = [
        part + "-----END CERTIFICATE-----\n" for part in chain.split("-----END CERTIFICATE-----\n")[:2]
    ]
    assert openssl.verify(root, leaf.encode(), authority.encode()) == "OK"
    again = await told(run, "sign", "-", "--station", "CP1", stdin=csr.read_text())
    assert again["chain"] == chain
    [listed] = await told(run, "list", "--station", "CP1")
    assert listed["serialNumber"] == again["serialNumber"]
    assert "CP1" in await say(run, "list")
    for text, code in (("junk", 2), ("-----BEGIN X-----", 2)):
        assert (await refused(run, "sign", "-", "--station", "CP1", stdin=text))[0] == code
    assert (await refused(run, "sign", str(csr), "--station", "NOBODY"))[0] == 3


async def test_a_key_for_a_station_goes_to_a_file_of_its_owner(run: Cli, made: Any, tmp_path: Path) -> None:
    file = tmp_path / "cp1.pem"
    text = await say(run, "issue", "--station", "CP1", "--common-name", "SN-4711", "--out", str(file))
    assert text.startswith(f"{file}: certificate ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = keys.serialization.load_pem_private_key(file.read_bytes(), None)
    leaf = x509.load_pem_x509_certificates(file.read_bytes())[0]
    assert leaf.public_key() == key.public_key()
    assert "SN-4711" in leaf.subject.rfc4514_string()


async def test_servers_get_new_certificates(run: Cli, made: Any) -> None:
    before = {server["serialNumber"] for server in made["servers"]}
    renewed = await told(run, "renew")
    assert {server["names"][0] for server in renewed} == {"csms.example"}
    assert before.isdisjoint(server["serialNumber"] for server in renewed)
    issued = await told(run, "issue", "--host", "other.example")
    assert {tuple(server["names"]) for server in issued} == {("other.example",)}
    assert len(await told(run, "list")) == 2
    assert len(await told(run, "list", "--all")) == 6
    assert (await refused(run, "issue"))[0] == 2
    assert (await refused(run, "issue", "--host", "a b"))[0] == 2
    assert (await refused(run, "renew", "--station", "CP1"))[0] == 5


async def test_the_authorities_below_the_root_are_replaced(run: Cli, made: Any, tmp_path: Path) -> None:
    root = (await say(run, "export")).encode()
    old = await told(run, "sign", "-", "--station", "CP1", stdin=house.request().decode())
    shown = await told(run, "renew", "--authorities")
    assert sorted((a["role"], a["state"], a["subject"].split(",")[0]) for a in shown["authorities"]) == [
        ("ROOT", "CURRENT", "CN=Voltaire Root G1 EC"),
        ("SERVER", "CURRENT", "CN=Voltaire Server CA G1.2 EC"),
        ("SERVER", "RETIRED", "CN=Voltaire Server CA G1 EC"),
        ("STATION", "CURRENT", "CN=Voltaire Station CA G1.2 EC"),
        ("STATION", "RETIRED", "CN=Voltaire Station CA G1 EC"),
    ]
    assert (await say(run, "export")).encode() == root
    new = await told(run, "sign", "-", "--station", "CP1", stdin=house.request().decode())
    openssl = OpenSSL(tmp_path)
    for chain in (old["chain"], new["chain"]):
        pems = [
            f"{part}-----END CERTIFICATE-----\n".encode()
            for part in chain.split("-----END CERTIFICATE-----\n")
        ]
        assert openssl.verify(root, *pems[:2]) == "OK"
    await say(run, "revoke", old["serialNumber"], "--yes")  # the old authority still says what it revokes
    assert (await refused(run, "renew", "--authorities", "--station", "CP1"))[0] == 2
    await say(run, "key", "remove", "--yes")
    assert (await refused(run, "renew", "--authorities"))[0] == 5


async def test_revoking_asks_and_is_for_good(run: Cli, made: Any) -> None:
    serial = made["servers"][0]["serialNumber"]
    code, text = await refused(run, "revoke", serial)
    assert (code, "--yes" in text) == (2, True)
    reason = RevocationReason.SUPERSEDED.value
    assert "REVOKED" in await say(run, "revoke", serial, "--yes", "--reason", reason)
    assert (await refused(run, "revoke", serial, "--yes"))[0] == 5
    assert (await refused(run, "revoke", "beef", "--yes"))[0] == 3
    crl = x509.load_pem_x509_crl((await say(run, "crl", "--authority", "server")).encode())
    assert [f"{one.serial_number:x}" for one in crl] == [serial]


async def test_trust_comes_and_goes(run: Cli, tmp_path: Path) -> None:
    file = tmp_path / "maker.pem"
    file.write_bytes(house.trust(organization="Maker").root.pem)
    [added] = await told(run, "trust", "add", "manufacturer", str(file), "--note", "pilot")
    assert (added["store"], added["subject"], added["note"]) == (
        "manufacturer",
        "CN=Maker Root,O=Maker",
        "pilot",
    )
    assert "Maker Root" in await say(run, "trust", "list")
    assert await told(run, "trust", "list", "--store", "v2g") == []
    assert (await refused(run, "trust", "add", "manufacturer", str(file)))[0] == 5
    gone = await say(run, "trust", "remove", added["fingerprint"][:16], "--yes")
    assert gone == "CN=Maker Root,O=Maker is not trusted for manufacturer any more\n"
    assert (await refused(run, "trust", "remove", added["fingerprint"], "--yes"))[0] == 3


async def test_the_roots_key_leaves_and_returns(run: Cli, made: Any, tmp_path: Path) -> None:
    passphrase, copy = tmp_path / "passphrase", tmp_path / "root.key"
    passphrase.write_text("correct horse battery\n")
    given = ("--passphrase-file", str(passphrase))
    await say(run, "key", "export", "--out", str(copy), *given)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    code, _ = OpenSSL(tmp_path).run("pkey", "-in", str(copy), "-passin", f"file:{passphrase}", "-noout")
    assert code == 0
    assert "not on this machine" in await say(run, "key", "remove", "--yes")
    assert (await refused(run, "rollover", "--yes"))[0] == 5
    assert "is on this machine" in await say(run, "key", "restore", str(copy), *given)
    assert (await refused(run, "key", "export", "--out", str(tmp_path / "x")))[0] == 2


async def test_a_rollover_is_led_step_by_step(run: Cli, made: Any) -> None:
    assert "make a new root" in await say(run, "rollover", "--status")
    assert (await refused(run, "rollover"))[0] == 2
    assert "INSTALLING" in await say(run, "rollover", "--yes")
    assert (await say(run, "export", "--next")).count("BEGIN CERTIFICATE") == 1
    assert (await told(run, "rollover", "--status"))["state"] == "INSTALLING"
    assert "SWITCHED" in await say(run, "rollover", "--yes")  # no station has TLS
    assert "no rollover is under way" in await say(run, "rollover", "--yes")
    assert (await refused(run, "rollover", "--abort", "--yes"))[0] == 5


async def test_the_doctor_looks_at_certificates(run: Cli, csms: Appliance) -> None:
    async def finding() -> Any:
        done = await run("doctor", "--json")
        return next(f for f in done.json if f["check"] == "certificates")

    assert (await finding())["text"] == "none of our own: csms pki init makes TLS possible"
    made = await told(run, "init")
    until = made["servers"][0]["notAfter"][:10]
    assert await finding() == {"check": "certificates", "ok": True, "text": f"this server's until {until}"}
    for server in made["servers"]:
        await say(run, "revoke", server["serialNumber"], "--yes")
    assert (await finding())["text"] == "none for this server: csms pki issue --host NAME"
