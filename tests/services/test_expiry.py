"""What ends is noticed before, told to the right tenant, and forgotten when it is mended."""

from datetime import timedelta
from typing import Any

import pytest

from csms.model.certificate import TrustStore
from csms.services import alerts, certificates, expiry, pki_setup, trust, verbs
from csms.store.connection import Store
from tests.pki import house
from tests.services.pki_office import OPERATOR, Office, open_office
from tests.wire.appliance import SetClock


@pytest.fixture
async def office(store: Store) -> Office:
    opened = await open_office(store, SetClock(house.NOW))
    await opened.init(organization="Voltaire")
    return opened


async def open_alerts(office: Office) -> list[Any]:
    found: list[Any] = await office.see(alerts.list_alerts, OPERATOR)
    return found


async def test_all_is_quiet_at_first(office: Office) -> None:
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []


async def test_a_server_that_can_renew_itself_alarms_nobody(office: Office) -> None:
    office.clock.forward(days=80)
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []
    assert {c.not_valid_after_utc for c in await office.shown()} == {office.clock.now() + timedelta(days=90)}


async def test_a_station_that_does_not_renew_alarms_its_tenant_until_it_does(office: Office) -> None:
    station = office.stations["CP1"]
    await certificates.sign_for_station(office.unit, station, house.request())
    office.clock.forward(days=352)
    await expiry.run_once(office.unit)
    [alert] = await open_alerts(office)
    assert (alert.tenant_id, alert.station_id, alert.severity) == (station.tenant_id, "CP1", "MEDIUM")
    assert "charging station CP1 ends at" in alert.message
    office.clock.forward(days=8)
    await expiry.run_once(office.unit)
    assert (await open_alerts(office))[0].severity == "HIGH"
    await expiry.run_once(office.unit)
    [alert] = await open_alerts(office)
    assert alert.count == 2  # it became more urgent once; looking again counts nothing
    office.clock.forward(days=6)
    await expiry.run_once(office.unit)
    [alert] = await open_alerts(office)
    assert (alert.severity, "has ended" in alert.message) == ("CRITICAL", True)
    await certificates.sign_for_station(office.unit, station, house.request())
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []


async def test_a_station_that_was_removed_alarms_nobody(office: Office) -> None:
    await certificates.sign_for_station(office.unit, office.stations["CP1"], house.request())
    office.clock.forward(days=352)
    await expiry.run_once(office.unit)
    assert len(await open_alerts(office)) == 1
    status = await office.status()
    assert (status["stationCertificates"], status["stationCertificatesEnding"]) == (1, 1)
    gone = {"station": "CP1", "tenant": "default"}
    await verbs.perform("station.remove", gone, OPERATOR, office.unit)
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []


async def test_authorities_are_told_of_a_year_ahead(office: Office) -> None:
    office.clock.forward(days=4 * 365 + 1)
    await expiry.run_once(office.unit)
    told = sorted(alert.message.split(" ends ")[0] for alert in await open_alerts(office))
    assert told == [
        "the authority CN=Voltaire Server CA G1 EC,O=Voltaire (csms pki renew --authorities makes a new one)",
        "the authority CN=Voltaire Station CA G1 EC,O=Voltaire (csms pki renew --authorities makes a new one)",
    ]
    assert {alert.tenant_id for alert in await open_alerts(office)} == {""}
    await pki_setup.renew_authorities(office.unit, OPERATOR)
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []
    office.clock.forward(days=15 * 365 - 1)
    await office.do(expiry.watch)
    assert any("Root G1 EC,O=Voltaire (csms pki rollover" in a.message for a in await open_alerts(office))


async def test_an_anchor_that_ends_alarms_whoever_trusts_it(office: Office) -> None:
    maker = house.trust(organization="Maker")
    pem = maker.stations.pem.decode()
    await office.do(trust.add, OPERATOR, store_name=TrustStore.V2G, pem=pem, tenant="other")
    office.clock.forward(days=1800 - 29)
    await office.do(expiry.watch)
    told = [a for a in await open_alerts(office) if "v2g" in a.message]
    [tenant] = await office.rows("SELECT id FROM tenants WHERE name = 'other'")
    assert [alert.tenant_id for alert in told] == [tenant["id"]]


async def test_revocation_lists_are_signed_daily(office: Office) -> None:
    async def numbers() -> dict[str, int]:
        found = await office.rows("SELECT role, crl_number FROM pki_authorities")
        return {row["role"]: row["crl_number"] for row in found}

    office.clock.forward(hours=23)
    await expiry.run_once(office.unit)
    assert await numbers() == {"ROOT": 1, "SERVER": 1, "STATION": 1}
    office.clock.forward(hours=1)
    await expiry.run_once(office.unit)
    assert await numbers() == {"ROOT": 1, "SERVER": 2, "STATION": 2}
    office.clock.forward(days=60)
    await expiry.run_once(office.unit)
    assert await numbers() == {"ROOT": 2, "SERVER": 3, "STATION": 3}


async def test_a_missing_secret_stops_renewal_but_not_the_watch(office: Office) -> None:
    from csms.services.pki_policy import PkiPolicy
    from csms.services.unit import Policy, Unit

    blind = Unit(
        office.unit.store, office.unit.bus, office.clock, office.unit.entropy, Policy(pki=PkiPolicy())
    )
    office.clock.forward(days=80)
    await expiry.run_once(blind)
    told = [alert.message for alert in await open_alerts(office)]
    assert len(told) == 2
    assert all("server certificate of csms.example" in text for text in told)
    await expiry.run_once(office.unit)
    assert await open_alerts(office) == []
