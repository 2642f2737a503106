"""Partners that hang, flood, lie or lead elsewhere hurt nobody but themselves; odd ones are read all the same."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import trio

from csms.errors import FarEndFailed
from csms.model.party import Interface, Module, Party
from csms.ocpi.client import AT_ONCE, PartnerClient
from csms.services import parties, partners
from csms.services.access import LOCAL_OPERATOR
from csms.services.outward import Outward
from csms.services.ports import PartnerCall
from tests.ocpi.partner import Answer, Asked, Partner, enveloped
from tests.ocpi.site import LAB, Platform, data, listening
from tests.wire.appliance import SetClock

SHORT = replace(LAB, timeout_s=0.5, max_body_bytes=5_000)
CREDENTIALS = "/2.2.1/credentials"


@pytest.fixture
async def hasty(cpo: Platform) -> AsyncIterator[Platform]:
    """An appliance that waits half a second for a partner."""
    async with listening(cpo.csms, SHORT) as made:
        yield made


async def post(platform: Platform, partner: Partner) -> Any:
    invited = (await platform.verb("party.invite"))["token"]
    return await platform.ask("POST", CREDENTIALS, invited, partner.credentials())


HTML = (200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>")
VERSIONS_2_1 = enveloped([{"version": "2.1.1", "url": "http://x"}, {"version": "2.2", "url": "http://x"}])


@pytest.mark.parametrize(
    ("path", "answer", "status"),
    [
        ("/versions", None, 3001),
        ("/versions", HTML, 3001),
        ("/versions", (200, {}, b"x" * 6_000), 3001),
        ("/versions", (500, {}, b""), 3001),
        ("/versions", (429, {}, b"{}"), 3001),
        ("/versions", (302, {"Location": "http://127.0.0.1:1/"}, b""), 3001),
        ("/versions", (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), 3001),
        ("/versions", (200, {"Content-Length": "500"}, b"{"), 3001),
        ("/versions", enveloped(status=2000, http=401), 3001),
        ("/versions", enveloped(status=3000), 3001),
        ("/versions", enveloped("nonsense"), 3001),
        ("/versions", (200, {}, b"[" * 4_000), 3001),
        ("/versions", VERSIONS_2_1, 3002),
        ("/2.2.1", None, 3001),
        ("/2.2.1", HTML, 3001),
        ("/2.2.1", enveloped({"version": "2.2.1"}), 3001),
        ("/2.2.1", enveloped({"version": "2.2.1", "endpoints": []}), 3003),
        (
            "/2.2.1",
            enveloped({"endpoints": [1, {}, {"identifier": 5}, {"identifier": "cdrs", "url": None}]}),
            3003,
        ),
    ],
)
async def test_a_partner_that_cannot_be_used_is_told_why_and_nothing_is_kept(
    hasty: Platform, partner: Partner, path: str, answer: Answer | None, status: int
) -> None:
    partner.answers[path] = answer
    with trio.fail_after(5):
        data(await post(hasty, partner), status=status)
    party = await hasty.only_party()
    assert (party["status"], party["roles"], party["endpoints"]) == ("INVITED", [], [])
    del partner.answers[path]
    invited = (await hasty.verb("party.invite"))["token"]
    data(await hasty.ask("POST", CREDENTIALS, invited, partner.credentials()))


async def test_a_partner_that_hangs_stops_nobody_else(
    hasty: Platform, partner: Partner, nursery: trio.Nursery
) -> None:
    partner.answers["/versions"] = None
    other = Partner(roles=[{"role": "EMSP", "party_id": "OTH", "country_code": "NL"}])
    await nursery.start(other.run)
    invitations = [(await hasty.verb("party.invite"))["token"] for _ in range(6)]
    async with trio.open_nursery() as waiting:
        for token in invitations:
            waiting.start_soon(hasty.ask, "POST", CREDENTIALS, token, partner.credentials())
        with trio.fail_after(5):
            data(await post(hasty, other))


PRIVATE = ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1")


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_partner_leads_us_behind_our_walls(cpo: Platform, partner: Partner, address: str) -> None:
    """SSRF: the address in credentials is the partner's word."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return [address]

    strict = replace(LAB, allow_private=False)
    async with listening(cpo.csms, strict) as made:
        client = PartnerClient(strict, Outward(resolve=resolve))
        object.__setattr__(made.csms.house, "partners", client)
        invited = (await made.verb("party.invite"))["token"]
        body = partner.credentials() | {"url": "https://partner.example/versions"}
        data(await made.ask("POST", CREDENTIALS, invited, body), status=3001)
        assert "not public" in (await made.ask("POST", CREDENTIALS, invited, body)).text
        data(await made.ask("POST", CREDENTIALS, invited, partner.credentials()), status=3001)
    assert partner.asked == []


async def test_a_token_goes_over_no_line_in_the_clear(cpo: Platform) -> None:
    client = PartnerClient(replace(LAB, allow_private=False))
    call = PartnerCall(lane="x", method="GET", url="http://partner.example/", token="t")
    with pytest.raises(FarEndFailed, match="not an https"):
        await client.ask(call)


async def test_details_behind_walls_are_not_asked_either(
    cpo: Platform, partner: Partner, nursery: trio.Nursery
) -> None:
    """The versions are public, the details that they name are not."""
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "inside.example" else ["8.8.8.8"]

    client = PartnerClient(replace(LAB, allow_private=False, timeout_s=0.2), Outward(resolve=resolve))
    call = PartnerCall(lane="x", method="GET", url="https://inside.example/", token="t")
    with pytest.raises(FarEndFailed, match="not public"):
        await client.ask(call)
    assert asked == ["inside.example"]


async def test_few_requests_to_one_partner_at_once(partner: Partner) -> None:
    partner.answers["/slow"] = None
    client = PartnerClient(replace(LAB, timeout_s=0.3))
    call = PartnerCall(lane="one", method="GET", url=partner.url("/slow"), token="t")

    async def ask() -> None:
        with pytest.raises(FarEndFailed, match="no answer within"):
            await client.ask(call)

    with trio.fail_after(10):
        async with trio.open_nursery() as together:
            for _ in range(3 * AT_ONCE):
                together.start_soon(ask)
    assert partner.most_at_once <= AT_ONCE


@pytest.mark.parametrize(
    "details",
    [
        lambda p: [{"identifier": "credentials", "role": "RECEIVER", "url": p.url(CREDENTIALS)}],
        lambda p: {
            "endpoints": [{"identifier": "CREDENTIALS", "role": "receiver", "url": p.url(CREDENTIALS)}]
        },
        lambda p: {"endpoints": [{"identifier": "credentials", "url": p.url(CREDENTIALS)}]},
        lambda p: {"endpoints": [{"identifier": "credentials", "role": "SENDER", "url": CREDENTIALS}]},
        lambda p: [{"version": "2.2.1", "endpoints": [{"identifier": "credentials", "url": CREDENTIALS}]}],
    ],
)
async def test_pitfall_04_details_of_many_shapes_are_read(
    cpo: Platform, partner: Partner, details: Any
) -> None:
    partner.answers["/2.2.1"] = enveloped(details(partner))
    data(await post(cpo, partner))
    (endpoint,) = (await cpo.only_party())["endpoints"]
    assert (endpoint["module"], endpoint["url"]) == ("credentials", partner.url(CREDENTIALS))


async def test_pitfall_20_a_list_of_one_is_read_as_the_object(cpo: Platform, partner: Partner) -> None:
    partner.checks_token = False
    partner.answers[f"POST {CREDENTIALS}"] = enveloped([partner.credentials("token-c")])
    registered = await cpo.verb("party.register", versions_url=partner.url(), token="token-a")
    assert (registered["status"], registered["name"]) == ("REGISTERED", "Fake Mobility")
    posted = [asked.json for asked in partner.asked if asked.method == "POST"]
    assert [each["url"] for each in posted] == [cpo.versions_url]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (enveloped(status=2001), "2001, HTTP 200"),
        (enveloped(status=2000, http=405), "ask for a new invitation"),
        (enveloped({"token": "x"}), "url: is required"),
        (enveloped({"detail": "no"}, http=403), "HTTP 403"),
    ],
)
async def test_a_refused_registration_says_why_and_can_be_removed(
    cpo: Platform, partner: Partner, answer: Answer, why: str
) -> None:
    partner.checks_token = False
    partner.answers[f"POST {CREDENTIALS}"] = answer
    with pytest.raises(FarEndFailed, match=why):
        await cpo.verb("party.register", versions_url=partner.url(), token="token-a")
    party = await cpo.only_party()
    assert party["status"] == "REGISTERING"
    assert why in party["problem"]
    await cpo.verb("party.remove", party=party["id"])
    assert await cpo.verb("party.list") == []


async def test_a_partner_that_never_took_our_newest_token_is_asked_with_the_one_before(
    cpo: Platform, partner: Partner
) -> None:
    """It sent new credentials, did not get our answer, and fell back to its old ones."""
    token = data(await post(cpo, partner))["token"]
    partner.token = "new-token-of-the-partner"
    data(await cpo.ask("PUT", CREDENTIALS, token, partner.credentials()))
    partner.token = "token-b-of-the-partner"
    assert (await get(cpo, await the_party(cpo))).done
    partner.asked.clear()
    assert (await get(cpo, await the_party(cpo))).done
    assert len(partner.asked) == 1


async def test_a_partner_that_takes_no_token_of_ours_is_shown_to_the_operator(
    cpo: Platform, partner: Partner
) -> None:
    data(await post(cpo, partner))
    partner.token = "restored from a backup"
    assert (await get(cpo, await the_party(cpo))).http == 401
    assert "does not accept our token" in (await cpo.only_party())["problem"]


async def the_party(platform: Platform) -> Party:
    (found,) = await platform.csms.unit.read(lambda tx: parties.list_parties(tx, LOCAL_OPERATOR))
    return found


async def get(platform: Platform, party: Party) -> Any:
    return await partners.ask(platform.csms.house, party, TOKENS)


TOKENS = partners.Request(method="GET", module=Module.TOKENS, interface=Interface.SENDER)


async def read_pages(platform: Platform, partner: Partner, answer: Any) -> list[Any]:
    partner.answers["/2.2.1/tokens"] = answer
    data(await post(platform, partner))
    party = await the_party(platform)
    pages = partners.pages(platform.csms.house, party, TOKENS, most=20)
    return [item async for page in pages for item in page]


async def test_pages_are_followed_as_the_links_say(cpo: Platform, partner: Partner) -> None:
    """Pitfall 12: the link is opaque."""

    def answer(asked: Asked) -> Answer:
        page = int(asked.path.partition("odd=")[2] or 0)
        link = (
            {"Link": f'<{partner.url("/2.2.1/tokens")}?odd={page + 1}>; rel="next"'}
            if page < 2
            else {"Link": ""}
        )
        return enveloped([{"uid": page}], **link)

    assert await read_pages(cpo, partner, answer) == [{"uid": 0}, {"uid": 1}, {"uid": 2}]


async def test_a_link_that_leads_in_a_circle_ends(cpo: Platform, partner: Partner) -> None:
    def answer(asked: Asked) -> Answer:
        return enveloped([1], Link=f'<{partner.url("/2.2.1/tokens")}?again>; rel="next"')

    assert await read_pages(cpo, partner, answer) == [1, 1]


async def test_pages_without_end_end(cpo: Platform, partner: Partner) -> None:
    def answer(asked: Asked) -> Answer:
        link = f'<{partner.url("/2.2.1/tokens")}?offset={len(partner.asked)}>; rel="next"'
        return enveloped([1], **{"Link": link, "X-Total-Count": "3"})

    with pytest.raises(FarEndFailed, match="more than 20 pages"):
        await read_pages(cpo, partner, answer)


async def test_empty_pages_with_links_end(cpo: Platform, partner: Partner) -> None:
    def answer(asked: Asked) -> Answer:
        return enveloped([], Link=f'<{partner.url("/2.2.1/tokens")}?offset={len(partner.asked)}>; rel="next"')

    assert await read_pages(cpo, partner, answer) == []


async def test_a_link_to_another_scheme_is_not_followed(cpo: Platform, partner: Partner) -> None:
    answer = enveloped([1], Link='<file:///etc/passwd>; rel="next"')
    with pytest.raises(FarEndFailed, match="not an http"):
        await read_pages(cpo, partner, answer)


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ('<https://a/b?c=1,2>; rel="next"', "https://a/b?c=1,2"),
        ("<https://a>; rel=next", "https://a"),
        ('<https://z>; rel="prev", <https://a>;rel="next"', "https://a"),
        ('<https://z>; rel="last"', None),
        ("", None),
        (None, None),
        ("<>; rel=next", None),
        ("nonsense", None),
    ],
)
def test_links(link: str | None, leads: str | None) -> None:
    assert partners.next_page(link) == leads


async def test_what_is_asked_bears_the_ids_and_the_routing(
    cpo: Platform, partner: Partner, clock: SetClock
) -> None:
    data(await post(cpo, partner))
    partner.asked.clear()
    await get(cpo, await the_party(cpo))
    (asked,) = partner.asked
    assert {n: asked.headers[n] for n in asked.headers if n.startswith("ocpi-")} == {
        "ocpi-from-country-code": "DE",
        "ocpi-from-party-id": "DEP",
        "ocpi-to-country-code": "NL",
        "ocpi-to-party-id": "MSP",
    }
    assert asked.headers["x-request-id"] != asked.headers["x-correlation-id"]


async def test_a_partner_that_answers_again_is_no_problem_any_more(
    cpo: Platform, partner: Partner, clock: SetClock
) -> None:
    data(await post(cpo, partner))
    partner.answers["/2.2.1/tokens"] = HTML
    with pytest.raises(FarEndFailed, match="not JSON"):
        await get(cpo, await the_party(cpo))
    assert "not JSON" in (await cpo.only_party())["problem"]
    del partner.answers["/2.2.1/tokens"]
    clock.forward(minutes=5)
    assert (await get(cpo, await the_party(cpo))).done
    party = await the_party(cpo)
    assert (party.problem, party.last_seen_at) == (None, clock.now())
