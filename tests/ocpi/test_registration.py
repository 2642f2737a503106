"""A partner registers with us over real HTTP: invitation, credentials, rotation, leaving (OCPI 2.2.1 §7)."""

from typing import Any

import pytest

from csms.services.registration import GRACE
from tests.ocpi.partner import Partner, enveloped
from tests.ocpi.site import Platform, data, in_base64
from tests.wire.appliance import SetClock

CREDENTIALS = "/2.2.1/credentials"


async def registered(cpo: Platform, partner: Partner) -> tuple[str, str]:
    """Return token A and token C of a partner that has registered."""
    invited = await cpo.verb("party.invite", role="EMSP")
    answer = await cpo.ask("POST", CREDENTIALS, invited["token"], partner.credentials())
    return invited["token"], data(answer)["token"]


async def test_a_partner_registers_while_we_ask_for_its_versions(cpo: Platform, partner: Partner) -> None:
    invited = await cpo.verb("party.invite", role="EMSP")
    assert invited["versionsUrl"] == cpo.versions_url
    token = invited["token"]
    assert data(await cpo.ask("GET", "/versions", token)) == [
        {"version": "2.2.1", "url": f"{cpo.url}/ocpi/2.2.1"}
    ]
    details = data(await cpo.ask("GET", "/2.2.1", token))
    assert {
        "identifier": "credentials",
        "role": "RECEIVER",
        "url": f"{cpo.url}/ocpi{CREDENTIALS}",
    } in details["endpoints"]
    ours = data(await cpo.ask("POST", CREDENTIALS, token, partner.credentials()))
    assert partner.paths() == ["GET /versions", "GET /2.2.1"]
    assert ours["url"] == cpo.versions_url
    assert ours["roles"] == [
        {"role": "CPO", "party_id": "DEP", "country_code": "DE", "business_details": {"name": "Depot"}}
    ]
    assert ours["token"] not in (token, partner.token)
    party = await cpo.only_party()
    assert (party["status"], party["name"], party["version"]) == ("REGISTERED", "Fake Mobility", "2.2.1")
    assert {e["module"]: e["interface"] for e in party["endpoints"]}["tokens"] == "SENDER"


async def test_get_returns_ours_with_the_token_in_use(cpo: Platform, partner: Partner) -> None:
    """Pitfall 25: the server's credentials, not the caller's own."""
    _, token = await registered(cpo, partner)
    shown = data(await cpo.ask("GET", CREDENTIALS, token))
    assert (shown["token"], shown["url"], shown["roles"][0]["role"]) == (token, cpo.versions_url, "CPO")


async def test_the_invitation_ends_with_the_first_use_of_what_it_gave(
    cpo: Platform, partner: Partner
) -> None:
    invitation, token = await registered(cpo, partner)
    data(await cpo.ask("GET", "/versions", token))
    data(await cpo.ask("GET", "/versions", invitation), http=401, status=2000)


async def test_a_lost_answer_is_asked_for_again_with_the_same_token_b(
    cpo: Platform, partner: Partner, clock: SetClock
) -> None:
    invitation, lost = await registered(cpo, partner)
    again = data(await cpo.ask("POST", CREDENTIALS, invitation, partner.credentials()))["token"]
    assert again != lost
    data(await cpo.ask("GET", "/versions", again))
    partner.token = "another-token"
    data(await cpo.ask("POST", CREDENTIALS, invitation, partner.credentials()), http=401, status=2000)


async def test_an_invitation_that_was_used_is_nobody_elses(
    cpo: Platform, partner: Partner, clock: SetClock
) -> None:
    invitation, _ = await registered(cpo, partner)
    partner.token = "another-token"
    data(await cpo.ask("POST", CREDENTIALS, invitation, partner.credentials()), http=405, status=2000)
    partner.token = "token-b-of-the-partner"
    clock.at += GRACE
    data(await cpo.ask("POST", CREDENTIALS, invitation, partner.credentials()), http=401, status=2000)


async def test_an_invitation_ends_after_thirty_days(cpo: Platform, clock: SetClock) -> None:
    invited = await cpo.verb("party.invite")
    clock.forward(days=30)
    data(await cpo.ask("GET", "/versions", invited["token"]), http=401, status=2000)


async def test_http_405_where_the_method_does_not_fit_the_state(cpo: Platform, partner: Partner) -> None:
    """Pitfall 5: 405, not 401 or 200."""
    invited = (await cpo.verb("party.invite"))["token"]
    data(await cpo.ask("PUT", CREDENTIALS, invited, partner.credentials()), http=405, status=2000)
    data(await cpo.ask("DELETE", CREDENTIALS, invited), http=405, status=2000)
    _, token = await registered(cpo, partner)
    data(await cpo.ask("POST", CREDENTIALS, token, partner.credentials()), http=405, status=2000)


async def test_put_exchanges_tokens_and_old_ones_live_until_the_new_one_is_used(
    cpo: Platform, partner: Partner
) -> None:
    """Pitfall 3: nobody is locked out by an answer that is lost."""
    _, old = await registered(cpo, partner)
    data(await cpo.ask("GET", "/versions", old))
    partner.token = "second-token-of-the-partner"
    new = data(await cpo.ask("PUT", CREDENTIALS, old, partner.credentials()))["token"]
    data(await cpo.ask("GET", "/versions", old))
    partner.token = "third-token-of-the-partner"
    newer = data(await cpo.ask("PUT", CREDENTIALS, old, partner.credentials()))["token"]
    assert len({old, new, newer}) == 3
    data(await cpo.ask("GET", "/versions", newer))
    data(await cpo.ask("GET", "/versions", old), http=401, status=2000)


async def test_put_takes_new_roles_and_endpoints(cpo: Platform, partner: Partner) -> None:
    _, token = await registered(cpo, partner)
    partner.roles = [*partner.roles, {**partner.roles[0], "party_id": "TWO"}]
    endpoint = {"identifier": "credentials", "role": "SENDER", "url": partner.url("/elsewhere")}
    partner.answers["/2.2.1"] = enveloped({"version": "2.2.1", "endpoints": [endpoint]})
    data(await cpo.ask("PUT", CREDENTIALS, token, partner.credentials()))
    party = await cpo.only_party()
    assert [role["partyId"] for role in party["roles"]] == ["MSP", "TWO"]
    assert [each["url"] for each in party["endpoints"]] == [partner.url("/elsewhere")]


async def test_a_put_that_fails_changes_nothing(cpo: Platform, partner: Partner) -> None:
    _, token = await registered(cpo, partner)
    before = await cpo.only_party()
    changed = partner.credentials("a-token-the-partner-does-not-know")
    data(await cpo.ask("PUT", CREDENTIALS, token, changed), status=3001)
    data(await cpo.ask("GET", CREDENTIALS, token))
    assert await cpo.only_party() == before
    assert (await cpo.verb("party.sync", party=before["id"]))["failed"] == {}


async def test_delete_ends_both_sides_at_once(cpo: Platform, partner: Partner) -> None:
    _, token = await registered(cpo, partner)
    assert data(await cpo.ask("DELETE", CREDENTIALS, token)) is None
    data(await cpo.ask("GET", "/versions", token), http=401, status=2000)
    party = await cpo.only_party()
    assert party["status"] == "UNREGISTERED"
    kept = await cpo.csms.rows("SELECT their_token, their_token_before FROM parties")
    assert kept == [{"their_token": None, "their_token_before": None}]
    await registered(cpo, partner)  # its roles are free again


async def test_a_role_belongs_to_one_partner(cpo: Platform, partner: Partner) -> None:
    await registered(cpo, partner)
    invited = (await cpo.verb("party.invite"))["token"]
    partner.roles = [{**partner.roles[0], "party_id": "msp", "country_code": "nl"}]
    data(await cpo.ask("POST", CREDENTIALS, invited, partner.credentials()), status=2001)


async def test_nobody_takes_our_own_role(cpo: Platform, partner: Partner) -> None:
    invited = (await cpo.verb("party.invite"))["token"]
    partner.roles = [{**partner.roles[0], "role": "CPO", "party_id": "DEP", "country_code": "DE"}]
    data(await cpo.ask("POST", CREDENTIALS, invited, partner.credentials()), status=2001)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"token": None},
        {"token": "x" * 65},
        {"token": "two words"},
        {"url": None},
        {"roles": []},
        {"roles": None},
        {"roles": [{"role": "EMSP"}]},
        {"roles": [{"role": "KING", "country_code": "NL", "party_id": "MSP"}]},
        {"roles": [{"role": "EMSP", "country_code": "NLD", "party_id": "MSP"}]},
        {"roles": [{"role": "EMSP", "country_code": "NL", "party_id": "MSP"}] * 2},
    ],
)
async def test_credentials_that_are_none_are_2001(
    cpo: Platform, partner: Partner, spoiled: dict[str, Any]
) -> None:
    invited = (await cpo.verb("party.invite"))["token"]
    body = partner.credentials() | spoiled
    data(await cpo.ask("POST", CREDENTIALS, invited, body), status=2001)
    assert (await cpo.only_party())["status"] == "INVITED"
    assert partner.asked == []


async def test_a_partner_that_wants_its_token_plain_is_asked_that_way(
    cpo: Platform, partner: Partner
) -> None:
    """Pitfall 1: older peers send and expect the token without Base64."""
    partner.wants_plain = True
    invited = (await cpo.verb("party.invite"))["token"]
    plain = {"Authorization": f"Token {invited}"}
    data(await cpo.ask("POST", CREDENTIALS, None, partner.credentials(), **plain))
    assert [asked.headers["authorization"] for asked in partner.asked] == [f"Token {partner.token}"] * 2
    assert (await cpo.only_party())["tokenForm"] == "PLAIN"


async def test_a_partner_that_sends_one_form_may_want_the_other(cpo: Platform, partner: Partner) -> None:
    partner.wants_plain = True
    await registered(cpo, partner)
    assert (await cpo.only_party())["tokenForm"] == "PLAIN"
    assert [asked.headers["authorization"] for asked in partner.asked] == [
        f"Token {in_base64(partner.token)}",
        f"Token {partner.token}",
        f"Token {partner.token}",
    ]


async def test_no_token_is_kept_in_the_clear(cpo: Platform, partner: Partner) -> None:
    invitation, token = await registered(cpo, partner)
    kept = str(await cpo.csms.rows("SELECT * FROM parties")) + str(
        await cpo.csms.rows("SELECT * FROM party_tokens")
    )
    audited = str(await cpo.csms.rows("SELECT * FROM audit"))
    for secret in (invitation, token, partner.token):
        assert secret not in kept + audited
