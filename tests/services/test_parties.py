"""Roaming partners on either database: invitation, registration, rotation, suspension, leaving, what ends in time."""

from collections.abc import AsyncIterator

import pytest
import trio

from csms.errors import Conflict, InvalidInput, NotFound
from csms.model.party import Interface, Module, OcpiRole, serves
from csms.services import pruning
from tests.ocpi.partner import Partner
from tests.ocpi.site import Platform, data, listening
from tests.wire.appliance import Appliance, SetClock

CREDENTIALS = "/2.2.1/credentials"


@pytest.fixture
async def reached(csms: Appliance) -> AsyncIterator[Platform]:
    async with listening(csms) as made:
        yield made


@pytest.fixture
async def partner(nursery: trio.Nursery) -> Partner:
    made = Partner()
    await nursery.start(made.run)
    return made


async def test_a_connection_from_invitation_to_removal(reached: Platform, partner: Partner) -> None:
    invited = await reached.verb("party.invite", role="EMSP", name="Fake")
    token = data(await reached.ask("POST", CREDENTIALS, invited["token"], partner.credentials()))["token"]
    data(await reached.ask("GET", CREDENTIALS, token))
    rotated = await reached.verb("party.rotate", party="fake")
    assert rotated["status"] == "REGISTERED"
    sent = [asked.json["token"] for asked in partner.asked if asked.method == "PUT"]
    data(await reached.ask("GET", CREDENTIALS, sent[0]))
    data(await reached.ask("GET", CREDENTIALS, token), http=401, status=2000)
    await reached.verb("party.suspend", party="NL*MSP")
    data(await reached.ask("GET", CREDENTIALS, sent[0]), http=403, status=2000)
    assert (await reached.verb("party.remove", party="NLMSP"))["told"]
    assert await reached.csms.rows("SELECT * FROM party_tokens") == []
    assert await reached.csms.rows("SELECT * FROM party_roles") == []
    actions = [row["action"] for row in await reached.csms.rows("SELECT action FROM audit ORDER BY id")]
    assert [action for action in actions if action.startswith("party.")] == [
        *("party.invite", "party.registered", "party.agreed", "party.suspend", "party.remove")
    ]


async def test_two_partners_that_claim_the_same_role_at_once_get_it_once(
    reached: Platform, partner: Partner
) -> None:
    tokens = [(await reached.verb("party.invite"))["token"] for _ in range(2)]
    statuses: list[int] = []

    async def post(token: str) -> None:
        answer = await reached.ask("POST", CREDENTIALS, token, partner.credentials())
        statuses.append(answer.json()["status_code"])

    async with trio.open_nursery() as together:
        for token in tokens:
            together.start_soon(post, token)
    assert sorted(statuses) == [1000, 2001]


async def test_who_is_meant(reached: Platform, partner: Partner) -> None:
    first = await reached.verb("party.invite", name="Twin")
    await reached.verb("party.invite", name="twin")
    with pytest.raises(InvalidInput, match="2 partners are called Twin"):
        await reached.verb("party.show", party="Twin")
    assert (await reached.verb("party.show", party=first["id"]))["name"] == "Twin"
    with pytest.raises(NotFound):
        await reached.verb("party.show", party="nobody")


@pytest.mark.parametrize("verb", ["party.suspend", "party.sync", "party.rotate"])
async def test_only_a_registered_partner_is_suspended_synchronised_or_rotated(
    reached: Platform, verb: str
) -> None:
    invited = await reached.verb("party.invite")
    with pytest.raises(Conflict, match="INVITED"):
        await reached.verb(verb, party=invited["id"])


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("ftp://x/", "t"),
        ("http://" + "x" * 260, "t"),
        ("http://x/", ""),
        ("http://x/", "a b"),
        ("http://x/", "x" * 65),
    ],
)
async def test_what_cannot_be_registered_with(reached: Platform, url: str, token: str) -> None:
    with pytest.raises(InvalidInput):
        await reached.verb("party.register", versions_url=url, token=token)
    assert await reached.verb("party.list") == []


async def test_the_same_partner_is_not_registered_with_twice(reached: Platform, partner: Partner) -> None:
    partner.checks_token = False
    await reached.verb("party.register", versions_url=partner.url(), token="a")
    with pytest.raises(Conflict, match="registered already"):
        await reached.verb("party.register", versions_url=partner.url(), token="a")


async def test_tokens_whose_time_is_over_are_forgotten(reached: Platform, clock: SetClock) -> None:
    await reached.verb("party.invite")
    await reached.csms.unit.run(pruning.prune_access)
    assert len(await reached.csms.rows("SELECT * FROM party_tokens")) == 1
    clock.forward(days=30)
    await reached.csms.unit.run(pruning.prune_access)
    assert await reached.csms.rows("SELECT * FROM party_tokens") == []


@pytest.mark.parametrize(
    ("roles", "module", "sender", "receiver"),
    [
        ([OcpiRole.CPO], Module.LOCATIONS, True, False),
        ([OcpiRole.CPO], Module.TOKENS, False, True),
        ([OcpiRole.CPO], Module.COMMANDS, False, True),
        ([OcpiRole.EMSP], Module.CDRS, False, True),
        ([OcpiRole.EMSP], Module.TOKENS, True, False),
        ([OcpiRole.EMSP], Module.CHARGING_PROFILES, True, False),
        ([OcpiRole.CPO, OcpiRole.EMSP], Module.SESSIONS, True, True),
        ([OcpiRole.HUB], Module.TARIFFS, True, True),
        ([OcpiRole.HUB], Module.HUB_CLIENT_INFO, True, False),
        ([OcpiRole.EMSP], Module.HUB_CLIENT_INFO, False, True),
    ],
)
def test_who_serves_what(roles: list[OcpiRole], module: Module, sender: bool, receiver: bool) -> None:
    assert serves(roles, module, Interface.SENDER) is sender
    assert serves(roles, module, Interface.RECEIVER) is receiver
