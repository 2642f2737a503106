"""Certificates of stations and servers: signed once, renewed, revoked, and seen by the right people only."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from csms.errors import Conflict, CsmsError, InvalidInput, NotAllowed, NotFound
from csms.model.certificate import CertificateKind, CertificateState, RevocationReason
from csms.pki import keys
from csms.pki.keys import Algorithm
from csms.services import authorities, certificates, pki_setup, server_certificates, trust, verbs
from csms.services.access import Caller, Role
from csms.services.pki_policy import PkiPolicy
from csms.services.unit import Policy, Unit
from csms.store.connection import Store
from tests.pki import house
from tests.services.pki_office import OPERATOR, Office, open_office
from tests.wire.appliance import SetClock


@pytest.fixture
async def office(store: Store) -> Office:
    opened = await open_office(store, SetClock())
    await opened.init(organization="Voltaire")
    return opened


def leaf(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


async def signed(office: Office, csr: bytes, station: str = "CP1", **more: Any) -> bytes:
    chain: bytes = await certificates.sign_for_station(office.unit, office.stations[station], csr, **more)
    return chain


async def test_the_same_request_a_year_later_is_for_renewal(office: Office) -> None:
    """A station that keeps its key, with a signature that is no different each time."""
    csr = house.request("SN", keys.make(Algorithm.RSA))
    first = await signed(office, csr)
    assert await signed(office, csr) == first
    office.clock.forward(days=100)
    assert await signed(office, csr) == first
    office.clock.forward(days=240)
    renewed = await signed(office, csr)
    assert leaf(renewed).not_valid_after_utc > leaf(first).not_valid_after_utc
    assert await signed(office, csr) == renewed


class TestTheInfrastructure:
    async def test_is_made_once(self, office: Office) -> None:
        status = await office.status()
        assert [(a["role"], a["algorithm"], a["state"]) for a in status["authorities"]] == [
            ("ROOT", "EC", "CURRENT"),
            ("SERVER", "EC", "CURRENT"),
            ("STATION", "EC", "CURRENT"),
        ]
        assert status["organization"] == "Voltaire"
        assert status["secret"] == "ok"
        with pytest.raises(Conflict, match="already"):
            await office.init(organization="Voltaire")

    async def test_no_private_key_is_readable_in_the_database(self, office: Office) -> None:
        held = await office.rows("SELECT private_key FROM pki_authorities WHERE private_key IS NOT NULL")
        held += await office.rows("SELECT private_key FROM pki_certificates WHERE private_key IS NOT NULL")
        assert len(held) == 3 + 2
        for row in held:
            assert row["private_key"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")

    async def test_two_tenants_do_not_say_who_the_operator_is(self, store: Store) -> None:
        opened = await open_office(store, SetClock())
        with pytest.raises(InvalidInput, match="--organization"):
            await opened.init()

    async def test_another_secret_opens_nothing(self, office: Office) -> None:
        stranger = Policy(pki=PkiPolicy(secret=lambda: b"x" * 40))
        unit = Unit(office.unit.store, office.unit.bus, office.clock, office.unit.entropy, stranger)
        with pytest.raises(CsmsError, match="encrypted with another secret"):
            await certificates.sign_for_station(unit, office.stations["CP1"], house.request())

    async def test_rsa_stations_get_a_chain_they_understand(self, store: Store) -> None:
        opened = await open_office(store, SetClock())
        await opened.init(organization="Voltaire", rsa=True, pkcs1=True)
        for algorithm in Algorithm:
            chain = await signed(opened, house.request("SN", keys.make(algorithm)))
            for certificate in x509.load_pem_x509_certificates(chain):
                assert isinstance(certificate.public_key(), rsa.RSAPublicKey) is (algorithm is Algorithm.RSA)
        signers = [c.issuer.rfc4514_string() for c in await opened.shown()]
        assert signers == [
            "CN=Voltaire Server CA G1 EC,O=Voltaire",
            "CN=Voltaire Server CA G1 RSA,O=Voltaire",
        ]


class TestServers:
    async def test_show_one_certificate_of_each_kind(self, office: Office) -> None:
        shown = await office.shown()
        assert [isinstance(c.public_key(), rsa.RSAPublicKey) for c in shown] == [False, True]
        for certificate in shown:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            assert names.get_values_for_type(x509.DNSName) == ["csms.example"]
            assert certificate.not_valid_after_utc - office.clock.now() == timedelta(days=90)

    async def test_are_renewed_by_themselves_30_days_ahead(self, office: Office) -> None:
        before = {c.serial_number for c in await office.shown()}
        office.clock.forward(days=59)
        assert not await server_certificates.renew_when_due(office.unit)
        office.clock.forward(days=1, seconds=1)
        assert await server_certificates.renew_when_due(office.unit)
        after = await office.shown()
        assert len(after) == 2
        assert before.isdisjoint({c.serial_number for c in after})
        assert not await server_certificates.renew_when_due(office.unit)
        lost = await office.rows("SELECT private_key FROM pki_certificates WHERE state = 'SUPERSEDED'")
        assert [row["private_key"] for row in lost] == [None, None]

    async def test_a_short_life_is_not_renewed_all_the_time(self, store: Store) -> None:
        opened = await open_office(store, SetClock(), server_life=timedelta(days=9))
        await opened.init(organization="V")
        assert not await server_certificates.renew_when_due(opened.unit)
        opened.clock.forward(days=6, seconds=1)
        assert await server_certificates.renew_when_due(opened.unit)

    async def test_listeners_are_told(self, office: Office) -> None:
        before = await office.see(server_certificates.revision)
        await server_certificates.issue(office.unit, OPERATOR, hosts=["new.example"])
        assert await office.see(server_certificates.revision) > before
        assert {c.subject.rfc4514_string() for c in await office.shown()} == {"CN=new.example,O=Voltaire"}

    @pytest.mark.parametrize(
        "host", ["", "a b", "http://x", "x/y", "-a.example", "a..b", "x" * 254, "a,b", "münchen.example"]
    )
    async def test_what_is_no_host_is_refused(self, host: str) -> None:
        with pytest.raises(InvalidInput, match="neither a host name nor an IP address"):
            server_certificates.check_hosts([host])

    async def test_hosts_count_once(self) -> None:
        given = ["CSMS.example.", "csms.example", "[::1]", "::1", "*.csms.example"]
        assert server_certificates.check_hosts(given) == ["csms.example", "::1", "*.csms.example"]
        with pytest.raises(InvalidInput):
            server_certificates.check_hosts([])


class TestStations:
    async def test_get_a_chain_without_the_root(self, office: Office) -> None:
        chain = x509.load_pem_x509_certificates(await signed(office, house.request("SN-77")))
        assert [c.subject.rfc4514_string() for c in chain] == [
            "CN=SN-77,O=Voltaire",
            "CN=Voltaire Station CA G1 EC,O=Voltaire",
        ]
        [kept] = await office.see(certificates.list_certificates, OPERATOR, station="CP1", tenant="default")
        assert (kept["commonName"], kept["external"]) == ("SN-77", False)
        assert kept["serialNumber"] == f"{chain[0].serial_number:x}"

    async def test_the_same_request_gets_the_same_certificate(self, office: Office) -> None:
        csr = house.request()
        first = await signed(office, csr)
        assert await signed(office, csr.replace(b"\n", b"\r\n")) == first
        assert await signed(office, csr, "CP2") != first
        assert await signed(office, csr, kind=CertificateKind.V2G) != first
        assert len(await office.rows("SELECT id FROM pki_certificates WHERE station_id = 'CP1'")) == 2

    async def test_an_answered_request_is_signed_anew_when_its_certificate_counts_no_more(
        self, office: Office
    ) -> None:
        csr = house.request()
        first = await signed(office, csr)
        await signed(office, house.request())
        again = await signed(office, csr)
        assert again != first
        assert await signed(office, csr) == again
        states = [
            r["state"]
            for r in await office.rows("SELECT state FROM pki_certificates WHERE station_id = 'CP1'")
        ]
        assert sorted(states) == ["ACTIVE", "SUPERSEDED", "SUPERSEDED"]

    async def test_a_request_that_cannot_be_signed_leaves_nothing(self, office: Office) -> None:
        with pytest.raises(InvalidInput, match="cannot be read"):
            await signed(office, b"junk")
        assert await office.rows("SELECT id FROM pki_certificates WHERE station_id IS NOT NULL") == []

    async def test_without_an_authority_nothing_is_signed(self, store: Store) -> None:
        opened = await open_office(store, SetClock())
        with pytest.raises(Conflict, match="csms pki init"):
            await signed(opened, house.request())

    async def test_are_due_30_days_ahead_and_asked_once_a_day(self, office: Office) -> None:
        await signed(office, house.request())
        office.clock.forward(days=334)
        assert await office.see(certificates.due_for_renewal) == []
        office.clock.forward(days=1)
        [due] = await office.see(certificates.due_for_renewal)
        assert (due["station_id"], due["kind"]) == ("CP1", "ChargingStationCertificate")
        await office.do(certificates.renewal_asked, due["id"])
        office.clock.forward(hours=23)
        assert await office.see(certificates.due_for_renewal) == []
        office.clock.forward(hours=1)
        assert len(await office.see(certificates.due_for_renewal)) == 1
        await signed(office, house.request())
        assert await office.see(certificates.due_for_renewal) == []

    async def test_an_operator_may_want_a_renewal_at_once(self, office: Office) -> None:
        await signed(office, house.request())
        with pytest.raises(Conflict):
            await office.do(certificates.want_renewal, OPERATOR, station="CP2", tenant="default")
        await office.do(certificates.want_renewal, OPERATOR, station="CP1", tenant="default")
        [due] = await office.see(certificates.due_for_renewal)
        office.clock.forward(seconds=1)
        await office.do(certificates.renewal_asked, due["id"])
        assert await office.see(certificates.due_for_renewal) == []

    async def test_a_station_that_is_gone_is_not_asked(self, office: Office) -> None:
        await signed(office, house.request())
        office.clock.forward(days=340)
        await verbs.perform("station.remove", {"station": "CP1", "tenant": "default"}, OPERATOR, office.unit)
        assert await office.see(certificates.due_for_renewal) == []

    async def test_a_key_made_for_a_station_is_handed_over_once(self, office: Office) -> None:
        made = await office.do(certificates.issue_station, OPERATOR, station="CP2", tenant="default")
        key = keys.serialization.load_pem_private_key(made["privateKey"].encode(), None)
        assert leaf(made["chain"].encode()).public_key() == key.public_key()
        [row] = await office.rows("SELECT private_key FROM pki_certificates WHERE station_id = 'CP2'")
        assert row["private_key"] is None
        held = await office.rows("SELECT detail FROM audit")
        assert not any("PRIVATE KEY" in row["detail"] for row in held)


class TestRevoking:
    async def test_is_for_good_and_stands_in_the_list(self, office: Office) -> None:
        certificate = leaf(await signed(office, house.request()))
        serial = f"{certificate.serial_number:X}"
        colons = ":".join(serial.zfill(32)[i : i + 2] for i in range(0, 32, 2))
        done = await office.do(
            certificates.revoke, OPERATOR, certificate=colons, reason=RevocationReason.KEY_COMPROMISE
        )
        assert (done["state"], done["revocationReason"]) == (CertificateState.REVOKED, "keyCompromise")
        with pytest.raises(Conflict, match="revoked already"):
            await office.do(certificates.revoke, OPERATOR, certificate=serial)
        [row] = await office.rows("SELECT crl, crl_number FROM pki_authorities WHERE role = 'STATION'")
        crl = x509.load_pem_x509_crl(row["crl"].encode())
        assert row["crl_number"] == 2
        found = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        assert found is not None
        events = await office.rows("SELECT station_id, body FROM outbox WHERE kind = 'certificate.revoked'")
        assert [event["station_id"] for event in events] == ["CP1"]

    async def test_an_unknown_one_is_not_found(self, office: Office) -> None:
        with pytest.raises(NotFound):
            await office.do(certificates.revoke, OPERATOR, certificate="abc")

    async def test_the_same_request_is_signed_anew(self, office: Office) -> None:
        csr = house.request()
        first = leaf(await signed(office, csr))
        await office.do(certificates.revoke, OPERATOR, certificate=f"{first.serial_number:x}")
        assert leaf(await signed(office, csr)).serial_number != first.serial_number


class TestWhoSeesWhat:
    async def test_a_tenant_neither_sees_nor_revokes_what_is_not_its_own(self, office: Office) -> None:
        certificate = leaf(await signed(office, house.request()))
        serial = f"{certificate.serial_number:x}"
        [other] = await office.rows("SELECT id FROM tenants WHERE name = 'other'")
        admin = Caller("a", Role.TENANT_ADMIN, other["id"], "test")
        assert await verbs.perform("pki.list", {"every": True}, admin, office.unit) == []
        with pytest.raises(NotFound):
            await verbs.perform("pki.revoke", {"certificate": serial}, admin, office.unit)
        server = (await office.shown())[0]
        with pytest.raises(NotFound):
            await verbs.perform(
                "pki.revoke", {"certificate": f"{server.serial_number:x}"}, admin, office.unit
            )

    @pytest.mark.parametrize(
        "verb", ["pki.init", "pki.issue", "pki.renew", "pki.key-export", "pki.key-remove", "pki.rollover"]
    )
    async def test_the_operators_own_keys_are_no_tenants_business(self, office: Office, verb: str) -> None:
        [tenant] = await office.rows("SELECT id FROM tenants WHERE name = 'default'")
        admin = Caller("a", Role.TENANT_ADMIN, tenant["id"], "test")
        with pytest.raises(NotAllowed):
            await verbs.perform(verb, {}, admin, office.unit)


class TestTheRootsKey:
    PASSPHRASE = "correct horse battery"

    async def test_goes_away_and_comes_back(self, office: Office) -> None:
        copy = await office.do(authorities.export_key, OPERATOR, passphrase=self.PASSPHRASE)
        assert "ENCRYPTED PRIVATE KEY" in copy["pem"]
        assert "BEGIN CERTIFICATE" in copy["pem"]
        gone = await office.do(authorities.remove_key, OPERATOR)
        assert not gone.has_key
        await signed(office, house.request())  # the authority below needs no root
        await server_certificates.renew(office.unit, OPERATOR)
        with pytest.raises(Conflict, match="not on this machine"):
            await office.roll()
        with pytest.raises(Conflict, match="not on this machine"):
            await office.do(authorities.remove_key, OPERATOR)
        with pytest.raises(InvalidInput, match="does not open"):
            await office.do(authorities.restore_key, OPERATOR, pem=copy["pem"], passphrase="wrong passphrase")
        back = await office.do(authorities.restore_key, OPERATOR, pem=copy["pem"], passphrase=self.PASSPHRASE)
        assert back.has_key
        assert (await office.roll())["state"] == "INSTALLING"

    async def test_a_strangers_key_is_not_taken(self, office: Office) -> None:
        stranger = keys.seal(keys.make(Algorithm.EC, root=True), self.PASSPHRASE.encode()).decode()
        with pytest.raises(InvalidInput, match="belongs to no root"):
            await office.do(authorities.restore_key, OPERATOR, pem=stranger, passphrase=self.PASSPHRASE)

    async def test_a_short_passphrase_is_refused(self, office: Office) -> None:
        with pytest.raises(InvalidInput, match="12 characters"):
            await office.do(authorities.export_key, OPERATOR, passphrase="short")


def test_the_policy_names_addresses_only_where_there_is_one() -> None:
    assert PkiPolicy().links("a").ocsp_url is None
    links = replace(PkiPolicy(), url="http://csms.example:9400/pki/").links("a1")
    assert (links.ocsp_url, links.crl_url) == (
        "http://csms.example:9400/pki/ocsp",
        "http://csms.example:9400/pki/a1.crl",
    )


class TestALostSecret:
    async def test_authorities_are_made_anew_and_the_old_are_still_believed(self, office: Office) -> None:
        old = await signed(office, house.request())
        await office.roll()
        stranger = Policy(pki=PkiPolicy(secret=lambda: b"another secret " * 3))
        unit = Unit(office.unit.store, office.unit.bus, office.clock, office.unit.entropy, stranger)
        made = await pki_setup.init(unit, OPERATOR, hosts=["csms.example"], organization="V", anew=True)
        current = [a for a in made["authorities"] if a["state"] == "CURRENT"]
        assert {(a["generation"], a["hasKey"]) for a in current} == {(3, True)}
        assert {a["hasKey"] for a in made["authorities"] if a not in current} == {False}
        assert made["rollover"] is None
        assert len(made["servers"]) == 2
        new = await certificates.sign_for_station(unit, office.stations["CP1"], house.request())
        believed = await office.see(trust.anchors, office.stations["CP1"].tenant_id, "station_ca")
        for chain in (old, new):
            assert x509.load_pem_x509_certificates(chain)[1] in [leaf(pem) for pem in believed]
