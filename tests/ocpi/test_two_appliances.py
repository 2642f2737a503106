"""Two appliances register with each other over real loopback HTTP: an operator of stations and a provider."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from csms.errors import Conflict, FarEndFailed, NotFound
from csms.model.party import Interface, Module, Party, serves
from csms.services import parties, partners
from csms.services.access import LOCAL_OPERATOR
from csms.services.ports import PartnerAnswer, PartnerCall
from csms.store.connection import open_store
from tests.ocpi.site import Platform, listening, platform
from tests.wire.appliance import SetClock


@pytest.fixture
async def msp(clock: SetClock, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Platform]:
    """The appliance of an eMSP."""
    shutil.copyfile(sqlite_template, tmp_path / "msp.db")
    async with (
        open_store(f"sqlite:///{tmp_path / 'msp.db'}") as store,
        platform(store, clock, name="Mobility", kind="MSP", party_id="MOB", seed=2) as made,
    ):
        yield made


async def met(cpo: Platform, msp: Platform) -> tuple[Party, Party]:
    """Let the eMSP register with the CPO; returns the CPO's and the eMSP's view of the other."""
    invited = await cpo.verb("party.invite", role="EMSP", name="the provider")
    await msp.verb("party.register", versions_url=invited["versionsUrl"], token=invited["token"])
    return await view(cpo), await view(msp)


async def view(platform: Platform) -> Party:
    (found,) = await platform.csms.unit.read(lambda tx: parties.list_parties(tx, LOCAL_OPERATOR))
    return found


async def greet(one: Platform, other: Party) -> PartnerAnswer:
    """Ask a registered partner for our credentials there: what needs a good token."""
    request = partners.Request(method="GET", module=Module.CREDENTIALS, interface=Interface.RECEIVER)
    return await partners.ask(one.csms.house, other, request)


async def test_they_register_and_know_each_other(cpo: Platform, msp: Platform) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    assert (at_cpo.status, at_msp.status) == ("REGISTERED", "REGISTERED")
    assert (at_cpo.name, at_msp.name) == ("the provider", "Depot")
    assert [(r.role, r.country_code, r.party_id) for r in at_cpo.roles] == [("EMSP", "DE", "MOB")]
    assert [(r.role, r.country_code, r.party_id) for r in at_msp.roles] == [("CPO", "DE", "DEP")]
    assert at_cpo.versions_url == msp.versions_url
    assert at_cpo.endpoint("credentials", Interface.SENDER) == f"{msp.url}/ocpi/2.2.1/credentials"
    assert (await greet(cpo, at_cpo)).done
    assert (await greet(msp, at_msp)).done


async def test_after_rotation_from_either_side_both_directions_go_on(cpo: Platform, msp: Platform) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    before = await tokens(cpo), await tokens(msp)
    await cpo.verb("party.rotate", party="DE*MOB")
    await msp.verb("party.rotate", party="de-dep")
    assert (await greet(cpo, at_cpo)).done
    assert (await greet(msp, at_msp)).done
    after = await tokens(cpo), await tokens(msp)
    assert not (before[0] & after[0]) | (before[1] & after[1])
    assert (len(after[0]), len(after[1])) == (1, 1)


async def tokens(platform: Platform) -> set[str]:
    """Return the digests of the tokens that a partner may come with."""
    return {row["digest"] for row in await platform.csms.rows("SELECT digest FROM party_tokens")}


class Lossy:
    """The way to partners that loses answers: the request arrives, the answer does not."""

    def __init__(self, platform: Platform, method: str, losses: int) -> None:
        self._link = platform.csms.house.partners
        self._method = method
        self.losses = losses

    async def ask(self, call: PartnerCall) -> PartnerAnswer:
        answer = await self._link.ask(call)
        if call.method == self._method and self.losses:
            self.losses -= 1
            raise FarEndFailed("the line broke")
        return answer


def lose(platform: Platform, method: str, losses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_seconds: float) -> None:
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr("csms.services.registering.trio.sleep", at_once)
    object.__setattr__(platform.csms.house, "partners", Lossy(platform, method, losses))


async def test_a_lost_answer_to_the_registration_is_asked_for_again(
    cpo: Platform, msp: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(msp, "POST", 2, monkeypatch)
    at_cpo, at_msp = await met(cpo, msp)
    assert (await greet(cpo, at_cpo)).done
    assert (await greet(msp, at_msp)).done


async def test_a_registration_whose_answers_were_all_lost_goes_on_when_repeated(
    cpo: Platform, msp: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(msp, "POST", 3, monkeypatch)
    invited = await cpo.verb("party.invite")
    asked = {"versions_url": invited["versionsUrl"], "token": invited["token"]}
    with pytest.raises(FarEndFailed, match="the line broke"):
        await msp.verb("party.register", **asked)
    assert (await msp.only_party())["status"] == "REGISTERING"
    assert (await msp.only_party())["problem"] == "the line broke"
    assert (await cpo.only_party())["status"] == "REGISTERED"
    registered = await msp.verb("party.register", **asked)
    assert (registered["status"], registered["problem"]) == ("REGISTERED", None)
    assert (await greet(cpo, await view(cpo))).done
    assert (await greet(msp, await view(msp))).done


async def test_a_rotation_whose_answers_were_all_lost_locks_nobody_out(
    cpo: Platform, msp: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    assert (await greet(msp, at_msp)).done
    lose(msp, "PUT", 3, monkeypatch)
    with pytest.raises(FarEndFailed, match="the line broke"):
        await msp.verb("party.rotate", party=at_msp.id)
    assert (await greet(cpo, at_cpo)).done
    assert (await greet(msp, at_msp)).done
    await msp.verb("party.rotate", party=at_msp.id)
    assert (await greet(cpo, at_cpo)).done
    assert (await greet(msp, at_msp)).done


async def test_a_registration_survives_a_restart(cpo: Platform, msp: Platform) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    async with listening(await cpo.csms.restarted()) as again:
        assert (await greet(again, at_cpo)).done
        request = partners.Request(
            method="GET",
            module=Module.CREDENTIALS,
            interface=Interface.RECEIVER,
            url=f"{again.url}/ocpi/2.2.1/credentials",
        )
        assert (await partners.ask(msp.csms.house, at_msp, request)).done


async def test_who_leaves_is_let_go_by_the_other(cpo: Platform, msp: Platform) -> None:
    _, at_msp = await met(cpo, msp)
    removed = await cpo.verb("party.remove", party="the provider")
    assert (removed["status"], removed["told"]) == ("REMOVED", True)
    assert (await msp.only_party())["status"] == "UNREGISTERED"
    assert await cpo.verb("party.list") == []
    assert [each["status"] for each in await cpo.verb("party.list", removed=True)] == ["REMOVED"]
    with pytest.raises(Conflict, match="UNREGISTERED"):
        await greet(msp, at_msp)
    with pytest.raises(NotFound):
        await cpo.verb("party.show", party="the provider")
    invited = await cpo.verb("party.invite")
    await msp.verb("party.register", versions_url=invited["versionsUrl"], token=invited["token"])
    assert [each["status"] for each in await msp.verb("party.list")] == ["UNREGISTERED", "REGISTERED"]


async def test_who_cannot_be_told_is_removed_all_the_same(cpo: Platform, msp: Platform) -> None:
    await met(cpo, msp)
    object.__setattr__(cpo.csms.house, "partners", Lossy(cpo, "DELETE", 1))
    removed = await cpo.verb("party.remove", party="DE*MOB")
    assert (removed["status"], removed["told"]) == ("REMOVED", False)


async def test_a_suspended_partner_is_refused_and_asked_nothing_until_it_is_resumed(
    cpo: Platform, msp: Platform
) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    await cpo.verb("party.suspend", party=at_cpo.id)
    assert (await greet(msp, at_msp)).http == 403
    with pytest.raises(Conflict, match="SUSPENDED"):
        await greet(cpo, at_cpo)
    await cpo.verb("party.suspend", party=at_cpo.id, suspended=False)
    assert (await greet(msp, at_msp)).done
    assert (await greet(cpo, at_cpo)).done


async def test_two_tenants_of_one_appliance_may_be_partners(cpo: Platform) -> None:
    await cpo.verb("tenant.add", name="Mobility", tenant_type="MSP", party_id="MOB")
    invited = await cpo.verb("party.invite", tenant="Depot")
    asked = {"versions_url": invited["versionsUrl"], "token": invited["token"], "tenant": "Mobility"}
    await cpo.verb("party.register", **asked)
    (at_depot,) = await cpo.verb("party.list", tenant="Depot")
    (at_mobility,) = await cpo.verb("party.list", tenant="Mobility")
    assert [role["partyId"] for role in at_depot["roles"]] == ["MOB"]
    assert [role["partyId"] for role in at_mobility["roles"]] == ["DEP"]
    with pytest.raises(NotFound):
        await cpo.verb("party.show", party=at_depot["id"], tenant="Mobility")


async def test_the_endpoints_told_are_those_of_the_tenants_roles(cpo: Platform, msp: Platform) -> None:
    at_cpo, at_msp = await met(cpo, msp)
    for reached, other in ((cpo, at_msp), (msp, at_cpo)):
        roles = [role.role for role in other.roles]
        for endpoint in other.endpoints:
            assert endpoint.url.startswith(f"{reached.url}/ocpi/2.2.1/")
            assert endpoint.interface is not None
            assert serves(roles, Module(endpoint.module), endpoint.interface)
