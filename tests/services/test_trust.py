"""Trust stores, each for its own purpose, of one tenant or of all."""

import pytest

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.certificate import TrustStore
from csms.pki import authority, facts, keys
from csms.pki.keys import Algorithm
from csms.pki.links import Links
from csms.services import certificates, server_certificates, trust, verbs
from csms.services.access import Caller, Role
from csms.store.connection import Store
from tests.pki import house
from tests.services.pki_office import OPERATOR, Office, open_office
from tests.wire.appliance import NOON, SetClock

MAKER = house.trust(organization="Maker")
MOBILITY = house.trust(organization="Mobility")


@pytest.fixture
async def office(store: Store) -> Office:
    """The clock is right: the papers of `house` are of today."""
    return await open_office(store, SetClock(house.NOW))


async def tenant_of(office: Office, name: str) -> str:
    [row] = await office.rows("SELECT id FROM tenants WHERE name = :name", name=name)
    return str(row["id"])


async def add(office: Office, store: TrustStore, pem: bytes, tenant: str | None = None) -> None:
    await office.do(trust.add, OPERATOR, store_name=store, pem=pem.decode(), tenant=tenant)


async def test_each_store_is_trusted_for_its_purpose_only(office: Office) -> None:
    tenant = await tenant_of(office, "default")
    await add(office, TrustStore.MANUFACTURER, MAKER.root.pem)
    await add(office, TrustStore.MO, MOBILITY.root.pem)
    assert await office.see(trust.anchors, tenant, "manufacturer") == [MAKER.root.pem]
    assert await office.see(trust.anchors, tenant, TrustStore.MO) == [MOBILITY.root.pem]
    for other in (TrustStore.V2G, TrustStore.OEM, TrustStore.STATION_CA):
        assert await office.see(trust.anchors, tenant, other) == []


async def test_what_one_tenant_trusts_another_does_not(office: Office) -> None:
    one, other = await tenant_of(office, "default"), await tenant_of(office, "other")
    await add(office, TrustStore.STATION_CA, MAKER.root.pem, "default")
    await add(office, TrustStore.STATION_CA, MOBILITY.root.pem)
    assert await office.see(trust.anchors, one, "station_ca") == [MAKER.root.pem, MOBILITY.root.pem]
    assert await office.see(trust.anchors, other, "station_ca") == [MOBILITY.root.pem]
    assert set(await office.see(trust.client_roots)) == {MAKER.root.pem, MOBILITY.root.pem}
    admin = Caller("a", Role.TENANT_ADMIN, other, "test")
    seen = await verbs.perform("trust.list", {}, admin, office.unit)
    assert [anchor["subject"] for anchor in seen] == ["CN=Mobility Root,O=Mobility"]
    for anchor in (MAKER, MOBILITY):  # neither another's nor what counts for all
        print_ = facts.facts_of(anchor.root.certificate).fingerprint
        with pytest.raises(NotFound):
            await verbs.perform("trust.remove", {"anchor": print_}, admin, office.unit)


async def test_our_station_authorities_are_trusted_but_not_our_root(office: Office) -> None:
    await office.init(organization="Voltaire")
    tenant = await tenant_of(office, "default")
    [own] = await office.see(trust.anchors, tenant, "station_ca")
    assert facts.read(own)[0].subject == "CN=Voltaire Station CA G1 EC,O=Voltaire"
    assert await office.see(trust.client_roots) == [own]


async def test_an_anchor_stands_once_in_a_store(office: Office) -> None:
    await add(office, TrustStore.V2G, MAKER.root.pem)
    await add(office, TrustStore.MO, MAKER.root.pem)
    await add(office, TrustStore.V2G, MAKER.root.pem, "default")
    with pytest.raises(Conflict, match="already"):
        await add(office, TrustStore.V2G, MAKER.root.pem)


async def test_removing_ends_the_trust_and_tells_the_listeners(office: Office) -> None:
    tenant = await tenant_of(office, "default")
    await add(office, TrustStore.V2G, MAKER.root.pem + MOBILITY.root.pem)
    before = await office.see(server_certificates.revision)
    print_ = facts.facts_of(MAKER.root.certificate).fingerprint
    await office.do(trust.remove, OPERATOR, anchor=print_[:12].upper())
    assert await office.see(trust.anchors, tenant, "v2g") == [MOBILITY.root.pem]
    assert await office.see(server_certificates.revision) > before
    with pytest.raises(NotFound):
        await office.do(trust.remove, OPERATOR, anchor=print_)
    with pytest.raises(NotFound):
        await office.do(trust.remove, OPERATOR, anchor="ab")


def leaf() -> bytes:
    return authority.sign_station(MAKER.stations, house.request(), house.span(5), Links())


def ended() -> bytes:
    key = keys.make(Algorithm.EC, root=True)
    span = authority.Span(NOON.replace(year=2020), NOON.replace(year=2021), 4)
    return authority.make_root("Old", "Old", key, span).pem


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"junk", "no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate in PEM"),
        (leaf(), "only CA certificates"),
        (ended(), "has ended at 2021-03-02"),
        (MOBILITY.root.pem + leaf(), "only CA certificates"),
        (MOBILITY.root.pem * 400, "no certificate in PEM"),
    ],
)
async def test_what_is_no_anchor_is_refused_and_leaves_nothing(
    office: Office, pem: bytes, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await add(office, TrustStore.V2G, pem)
    assert await office.see(trust.list_anchors, OPERATOR) == []


async def test_a_station_signed_by_us_is_known_by_its_fingerprint(office: Office) -> None:
    await office.init(organization="Voltaire")
    chain = await certificates.sign_for_station(office.unit, office.stations["CP1"], house.request())
    print_ = facts.read(chain)[0].fingerprint
    found = await office.see(certificates.by_fingerprint, print_)
    assert (found.station_id, found.state) == ("CP1", "ACTIVE")
    assert await office.see(certificates.by_fingerprint, "0" * 64) is None
