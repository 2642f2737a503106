"""A backup holds the whole infrastructure, and with its secret beside it a new machine goes on signing."""

from pathlib import Path

import pytest

from csms.services import certificates
from csms.store import backup
from csms.store.connection import Store, open_store
from tests.pki import house
from tests.services.pki_office import Office, open_office
from tests.store.contents import CLOCK, content
from tests.wire.appliance import SetClock


@pytest.fixture
async def office(store: Store) -> Office:
    opened = await open_office(store, SetClock(house.NOW))
    await opened.init(organization="Voltaire")
    await opened.roll()
    await opened.roll(force=True)
    return opened


async def test_a_restored_machine_signs_with_the_same_authorities(
    office: Office, store_url: str, empty_url: str, tmp_path: Path
) -> None:
    chain = await certificates.sign_for_station(office.unit, office.stations["CP1"], house.request())
    saved = backup.backup(store_url, tmp_path / "all.jsonl.gz", CLOCK)
    backup.restore(empty_url, saved.path, tmp_path, CLOCK)
    assert content(empty_url) == content(store_url)
    async with open_store(empty_url) as elsewhere:
        office.unit.store = elsewhere
        csr = house.request()
        again = await certificates.sign_for_station(office.unit, office.stations["CP1"], csr)
        assert again.split(b"-----END")[1] == chain.split(b"-----END")[1]  # the authority's certificate
        assert len(await office.shown()) == 2
