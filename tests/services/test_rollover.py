"""The change of the root, step by step, and back while that is possible."""

import pytest
from cryptography import x509

from csms.errors import Conflict
from csms.pki import facts
from csms.services import authorities, certificates, rollover, trust
from csms.store.connection import Store
from tests.pki import house
from tests.pki.openssl import OpenSSL
from tests.services.pki_office import OPERATOR, Office, open_office
from tests.wire.appliance import SetClock


@pytest.fixture
async def office(store: Store) -> Office:
    opened = await open_office(store, SetClock(house.NOW))
    await opened.init(organization="Voltaire")
    return opened


async def install(office: Office, *stations: str, accepted: bool = True) -> None:
    """Let stations answer the request to take the new root."""
    for due in await office.see(rollover.due_installs):
        if due["station_id"] in stations:
            await office.do(
                rollover.install_outcome,
                office.stations[due["station_id"]],
                due["root_pem"],
                accepted=accepted,
                detail=None,
            )


async def issuers(office: Office) -> set[str]:
    return {certificate.issuer.rfc4514_string() for certificate in await office.shown()}


async def test_from_the_first_step_to_the_last(office: Office, tmp_path) -> None:
    old_chain = await certificates.sign_for_station(office.unit, office.stations["CP1"], house.request())
    old_root = (await office.see(authorities.export, OPERATOR))["pem"].encode()

    begun = await office.roll()
    assert (begun["state"], begun["stations"], begun["installed"]) == ("INSTALLING", 3, 0)
    assert await issuers(office) == {"CN=Voltaire Server CA G1 EC,O=Voltaire"}
    assert (await office.see(authorities.export, OPERATOR))["pem"].encode() == old_root
    new_root = (await office.see(authorities.export, OPERATOR, next=True))["pem"].encode()

    with pytest.raises(Conflict, match="3 of 3 stations"):
        await office.roll()
    await install(office, "CP1", "CP2")
    with pytest.raises(Conflict, match="1 of 3 stations"):
        await office.roll()
    await install(office, "CP3")
    assert (await office.see(rollover.status, OPERATOR))["installed"] == 3
    switched = await office.roll()
    assert switched["state"] == "SWITCHED"
    assert await issuers(office) == {"CN=Voltaire Server CA G2 EC,O=Voltaire"}
    assert (await office.see(authorities.export, OPERATOR))["pem"].encode() == new_root

    new_chain = await certificates.sign_for_station(office.unit, office.stations["CP2"], house.request())
    anchors = b"".join(await office.see(trust.client_roots))
    openssl = OpenSSL(tmp_path)
    for chain in (old_chain, new_chain):  # nobody is locked out
        leaf = facts.read(chain)[0].pem
        assert (
            openssl.run("verify", "-partial_chain", "-CAfile", openssl.file(anchors), openssl.file(leaf))[0]
            == 0
        )

    assert (await office.roll())["state"] is None
    held = {(a["role"], a["generation"]): a["hasKey"] for a in (await office.status())["authorities"]}
    assert held == {
        ("ROOT", 2): True, ("SERVER", 2): True, ("STATION", 2): True,
        ("ROOT", 1): False, ("SERVER", 1): False, ("STATION", 1): True,
    }  # fmt: skip
    assert len(await office.see(trust.client_roots)) == 2
    again = await office.roll()
    assert (again["oldGeneration"], again["newGeneration"]) == (2, 3)


async def test_a_station_that_knows_the_old_root_believes_the_new_one(office: Office, tmp_path) -> None:
    old_root = (await office.see(authorities.export, OPERATOR))["pem"].encode()
    await office.roll()
    due = (await office.see(rollover.due_installs))[0]
    openssl = OpenSSL(tmp_path)
    assert openssl.verify(old_root, due["cross_pem"]) == "OK"
    assert openssl.verify(old_root, due["root_pem"]) != "OK"
    await office.roll(force=True)
    for identity in await office.shown():
        assert "G2" in identity.issuer.rfc4514_string()
    [server, *above] = x509.load_pem_x509_certificates(
        (await office.rows("SELECT chain FROM pki_certificates WHERE state = 'ACTIVE'"))[0]["chain"].encode()
    )
    pems = [facts.facts_of(certificate).pem for certificate in (server, *above)]
    assert openssl.verify(old_root, *pems, due["cross_pem"]) == "OK"
    assert openssl.verify(due["root_pem"], *pems) == "OK"


async def test_a_station_that_refuses_is_asked_again_later(office: Office) -> None:
    await office.roll()
    await install(office, "CP1", accepted=False)
    names = [due["station_id"] for due in await office.see(rollover.due_installs)]
    assert names == ["CP2", "CP3"]
    office.clock.forward(hours=1)
    names = [due["station_id"] for due in await office.see(rollover.due_installs)]
    assert names == ["CP2", "CP3", "CP1"]
    assert len(await office.see(rollover.due_installs, limit=2)) == 2


async def test_the_cross_signed_root_counts_as_the_root(office: Office) -> None:
    await office.roll()
    due = (await office.see(rollover.due_installs))[0]
    station = office.stations[due["station_id"]]
    await office.do(rollover.install_outcome, station, due["cross_pem"], accepted=True)
    assert (await office.see(rollover.status, OPERATOR))["installed"] == 1


async def test_a_rollover_can_be_given_up_before_servers_switch(office: Office) -> None:
    await office.roll()
    assert (await office.roll(abort=True))["state"] is None
    assert await issuers(office) == {"CN=Voltaire Server CA G1 EC,O=Voltaire"}
    assert await office.see(rollover.due_installs) == []
    assert len(await office.see(trust.client_roots)) == 1
    assert (await office.roll())["newGeneration"] == 3
    await office.roll(force=True)
    with pytest.raises(Conflict, match="finish"):
        await office.roll(abort=True)


async def test_where_nothing_is_under_way_nothing_is_given_up(office: Office) -> None:
    with pytest.raises(Conflict, match="no rollover"):
        await office.roll(abort=True)


async def test_without_an_authority_there_is_nothing_to_roll_over(store: Store) -> None:
    opened = await open_office(store, SetClock(house.NOW))
    with pytest.raises(Conflict, match="csms pki init"):
        await opened.roll()


async def test_both_kinds_of_roots_roll_over_together(store: Store) -> None:
    opened = await open_office(store, SetClock(house.NOW))
    await opened.init(organization="Voltaire", rsa=True)
    await opened.roll()
    due = await opened.see(rollover.due_installs)
    assert len(due) == 6
    await install(opened, "CP1", "CP2", "CP3")
    assert (await opened.see(rollover.status, OPERATOR))["installed"] == 3
    await opened.roll()
    assert await issuers(opened) == {
        "CN=Voltaire Server CA G2 EC,O=Voltaire",
        "CN=Voltaire Server CA G2 RSA,O=Voltaire",
    }
