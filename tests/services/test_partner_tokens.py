"""Partners' tokens at our stations, over real HTTP on either database (OCPI 2.2.1 §12.2.2, §12.4.5)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import trio

from csms.services import cdr_tokens, pruning, token_questions, tokens
from csms.services.unit import Tx
from tests.ocpi.partner import Answer, Asked, Partner, enveloped
from tests.ocpi.site import Platform, data, listening
from tests.wire.appliance import Appliance
from tests.wire.payloads import at, start, stop
from tests.wire.station import Station
from tests.wire.v201 import conftest as v201
from tests.wire.v201 import payloads as events

TOKEN = {
    "country_code": "NL", "party_id": "MSP", "uid": "04AbCdEf", "type": "RFID", "contract_id": "NL-MSP-C1",
    "issuer": "Fake Mobility", "valid": True, "whitelist": "ALWAYS", "last_updated": "2026-03-02T11:00:00Z",
    "visual_number": "M-1",
}  # fmt: skip
PLACE = "/2.2.1/receiver/tokens/nl/msp/04ABCDEF"
AUTHORIZE = "/2.2.1/tokens/04AbCdEf/authorize"


class Roaming:
    """A platform that a partner has registered with, and the token the partner comes with."""

    def __init__(self, platform: Platform, partner: Partner, token: str) -> None:
        self.platform = platform
        self.partner = partner
        self.token = token

    async def ask(self, method: str, path: str = PLACE, body: Any = None) -> Any:
        return await self.platform.ask(method, path, self.token, body)

    async def put(self, http: int = 201, **changes: Any) -> None:
        data(await self.ask("PUT", body=TOKEN | changes), http=http)

    def says(self, allowed: str, **more: Any) -> None:
        """Let the partner answer every question so."""
        info = {"allowed": allowed, "token": TOKEN} | more
        self.partner.answers[f"POST {AUTHORIZE}"] = enveloped(info)

    def questions(self) -> list[Asked]:
        return [asked for asked in self.partner.asked if "/authorize" in asked.path]


@pytest.fixture
async def roaming(csms: Appliance, nursery: trio.Nursery) -> AsyncIterator[Roaming]:
    partner = Partner()
    await nursery.start(partner.run)
    async with listening(csms) as platform:
        invited = await csms.verb("party.invite", role="EMSP")
        answer = await platform.ask("POST", "/2.2.1/credentials", invited["token"], partner.credentials())
        yield Roaming(platform, partner, data(answer)["token"])


async def shown(station: Station, tag: str = "04ABCDEF") -> str:
    answer = await station.call("Authorize", {"idTag": tag})
    status: str = answer["idTagInfo"]["status"]
    return status


async def test_a_token_opens_a_station_as_soon_as_it_was_put(station: Station, roaming: Roaming) -> None:
    assert await shown(station) == "Invalid"
    await roaming.put()
    assert await shown(station) == "Accepted"
    data(await roaming.ask("PATCH", body={"valid": False, "last_updated": "2026-03-02T11:30:00Z"}))
    assert await shown(station) == "Blocked"
    assert roaming.questions() == []


async def test_what_was_put_is_shown_again_with_fields_nobody_knows(roaming: Roaming) -> None:
    await roaming.put(of_their_own={"price": 1.5})
    found = data(await roaming.ask("GET"))
    assert found["of_their_own"] == {"price": Decimal("1.5")}
    assert (found["uid"], found["visual_number"]) == ("04AbCdEf", "M-1")
    await roaming.put(http=200, contract_id="NL-MSP-C2")
    found = data(await roaming.ask("GET", f"{PLACE}?type=RFID"))
    assert (found["contract_id"], "of_their_own" in found) == ("NL-MSP-C2", False)


async def test_the_type_belongs_to_the_key(station: Station, roaming: Roaming) -> None:
    await roaming.put(valid=False)
    app = TOKEN | {"type": "APP_USER", "contract_id": "NL-MSP-APP"}
    data(await roaming.ask("PUT", f"{PLACE}?type=APP_USER", app), http=201)
    assert data(await roaming.ask("GET"))["contract_id"] == "NL-MSP-C1"
    assert data(await roaming.ask("GET", f"{PLACE}?type=APP_USER"))["contract_id"] == "NL-MSP-APP"
    data(await roaming.ask("GET", f"{PLACE}?type=OTHER"), http=404, status=2004)
    data(await roaming.ask("GET", f"{PLACE}?type=CARD"), status=2001)
    assert await shown(station) == "Blocked"


@pytest.mark.parametrize(
    "body",
    [
        {"uid": "OTHER"},
        {"type": "OTHER"},
        {"party_id": "ZZZ"},
        {"country_code": None},
        {"contract_id": None},
        {"issuer": None},
        {"valid": None},
        {"valid": "yes"},
        {"whitelist": "SOMETIMES"},
        {"last_updated": None},
        {"last_updated": "yesterday"},
        {"uid": "x" * 37},
    ],
)
async def test_a_token_that_is_not_one_is_refused(roaming: Roaming, body: dict[str, Any]) -> None:
    data(await roaming.ask("PUT", body=TOKEN | body), status=2001)
    data(await roaming.ask("GET"), http=404, status=2004)


async def test_a_partner_speaks_for_its_own_roles_alone(roaming: Roaming) -> None:
    foreign = "/2.2.1/receiver/tokens/FR/ABC/04ABCDEF"
    data(await roaming.ask("PUT", foreign, TOKEN | {"country_code": "FR", "party_id": "ABC"}), status=2001)
    data(await roaming.ask("GET", foreign), status=2001)
    assert await roaming.platform.csms.rows("SELECT * FROM partner_tokens") == []
    assert (await roaming.ask("DELETE")).status_code == 405


async def test_a_patch_needs_its_moment_and_changes_no_key(roaming: Roaming) -> None:
    later = {"last_updated": "2026-03-02T11:30:00Z"}
    data(await roaming.ask("PATCH", body={"valid": False} | later), http=404, status=2004)
    await roaming.put()
    data(await roaming.ask("PATCH", body={"valid": False}), status=2001)
    data(await roaming.ask("PATCH", body={"uid": "OTHER"} | later), status=2001)
    data(await roaming.ask("PATCH", body={"type": "OTHER"} | later), status=2001)
    data(await roaming.ask("PATCH", body={"issuer": None} | later), status=2001)
    data(await roaming.ask("PATCH", body=[1]), status=2001)
    data(await roaming.ask("PATCH", body={"visual_number": None, "whitelist": "NEVER"} | later))
    found = data(await roaming.ask("GET"))
    assert (found["valid"], found["whitelist"], "visual_number" in found) == (True, "NEVER", False)
    assert found["last_updated"] == later["last_updated"]


async def test_never_is_asked_and_the_start_that_follows_is_not(
    csms: Appliance, station: Station, roaming: Roaming
) -> None:
    await roaming.put(whitelist="NEVER")
    roaming.says("ALLOWED", authorization_reference="REF-1")
    answer = await station.call("Authorize", {"idTag": "04abcdef"})
    assert answer["idTagInfo"] == {"status": "Accepted", "expiryDate": at(15)}
    (asked,) = roaming.questions()
    assert (asked.path, asked.body) == (f"{AUTHORIZE}?type=RFID", b"")
    assert (asked.headers["ocpi-to-party-id"], asked.headers["ocpi-to-country-code"]) == ("msp", "nl")
    begun = await station.call("StartTransaction", start(idTag="04abcdef"))
    assert begun["idTagInfo"]["status"] == "Accepted"
    csms.clock.forward(hours=1)
    answer = await station.call("StopTransaction", stop(begun["transactionId"], idTag="04abcdef"))
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert len(roaming.questions()) == 1
    [row] = await csms.rows("SELECT document FROM cdrs")
    cdr = json.loads(row["document"])
    assert cdr["cdr_token"] == {
        "country_code": "NL", "party_id": "MSP", "uid": "04AbCdEf", "type": "RFID",
        "contract_id": "NL-MSP-C1",
    }  # fmt: skip
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("AUTH_REQUEST", "REF-1")


@pytest.mark.parametrize(
    ("allowed", "told"),
    [("BLOCKED", "Blocked"), ("EXPIRED", "Expired"), ("NO_CREDIT", "Invalid"), ("NOT_ALLOWED", "Invalid")],
)
@pytest.mark.parametrize("whitelist", ["NEVER", "ALLOWED", "ALLOWED_OFFLINE"])
async def test_a_no_of_the_partner_counts_and_is_asked_again(
    csms: Appliance, station: Station, roaming: Roaming, whitelist: str, allowed: str, told: str
) -> None:
    await roaming.put(whitelist=whitelist)
    roaming.says(allowed)
    assert await shown(station) == told
    csms.clock.forward(seconds=11)
    roaming.says("ALLOWED")
    assert await shown(station) == "Accepted"


@pytest.mark.parametrize(
    ("whitelist", "told"), [("NEVER", "Invalid"), ("ALLOWED", "Accepted"), ("ALLOWED_OFFLINE", "Accepted")]
)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        enveloped(status=3000),
        enveloped({"allowed": "PERHAPS"}),
        enveloped(["ALLOWED"]),
        (500, {}, b"oops"),
        (200, {}, b"<html>"),
    ],
)
async def test_silence_and_nonsense_leave_what_the_whitelist_says(
    csms: Appliance,
    station: Station,
    roaming: Roaming,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer | None,
    whitelist: str,
    told: str,
) -> None:
    monkeypatch.setattr(token_questions, "WAIT_S", 1.0 if answer is None else 20.0)
    await roaming.put(whitelist=whitelist)
    roaming.partner.answers[f"POST {AUTHORIZE}"] = answer
    assert await shown(station) == told
    assert await shown(station) == told
    assert len(roaming.questions()) == 1
    csms.clock.forward(minutes=2)
    roaming.says("BLOCKED")
    assert await shown(station) == "Blocked"


async def test_a_token_the_partner_does_not_know_any_more_is_refused(
    station: Station, roaming: Roaming
) -> None:
    await roaming.put(whitelist="ALLOWED")
    roaming.partner.answers[f"POST {AUTHORIZE}"] = enveloped(status=2004, http=404)
    assert await shown(station) == "Invalid"


async def test_our_own_tokens_go_first_and_nobody_is_asked(
    csms: Appliance, station: Station, roaming: Roaming
) -> None:
    await roaming.put(whitelist="NEVER")
    await csms.verb("token.add", uid="04abcdef")
    assert await shown(station) == "Accepted"
    begun = await station.call("StartTransaction", start(idTag="04ABCDEF"))
    await station.call("StopTransaction", stop(begun["transactionId"]))
    [row] = await csms.rows("SELECT document FROM cdrs")
    assert json.loads(row["document"])["cdr_token"]["party_id"] != "MSP"
    assert roaming.questions() == []


async def test_a_suspended_partners_tokens_open_nothing(
    csms: Appliance, station: Station, roaming: Roaming
) -> None:
    await roaming.put()
    party = await roaming.platform.only_party()
    await csms.verb("party.suspend", party=party["id"])
    assert await shown(station) == "Invalid"


async def test_a_removed_partners_tokens_are_forgotten(csms: Appliance, roaming: Roaming) -> None:
    await roaming.put()
    await csms.unit.run(pruning.prune_access)
    assert len(await csms.rows("SELECT * FROM partner_tokens")) == 1
    party = await roaming.platform.only_party()
    await csms.verb("party.remove", party=party["id"])
    await csms.unit.run(pruning.prune_access)
    assert await csms.rows("SELECT * FROM partner_tokens") == []


async def test_a_charge_is_no_suspended_partners(csms: Appliance, station: Station, roaming: Roaming) -> None:
    """What a start is let in with and what its CDR bears are the same."""
    await roaming.put()
    [row] = await csms.rows("SELECT id FROM tenants")

    async def owner() -> str:
        return (await csms.unit.read(lambda tx: cdr_tokens.of(tx, row["id"], "04ABCDEF"))).party_id

    assert await owner() == "MSP"
    party = await roaming.platform.only_party()
    await csms.verb("party.suspend", party=party["id"])
    assert await owner() != "MSP"


async def test_what_is_being_asked_holds_no_other_station_up(
    csms: Appliance, station: Station, roaming: Roaming
) -> None:
    """The question is put between two units of work: the writer is free meanwhile."""
    await roaming.put(whitelist="NEVER")
    heard, go_on = trio.Event(), trio.Event()
    told: list[str] = []
    ask = csms.house.partners.ask

    class Slow:
        async def ask(self, call: Any) -> Any:
            heard.set()
            await go_on.wait()
            return await ask(call)

    csms.house = replace(csms.house, partners=Slow())
    roaming.says("ALLOWED")

    async def show() -> None:
        told.append(await shown(station))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(show)
        await heard.wait()
        await csms.verb("token.add", uid="ANOTHER")
        go_on.set()
    assert told == ["Accepted"]


async def test_a_start_of_2_0_1_asks_too(csms: Appliance, roaming: Roaming) -> None:
    station = await v201.connected(csms)
    await station.call("BootNotification", events.boot())
    await roaming.put(whitelist="NEVER")
    roaming.says("ALLOWED", authorization_reference="REF-2")
    token = {"idToken": "04ABCDEF", "type": "ISO14443"}
    answer = await station.call("TransactionEvent", events.started(idToken=token))
    assert answer["idTokenInfo"]["status"] == "Accepted"
    csms.clock.forward(hours=1)
    answer = await station.call("TransactionEvent", events.ended(idToken=token))
    assert answer["idTokenInfo"]["status"] == "Accepted"
    typed = {"idToken": "04ABCDEF", "type": "KeyCode"}
    assert (await station.call("Authorize", {"idToken": typed}))["idTokenInfo"]["status"] == "Invalid"
    [row] = await csms.rows("SELECT auth_method, authorization_reference FROM ocpi_sessions")
    assert row == {"auth_method": "AUTH_REQUEST", "authorization_reference": "REF-2"}
    assert len(roaming.questions()) == 1


async def test_a_synchronisation_fetches_all_pages(
    csms: Appliance, station: Station, roaming: Roaming
) -> None:
    partner = roaming.partner
    newer = TOKEN | {"last_updated": "2026-03-02T11:59:00Z", "valid": False}
    data(await roaming.ask("PUT", body=newer), http=201)

    def page(asked: Asked) -> Answer:
        if "offset=2" in asked.path:
            return enveloped([TOKEN | {"uid": "P3"}, {"uid": "P4"}])
        link = f'<{partner.url("/2.2.1/tokens?offset=2")}>; rel="next"'
        return enveloped([TOKEN, TOKEN | {"uid": "P2"}], Link=link)

    partner.answers["GET /2.2.1/tokens"] = page
    party = await roaming.platform.only_party()
    done = (await csms.verb("party.sync", party=party["id"]))["done"]["tokens"]
    assert (done["taken"], done["unchanged"], done["refused"]) == (2, 1, 1)
    assert [await shown(station, uid) for uid in ("04ABCDEF", "p2", "P3")] == [
        "Blocked",
        "Accepted",
        "Accepted",
    ]
    again = (await csms.verb("party.sync", party=party["id"]))["done"]["tokens"]
    assert (again["taken"], again["unchanged"]) == (0, 3)


async def test_answers_that_are_too_old_go(csms: Appliance, station: Station, roaming: Roaming) -> None:
    await roaming.put(whitelist="NEVER")
    roaming.says("ALLOWED")
    await shown(station)
    assert len(await csms.rows("SELECT * FROM partner_token_answers")) == 1
    csms.clock.at += timedelta(days=8)
    await csms.unit.run(pruning.prune_access)
    assert await csms.rows("SELECT * FROM partner_token_answers") == []


async def test_a_uid_nobody_knows_is_ours(csms: Appliance) -> None:
    [row] = await csms.rows("SELECT id, country_code, party_id FROM tenants")
    found = await csms.unit.read(lambda tx: cdr_tokens.of(tx, row["id"], "NOBODY", "ISO14443"))
    assert (found.country_code, found.party_id) == (row["country_code"], row["party_id"])
    assert (found.uid, found.own) == ("NOBODY", True)


async def test_our_tokens_cost_no_statement_more(csms: Appliance, station: Station, roaming: Roaming) -> None:
    """Only a uid that is none of ours is looked for among the partners'."""
    await roaming.put(whitelist="NEVER")
    said: list[str] = []

    def work(tx: Tx) -> None:
        class Counting:
            def one(self, sql: str, params: Any = None) -> Any:
                said.append(sql)
                return tx.db.one(sql, params)

        spied: Any = Counting()
        ours = tokens.authorize(replace(tx, db=spied), connection.station, "TAG1")
        assert ours.accepted

    [connection] = csms.house.link.links()
    await csms.unit.read(work)
    assert len(said) == 1
