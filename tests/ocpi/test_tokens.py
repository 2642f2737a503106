"""Our id tokens as partners read them and ask about them (OCPI 2.2.1 §12.2.1), and a driver who roams for real."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from csms.services import stations
from csms.services.access import LOCAL_OPERATOR
from csms.store.connection import open_store
from tests.ocpi.partner import ROLE, Partner
from tests.ocpi.site import Platform, data, platform
from tests.wire import payloads
from tests.wire.appliance import SetClock
from tests.wire.payloads import at

LIST = "/2.2.1/sender/tokens"


@pytest.fixture
async def msp(clock: SetClock, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Platform]:
    """The appliance of an eMSP."""
    shutil.copyfile(sqlite_template, tmp_path / "msp.db")
    async with (
        open_store(f"sqlite:///{tmp_path / 'msp.db'}") as store,
        platform(store, clock, name="Mobility", kind="MSP", party_id="MOB", seed=2) as made,
    ):
        yield made


@pytest.fixture
async def token(msp: Platform, partner: Partner) -> str:
    """The credentials token of a CPO that has registered with the eMSP."""
    partner.roles = [ROLE | {"role": "CPO", "party_id": "CPO"}]
    invited = await msp.verb("party.invite", role="CPO")
    answer = await msp.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials())
    made: str = data(answer)["token"]
    return made


async def authorize(
    msp: Platform, token: str, uid: str = "CARD", body: Any = None, query: str = "", **status: int
) -> Any:
    answer = await msp.ask("POST", f"{LIST}/{uid}/authorize{query}", token, body)
    return data(answer, **status)


async def test_a_token_of_our_stations_alone_is_not_for_a_partners(msp: Platform, token: str) -> None:
    await msp.verb("token.add", uid="CARD")
    await msp.verb("station.add", station_id="OWN", security_profile=0)
    await msp.verb("token.place.add", uid="CARD", station="OWN")
    assert (await authorize(msp, token))["allowed"] == "NOT_ALLOWED"
    [shown] = data(await msp.ask("GET", LIST, token))
    assert shown["valid"] is False
    await msp.verb("token.place.remove", uid="CARD")
    assert (await authorize(msp, token))["allowed"] == "ALLOWED"


async def test_a_token_as_it_is_shown(msp: Platform, token: str) -> None:
    await msp.verb("token.add", uid="CARD", group="FLEET", language="de-AT")
    assert data(await msp.ask("GET", LIST, token)) == [
        {
            "country_code": "DE", "party_id": "MOB", "uid": "CARD", "type": "RFID", "contract_id": "CARD",
            "issuer": "Mobility", "group_id": "FLEET", "valid": True, "whitelist": "ALLOWED",
            "language": "de", "last_updated": "2026-03-02T12:00:00.000Z",
        }
    ]  # fmt: skip


async def test_pages_lead_to_the_end(msp: Platform, token: str) -> None:
    for number in range(5):
        await msp.verb("token.add", uid=f"C{number}")
    seen: list[str] = []
    url: str | None = f"{LIST}?limit=2"
    while url:
        answer = await msp.ask("GET", url, token)
        assert answer.headers["x-total-count"] == "5"
        page = [item["uid"] for item in data(answer)]
        assert len(page) <= 2
        seen += page
        url = answer.links["next"]["url"] if "next" in answer.links else None
    assert sorted(seen) == ["C0", "C1", "C2", "C3", "C4"]


async def test_a_list_since_a_moment_has_what_changed_and_what_expired(
    msp: Platform, token: str, clock: SetClock
) -> None:
    await msp.verb("token.add", uid="OLD", expires_at=at(30))
    await msp.verb("token.add", uid="SAME")
    clock.forward(minutes=20)
    await msp.verb("token.add", uid="NEW")

    async def since(minutes: float) -> dict[str, bool]:
        found = data(await msp.ask("GET", f"{LIST}?date_from={at(minutes)}", token))
        return {item["uid"]: item["valid"] for item in found}

    assert await since(0) == {"OLD": True, "SAME": True, "NEW": True}
    assert await since(10) == {"NEW": True}
    clock.forward(minutes=20)
    assert await since(25) == {"OLD": False}
    data(await msp.ask("GET", f"{LIST}?date_from=soon", token), status=2001)
    assert data(await msp.ask("GET", f"{LIST}?date_to={at(10)}", token))[0]["uid"] == "SAME"


async def test_a_token_that_may_charge_gets_a_reference(msp: Platform, token: str) -> None:
    await msp.verb("token.add", uid="CARD")
    place = {"location_id": "L1", "evse_uids": ["E1"]}
    first = await authorize(msp, token, body=place)
    assert (first["allowed"], first["location"], first["token"]["uid"]) == ("ALLOWED", place, "CARD")
    second = await authorize(msp, token, uid="card", query="?type=RFID")
    assert "location" not in second
    assert first["authorization_reference"] != second["authorization_reference"]
    assert all(len(each["authorization_reference"]) <= 36 for each in (first, second))


async def test_one_that_may_not_says_why(msp: Platform, token: str) -> None:
    await msp.verb("token.add", uid="BAD", blocked=True)
    await msp.verb("token.add", uid="PAST", expires_at=at(-1))
    for uid, allowed in (("BAD", "BLOCKED"), ("PAST", "EXPIRED")):
        said = await authorize(msp, token, uid)
        assert said["allowed"] == allowed
        assert "authorization_reference" not in said


async def test_a_token_nobody_knows_is_404_and_2004(msp: Platform, token: str) -> None:
    await msp.verb("token.add", uid="CARD")
    assert await authorize(msp, token, "NOBODY", http=404, status=2004) is None
    assert await authorize(msp, token, query="?type=APP_USER", http=404, status=2004) is None
    await authorize(msp, token, query="?type=CARD", status=2001)
    await authorize(msp, token, body={"evse_uids": []}, status=2001)
    await authorize(msp, token, body=["L1"], status=2001)


async def test_an_operator_of_stations_is_told_of_no_token_list(cpo: Platform, partner: Partner) -> None:
    invited = await cpo.verb("party.invite", role="EMSP")
    answer = await cpo.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials())
    details = data(await cpo.ask("GET", "/2.2.1", data(answer)["token"]))["endpoints"]
    assert [each["role"] for each in details if each["identifier"] == "tokens"] == ["RECEIVER"]


async def test_a_driver_of_one_appliance_charges_at_another(
    cpo: Platform, msp: Platform, clock: SetClock
) -> None:
    invited = await cpo.verb("party.invite", role="EMSP", name="the provider")
    await msp.verb("party.register", versions_url=invited["versionsUrl"], token=invited["token"])
    await msp.verb("token.add", uid="CARD", expires_at=at(600))
    await cpo.csms.unit.run(
        lambda tx: stations.add(tx, LOCAL_OPERATOR, station_id="CP1", security_profile=0, connectors=1)
    )
    station = await cpo.csms.station()
    await station.call("BootNotification", payloads.boot())
    assert (await station.call("Authorize", {"idTag": "card"}))["idTagInfo"]["status"] == "Invalid"
    synced = await cpo.verb("party.sync", party="the provider")
    assert synced["done"]["tokens"]["taken"] == 1
    assert (await station.call("Authorize", {"idTag": "card"}))["idTagInfo"]["status"] == "Accepted"
    await msp.verb("token.blocked", uid="CARD", blocked=True)
    clock.forward(minutes=16)
    assert (await station.call("Authorize", {"idTag": "card"}))["idTagInfo"]["status"] == "Blocked"
