"""What partners are told of our own accord, on either database: what, whom, in which order, and after an outage."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from csms.services import publication
from csms.services.party_push import MOST_REFUSALS, MOST_SILENCES, Pusher
from csms.services.roaming_sessions import Waiting
from tests.ocpi.partner import Partner, enveloped
from tests.ocpi.site import Platform, data, listening
from tests.ocpi.test_published import CARD, LOT
from tests.wire import payloads
from tests.wire.appliance import Appliance, SetClock
from tests.wire.furniture import TARIFF
from tests.wire.station import Station

EVSE = "PUT /2.2.1/locations/DE/CSM/Lot-1/CP1-1"
LOCATION = "PUT /2.2.1/locations/DE/CSM/Lot-1"
TARIFF_PATH = "/2.2.1/tariffs/DE/CSM/energy"


def role(party_id: str, name: str = "EMSP") -> dict[str, Any]:
    return {
        "role": name,
        "party_id": party_id,
        "country_code": "NL",
        "business_details": {"name": f"Partner {party_id}"},
    }


@dataclass
class Site:
    """A CPO with a station, what it shows, and the work of telling partners."""

    reached: Platform
    pusher: Pusher
    position: int = 0
    waiting: Waiting = field(default_factory=Waiting)

    async def register(self, partner: Partner) -> str:
        invited = await self.reached.verb("party.invite", role="EMSP")
        answer = await self.reached.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials())
        token: str = data(answer)["token"]
        await self.settle()
        partner.asked.clear()
        return token

    async def settle(self) -> None:
        """Take in what has happened and tell partners."""
        self.position = await publication.turn(self.reached.csms.house, self.position, self.waiting)
        await self.pusher.rounds().once()

    def begin_anew(self) -> None:
        """Forget all that a process that was killed forgets."""
        self.pusher = Pusher(self.reached.csms.house)


async def site_of(csms: Appliance, reached: Platform) -> Site:
    await csms.verb("tariff.add", document=TARIFF)
    await csms.verb("tariff.assign", tariff="energy")
    await csms.verb("location.add", document=LOT)
    await csms.verb("location.assign", location="Lot-1", stations=["CP1"])
    return Site(reached, Pusher(reached.csms.house))


@pytest.fixture
async def site(csms: Appliance) -> AsyncIterator[Site]:
    async with listening(csms) as reached:
        yield await site_of(csms, reached)


@pytest.fixture
async def partner(nursery: trio.Nursery) -> Partner:
    made = Partner()
    await nursery.start(made.run)
    return made


@pytest.fixture
async def other(nursery: trio.Nursery) -> Partner:
    made = Partner(roles=[role("OTH")])
    await nursery.start(made.run)
    return made


async def status(station: Station, value: str) -> None:
    await station.call("StatusNotification", payloads.status(value, connector=1, minutes=0))


async def give_card(site: Site, token: str) -> None:
    answer = await site.reached.ask("PUT", "/2.2.1/receiver/tokens/NL/MSP/CARD1", token, CARD)
    assert data(answer, http=201) is None


async def test_a_status_is_put_to_its_evse_with_routing_headers(
    site: Site, partner: Partner, station: Station
) -> None:
    """Pushes carry who speaks to whom (§4.4), and the token that the partner gave us."""
    await site.register(partner)
    await status(station, "Faulted")
    await site.settle()
    [asked] = partner.asked
    assert f"{asked.method} {asked.path}" == EVSE
    assert (asked.json["uid"], asked.json["status"]) == ("CP1-1", "OUTOFORDER")
    assert [asked.headers[f"ocpi-{side}"] for side in ("from-party-id", "to-party-id")] == ["CSM", "MSP"]
    await site.settle()
    assert len(partner.asked) == 1


async def test_a_partner_that_does_not_know_the_location_gets_it_whole(
    site: Site, partner: Partner, station: Station
) -> None:
    await site.register(partner)
    partner.answers[EVSE] = enveloped(status=2003, http=404)
    await status(station, "Faulted")
    await site.settle()
    assert partner.paths() == [EVSE, LOCATION]
    assert [evse["uid"] for evse in partner.asked[1].json["evses"]] == ["CP1-1", "CP1-2"]


async def test_a_tariff_is_put_and_deleted(site: Site, partner: Partner) -> None:
    await site.register(partner)
    partner.answers[f"DELETE {TARIFF_PATH}"] = enveloped(status=2001, http=404)  # it had none: done
    for active in (False, True):
        await site.reached.verb("tariff.active", tariff="energy", active=active)
        await site.settle()
    tariffs = [path for path in partner.paths() if "tariffs" in path]
    assert tariffs == [f"DELETE {TARIFF_PATH}", f"PUT {TARIFF_PATH}"]
    assert await site.reached.verb("party.undelivered", party="NL*MSP") == []


async def test_a_session_and_its_cdr_go_to_the_drivers_provider_alone(
    site: Site, partner: Partner, other: Partner, station: Station
) -> None:
    """The CDR is sent once, and where the partner keeps it is kept (pitfall 7)."""
    token = await site.register(partner)
    await site.register(other)
    await give_card(site, token)
    address = partner.url("/2.2.1/cdrs/77")
    partner.answers["POST /2.2.1/cdrs"] = enveloped(http=201, Location=address)
    started = await station.call("StartTransaction", payloads.start(idTag="CARD1"))
    await site.settle()
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    await site.settle()
    await site.settle()
    mine = [asked for asked in partner.asked if "/sessions/" in asked.path or "/cdrs" in asked.path]
    posted = [asked for asked in mine if asked.method == "POST"]
    sessions = [asked.json["status"] for asked in mine if asked.method == "PUT"]
    assert (sessions[0], sessions[-1], len(posted)) == ("ACTIVE", "COMPLETED", 1)
    assert posted[0].json["session_id"] == mine[0].json["id"]
    [kept] = await site.reached.csms.rows("SELECT address FROM pushed_cdrs")
    assert kept["address"] == address
    assert not [path for path in other.paths() if "sessions" in path or "cdrs" in path]
    assert await site.reached.verb("party.sync", party="NL*MSP")
    await site.settle()
    assert len([asked for asked in partner.asked if asked.path == "/2.2.1/cdrs"]) == 1


async def test_what_was_not_answered_is_sent_again_after_a_crash_and_in_order(
    site: Site, partner: Partner, clock: SetClock
) -> None:
    await site.register(partner)
    partner.answers[f"DELETE {TARIFF_PATH}"] = (503, {}, b"")
    await site.reached.verb("tariff.active", tariff="energy", active=False)
    await site.reached.verb("location.update", location="Lot-1", document={"name": "Square"})
    await site.settle()
    assert partner.paths() == [f"DELETE {TARIFF_PATH}"]
    await site.settle()
    assert len(partner.asked) == 1  # it is left alone for a second
    del partner.answers[f"DELETE {TARIFF_PATH}"]
    clock.forward(seconds=1)
    site.begin_anew()
    await site.settle()
    assert partner.paths() == [f"DELETE {TARIFF_PATH}", f"DELETE {TARIFF_PATH}", LOCATION]
    site.begin_anew()
    await site.settle()
    assert len(partner.asked) == 3


async def test_what_is_refused_is_given_up_after_some_tries_and_stops_nothing(
    site: Site, partner: Partner, clock: SetClock
) -> None:
    await site.register(partner)
    partner.answers[f"DELETE {TARIFF_PATH}"] = enveloped(status=2001)
    await site.reached.verb("tariff.active", tariff="energy", active=False)
    await site.reached.verb("location.update", location="Lot-1", document={"name": "Square"})
    for _ in range(MOST_REFUSALS + 1):
        await site.settle()
        clock.forward(seconds=60)
    assert partner.paths() == [f"DELETE {TARIFF_PATH}"] * MOST_REFUSALS + [LOCATION]
    [given_up] = await site.reached.verb("party.undelivered", party="NL*MSP")
    assert (given_up["kind"], given_up["subject"]) == ("tariff.changed", "energy")
    assert given_up["reason"] == "HTTP 200, status 2001"
    del partner.answers[f"DELETE {TARIFF_PATH}"]
    partner.asked.clear()
    await site.reached.verb("party.sync", party="NL*MSP")
    await site.settle()
    assert f"DELETE {TARIFF_PATH}" in partner.paths()
    assert await site.reached.verb("party.undelivered", party="NL*MSP") == []


async def test_a_partner_that_hangs_keeps_nobody_else_waiting(
    site: Site, partner: Partner, other: Partner, station: Station, nursery: trio.Nursery
) -> None:
    await site.register(partner)
    await site.register(other)
    partner.answers[EVSE] = None
    await status(station, "Faulted")
    nursery.start_soon(site.settle)
    with trio.fail_after(3):
        while not (partner.asked and other.asked):
            await trio.lowlevel.checkpoint()
    assert other.paths() == [EVSE]
    assert partner.at_once == 1
    nursery.cancel_scope.cancel()


async def test_after_an_outage_of_a_day_each_try_gives_up_one_object(
    site: Site, partner: Partner, clock: SetClock
) -> None:
    await site.register(partner)
    partner.answers[f"DELETE {TARIFF_PATH}"] = (503, {}, b"")
    await site.reached.verb("tariff.active", tariff="energy", active=False)
    await site.settle()
    await site.reached.csms.unit.run(
        lambda tx: tx.db.run("UPDATE party_pushes SET silences = :n", {"n": MOST_SILENCES - 1})
    )
    clock.forward(seconds=1)
    await site.settle()
    [given_up] = await site.reached.verb("party.undelivered", party="NL*MSP")
    assert "503" in given_up["reason"]


async def test_a_suspended_partner_is_sent_nothing_until_it_is_resumed(
    site: Site, partner: Partner, station: Station
) -> None:
    await site.register(partner)
    await site.reached.verb("party.suspend", party="NL*MSP")
    await status(station, "Faulted")
    await site.settle()
    site.begin_anew()
    await site.settle()
    assert partner.asked == []
    await site.reached.verb("party.suspend", party="NL*MSP", suspended=False)
    await site.settle()
    assert partner.paths() == [EVSE]


async def test_a_partner_that_left_is_sent_nothing(site: Site, partner: Partner, station: Station) -> None:
    token = await site.register(partner)
    data(await site.reached.ask("DELETE", "/2.2.1/credentials", token))
    await status(station, "Faulted")
    await site.settle()
    assert partner.asked == []


async def test_a_location_that_was_never_published_is_not_pushed(site: Site, partner: Partner) -> None:
    await site.register(partner)
    await site.reached.verb("location.add", document=LOT | {"id": "home", "publish": False})
    await site.settle()
    assert partner.asked == []


async def test_sync_sends_all_that_the_partner_may_see(site: Site, partner: Partner) -> None:
    await site.register(partner)
    synced = await site.reached.verb("party.sync", party="NL*MSP")
    assert synced["done"]["push"] == {"queued": 2}
    partner.asked.clear()
    site.begin_anew()
    await site.settle()
    assert sorted(partner.paths()) == [LOCATION, f"PUT {TARIFF_PATH}"]
    assert await site.reached.csms.rows("SELECT * FROM party_deliveries") == []


async def test_what_was_given_up_in_part_is_sent_whole_by_sync(
    site: Site, partner: Partner, station: Station, clock: SetClock
) -> None:
    await site.register(partner)
    partner.answers[EVSE] = enveloped(status=2000)
    await status(station, "Faulted")
    for _ in range(MOST_REFUSALS):
        await site.settle()
        clock.forward(seconds=60)
    [given_up] = await site.reached.verb("party.undelivered", party="NL*MSP")
    assert given_up["subject"] == "Lot-1"
    await site.reached.verb("party.sync", party="NL*MSP")
    await site.settle()
    assert LOCATION in partner.paths()


async def test_our_tokens_are_put_and_made_invalid(site: Site, partner: Partner, clock: SetClock) -> None:
    """An eMSP's side (§12.2.2): there is no deletion; an import sends what it changed."""
    await site.reached.csms.unit.run(lambda tx: tx.db.run("UPDATE tenants SET tenant_type = 'HYBRID'", {}))
    partner.roles = [role("CPX", "CPO")]
    partner.answers["/2.2.1"] = enveloped(
        {
            "version": "2.2.1",
            "endpoints": [
                {"identifier": name, "role": "RECEIVER", "url": partner.url(f"/2.2.1/{name}")}
                for name in ("credentials", "tokens")
            ],
        }
    )
    await site.register(partner)
    await site.reached.verb("token.add", uid="AB12")
    await site.settle()
    await site.reached.verb("token.remove", uid="AB12")
    await site.settle()
    clock.forward(seconds=1)
    await site.reached.verb("token.import", tokens=[{"uid": "N1"}, {"uid": "N2"}])
    await site.settle()
    address = "/2.2.1/tokens/DE/CSM"
    assert partner.paths() == [
        f"PUT {address}/AB12?type=RFID",
        f"PATCH {address}/AB12?type=RFID",
        f"PUT {address}/N1?type=RFID",
        f"PUT {address}/N2?type=RFID",
    ]
    assert [asked.json["valid"] for asked in partner.asked] == [True, False, True, True]
