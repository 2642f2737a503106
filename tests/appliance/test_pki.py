"""Certificates of our own on the running appliance, with OpenSSL as the peer."""

import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path
from random import Random

import pytest
import trio
import trustme
from cryptography import x509

from tests.appliance.line import street
from tests.appliance.machine import PASSWORD, Machine, Running, station_id, until
from tests.appliance.starter import Starter
from tests.appliance.test_kill_maintenance import duration_s, killed
from tests.ocpp.station import basic
from tests.pki import house
from tests.pki.openssl import OpenSSL
from tests.wire.station import Station

SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "256 bit",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "256 bit",
    "AES128-GCM-SHA256": "2048 bit",
    "AES256-GCM-SHA384": "2048 bit",
}
ROUNDS = 4


def secured(machine: Machine) -> Machine:
    """Give a machine certificate authorities, and station CP0 a certificate in cp0.pem."""
    assert (
        machine.csms(
            "pki", "init", "--organization", "Voltaire", "--host", "localhost", "--host", "127.0.0.1"
        )[0]
        == 0
    )
    assert machine.csms("pki", "export", "--out", str(root_of(machine)))[0] == 0
    assert machine.csms("station", "update", "CP0", "--profile", "2")[0] == 0
    assert machine.csms("pki", "issue", "--station", "CP1", "--out", str(root_of(machine, "cp1.pem")))[0] == 0
    return machine


def root_of(machine: Machine, name: str = "root.pem") -> Path:
    return machine.data_dir.with_name(name)


@pytest.fixture
def running(machine: Machine) -> Running:
    machine.settings["CSMS_LISTEN_ADMIN_TLS"] = "127.0.0.1:0"
    return secured(machine).serve()


def s_client(running: Running, *argv: str, listener: str = "ocpp_tls") -> tuple[int, str]:
    """Shake hands as OpenSSL's own client, which must believe the root."""
    address = running.listeners[listener][0]
    trusted = [
        "-CAfile",
        str(root_of(running.machine)),
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
    ]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", address, *trusted, *argv],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


class TestWhatOpensslSees:
    def test_the_demanded_suites_with_either_certificate(self, running: Running) -> None:
        for suite, bits in SUITES.items():
            code, text = s_client(running, "-tls1_2", "-cipher", suite)
            assert code == 0, text
            assert f"Cipher is {suite}" in text
            assert f"Server public key is {bits}" in text
            assert "Verify return code: 0 (ok)" in text
            assert "Compression: NONE" in text
            assert "Secure Renegotiation IS supported" in text

    def test_newer_tls_yes_older_no_and_weak_suites_never(self, running: Running) -> None:
        code, text = s_client(running, "-tls1_3")
        assert (code, "Verification: OK" in text) == (0, True)
        for argv in (
            ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
            ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
            ("-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"),
            ("-tls1_2", "-cipher", "NULL:aNULL:@SECLEVEL=0"),
        ):
            code, text = s_client(running, *argv)
            assert code != 0, text

    def test_suites_without_forward_secrecy_can_be_switched_off(self, machine: Machine) -> None:
        machine.settings["CSMS_TLS_RSA_KEY_EXCHANGE"] = "false"
        running = secured(machine).serve()
        assert s_client(running, "-tls1_2", "-cipher", "AES128-GCM-SHA256")[0] != 0
        assert s_client(running, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")[0] == 0

    def test_programs_get_the_same_root_and_http_2(self, running: Running) -> None:
        code, text = s_client(running, "-alpn", "h2", listener="admin_tls")
        assert code == 0, text
        assert "ALPN protocol: h2" in text
        assert s_client(running, "-tls1_2", "-cipher", "AES128-GCM-SHA256", listener="admin_tls")[0] != 0

    def test_ocsp_and_lists_on_every_port_that_speaks_http(self, running: Running, tmp_path: Path) -> None:
        openssl = OpenSSL(tmp_path)
        machine = running.machine
        chain = machine.csms("pki", "export", "--chain")[1]
        issuer = openssl.file(
            chain.split("-----END CERTIFICATE-----\n")[2].encode() + b"-----END CERTIFICATE-----\n"
        )
        leaf, trusted = str(root_of(machine, "cp1.pem")), openssl.file(chain.encode())

        def ask(listener: str) -> str:
            url = f"http://{running.listeners[listener][0]}/pki/ocsp"
            code, text = openssl.run(
                "ocsp", "-issuer", issuer, "-cert", leaf, "-url", url, "-CAfile", trusted
            )
            assert (code, "Response verify OK" in text) == (0, True), text
            return text

        assert "cp1.pem: good" in ask("admin")
        assert "cp1.pem: good" in ask("ocpp")
        [listed] = machine.json("pki", "list", "--station", "CP1")
        assert machine.csms("pki", "revoke", listed["serialNumber"], "--yes")[0] == 0
        assert "cp1.pem: revoked" in ask("admin")
        assert "cp1.pem: revoked" in ask("ocpp")
        authority = next(a for a in machine.json("pki", "status")["authorities"] if a["role"] == "STATION")
        for listener in ("admin", "ocpp"):
            url = f"http://{running.listeners[listener][0]}/pki/{authority['id']}.crl"
            crl = x509.load_der_x509_crl(_fetch(url))
            assert [f"{one.serial_number:x}" for one in crl] == [listed["serialNumber"]]
        assert running.get("/pki/nothing.crl")[0] == 404
        assert running.get("/pki/nothing.crl", "ocpp")[0] == 404
        assert running.get("/pki/root.pem", "ocpp") == (200, root_of(machine).read_text())


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as reply:
        content: bytes = reply.read()
        return content


def test_without_certificates_no_listener_speaks_tls(machine: Machine) -> None:
    running = machine.serve()
    assert [name for name in running.listeners if name.endswith("_tls")] == []
    assert running.get("/pki/root.pem")[0] == 404


def test_on_postgres_it_is_the_same(postgres_machine: Machine) -> None:
    running = secured(postgres_machine).serve()
    own = str(root_of(postgres_machine, "cp1.pem"))
    code, text = s_client(running, "-tls1_2", "-cert", own, "-key", own)
    assert (code, "Verify return code: 0 (ok)" in text) == (0, True), text


class TestClientCertificates:
    def test_ours_is_let_in_a_strangers_and_our_servers_own_are_not(
        self, running: Running, tmp_path: Path
    ) -> None:
        openssl = OpenSSL(tmp_path)
        own = str(root_of(running.machine, "cp1.pem"))
        code, text = s_client(running, "-tls1_2", "-cert", own, "-key", own, "-cert_chain", own)
        assert (code, "Verify return code: 0 (ok)" in text) == (0, True), text
        stranger = house.trust()
        key = house.keys.make(house.Algorithm.EC)
        leaf = house.authority.certify(
            stranger.stations, "CP1", key.public_key(), house.span(5), house.Links()
        )
        file = openssl.file(house.keys.bare(key) + leaf)
        code, text = s_client(running, "-tls1_2", "-cert", file, "-key", file)
        assert code != 0
        assert "alert unknown ca" in text.lower()

    def test_another_authority_is_trusted_while_the_appliance_runs_and_no_more(
        self, running: Running, tmp_path: Path
    ) -> None:
        maker = trustme.CA(key_type=trustme.KeyType.ECDSA)
        station = tmp_path / "station.pem"
        maker.issue_cert("SN-1.maker.example").private_key_and_cert_chain_pem.write_to_path(station)
        maker.cert_pem.write_to_path(tmp_path / "maker.pem")

        def let_in() -> bool:
            code, _ = s_client(running, "-tls1_2", "-cert", str(station), "-key", str(station))
            return code == 0

        assert not let_in()
        csms = running.machine.csms
        assert csms("pki", "trust", "add", "station_ca", str(tmp_path / "maker.pem"))[0] == 0
        until(let_in)
        [anchor] = running.machine.json("pki", "trust", "list")
        assert csms("pki", "trust", "remove", anchor["fingerprint"], "--yes")[0] == 0
        until(lambda: not let_in())

    async def test_a_station_with_profile_3_is_in_until_its_certificate_is_revoked(
        self, machine: Machine
    ) -> None:
        await trio.to_thread.run_sync(secured, machine)
        assert machine.csms("station", "update", "CP1", "--profile", "3")[0] == 0
        running = await trio.to_thread.run_sync(machine.serve)
        [held] = await trio.to_thread.run_sync(lambda: machine.json("pki", "list", "--station", "CP1"))
        async with street(running) as stations:
            station = await _with_certificate(running, stations._nursery)
            await station.connect("/ocpp/CP1")
            await station.call("BootNotification", {"chargePointVendor": "ABL", "chargePointModel": "eMH1"})
            assert "currentTime" in await station.call("Heartbeat", {})
            await stations.verb("pki.revoke", certificate=held["serialNumber"])
            with trio.fail_after(20):
                await station.ended.wait()
            again = await _with_certificate(running, stations._nursery)
            assert (await again.handshake("/ocpp/CP1")).status in (401, 403)
            nobody = await _with_certificate(running, stations._nursery, with_one=False)
            assert (await nobody.handshake("/ocpp/CP1")).status in (401, 403)


class TestRenewal:
    async def test_new_handshakes_see_it_and_no_connection_is_closed(self, machine: Machine) -> None:
        machine.settings["CSMS_LISTEN_ADMIN_TLS"] = "127.0.0.1:0"
        running = await trio.to_thread.run_sync(lambda: secured(machine).serve())
        async with street(running) as stations:
            station = await _dial(running, stations._nursery)
            before = await trio.to_thread.run_sync(_shown, running)
            await stations.verb("pki.renew")
            await trio.to_thread.run_sync(lambda: until(lambda: _shown(running) != before))
            after = await trio.to_thread.run_sync(_shown, running)
            assert before.keys() == after.keys()
            assert set(before.values()).isdisjoint(after.values())
            answer = await station.call("Heartbeat", {})
            assert "currentTime" in answer
        assert machine.logged("certificates_loaded")

    async def test_files_of_the_configuration_win_and_are_followed_too(
        self, machine: Machine, tmp_path: Path
    ) -> None:
        certificate, key = tmp_path / "server.pem", tmp_path / "server.key"

        def write(trust: house.Trust) -> None:
            made = house.keys.make(house.Algorithm.EC)
            leaf = house.authority.issue_server(
                trust.servers, made.public_key(), ["localhost"], house.span(77), house.Links()
            )
            key.write_bytes(house.keys.bare(made))
            certificate.write_bytes(leaf + trust.servers.pem)
            root_of(machine).unlink(missing_ok=True)
            root_of(machine).write_bytes(trust.root.pem)

        def check(names: str) -> bool:
            code, text = s_client(running, "-tls1_2")
            return code == 0 and names in text

        await trio.to_thread.run_sync(secured, machine)
        write(house.trust(organization="First"))
        machine.settings |= {"CSMS_TLS_CERTIFICATE": str(certificate), "CSMS_TLS_KEY": str(key)}
        running = await trio.to_thread.run_sync(machine.serve)
        assert await trio.to_thread.run_sync(check, "O = First")
        write(house.trust(organization="Second"))
        await trio.to_thread.run_sync(lambda: until(lambda: check("O = Second")))


def _shown(running: Running) -> dict[tuple[str, str], str]:
    """Return the serial number of the certificate that is shown by each listener for each kind of key."""
    shown = {}
    for listener, suite in (
        ("ocpp_tls", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ocpp_tls", "AES128-GCM-SHA256"),
        ("admin_tls", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("admin_tls", "ECDHE-RSA-AES128-GCM-SHA256"),
    ):
        code, text = s_client(running, "-tls1_2", "-cipher", suite, listener=listener)
        assert code == 0, text
        pem = text[text.index("-----BEGIN CERTIFICATE-----") : text.index("-----END CERTIFICATE-----") + 26]
        shown[listener, suite] = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
    return shown


async def _with_certificate(running: Running, nursery: trio.Nursery, *, with_one: bool = True) -> Station:
    """Return a station on a TLS connection, with the certificate of CP1 or with none."""
    context = ssl.create_default_context(cafile=str(root_of(running.machine)))
    if with_one:
        context.load_cert_chain(root_of(running.machine, "cp1.pem"))
    plain = await trio.open_tcp_stream(*running.address("ocpp_tls"))
    stream = trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True)
    return Station(stream, nursery)


async def _dial(running: Running, nursery: trio.Nursery) -> Station:
    """Return CP0, connected with TLS and its password, and booted."""
    context = ssl.create_default_context(cafile=str(root_of(running.machine)))
    plain = await trio.open_tcp_stream(*running.address("ocpp_tls"))
    stream = trio.SSLStream(plain, context, server_hostname="localhost", https_compatible=True)
    station = Station(stream, nursery)
    name = station_id(0)
    await station.connect(f"/ocpp/{name}", Authorization=basic(f"{name}:{PASSWORD}".encode()))
    await station.call("BootNotification", {"chargePointVendor": "ABL", "chargePointModel": "eMH1"})
    return station


class TestKilled:
    def test_the_first_day_makes_all_of_the_infrastructure_or_nothing(
        self, started: Starter, tmp_path: Path
    ) -> None:
        random = Random("pki init")
        machine = Machine(started, tmp_path / "d")
        took_s = duration_s(machine, "init")
        for _ in range(ROUNDS):
            shutil.rmtree(machine.data_dir)
            killed(machine, random.random() * took_s, "init")
            assert machine.csms("init")[0] in (0, 5)
            status = machine.json("pki", "status")
            assert (len(status["authorities"]), len(status["servers"]), status["secret"]) == (3, 2, "ok")
        machine.csms("pki", "export", "--out", str(root_of(machine)))
        running = machine.serve()
        code, text = s_client(running)
        assert code == 0, text

    def test_a_rollover_stands_on_one_step_or_the_next(self, machine: Machine) -> None:
        secured(machine)
        random = Random("rollover")
        took_s = duration_s(machine, "pki", "rollover", "--yes", "--force")
        hits = 0
        for _ in range(ROUNDS):
            hits += killed(machine, random.random() * took_s, "pki", "rollover", "--yes", "--force")
            status = machine.json("pki", "status")
            current = [a for a in status["authorities"] if a["state"] == "CURRENT"]
            assert len(current) == 3
            assert len(status["servers"]) == 2
            assert status["rollover"] in (None, "INSTALLING", "SWITCHED")
        assert hits > 0
        root_of(machine).unlink()
        assert machine.csms("pki", "export", "--out", str(root_of(machine)))[0] == 0
        running = machine.serve()
        code, text = s_client(running)
        assert code == 0, text


class TestALostSecret:
    def test_says_so_at_the_start_and_can_be_mended(self, machine: Machine) -> None:
        secured(machine)
        (machine.data_dir / "csms.key").unlink()
        code, text = machine.csms("serve")
        assert (code, "csms pki init --anew" in text) == (3, True), text
        assert machine.csms("pki", "init", "--anew", "--yes")[0] == 0
        root_of(machine).unlink()
        assert machine.csms("pki", "export", "--out", str(root_of(machine)))[0] == 0
        code, text = s_client(machine.serve())
        assert code == 0, text

    def test_another_secret_is_told_from_none(self, machine: Machine) -> None:
        secured(machine)
        machine.settings["CSMS_MASTER_KEY"] = "something else entirely, and long enough"
        code, text = machine.csms("serve")
        assert (code, "do not open with this secret" in text) == (2, True), text
