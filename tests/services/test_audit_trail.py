"""The audit is a chain: whatever is altered, removed or slipped in afterwards shows."""

import uuid

import pytest
import trio

from csms.errors import InvalidInput, NotAllowed
from csms.services import verbs
from csms.services.access import Caller, Role
from csms.store.connection import Database
from tests.wire.appliance import Appliance


async def changed(csms: Appliance, times: int = 5) -> None:
    for number in range(times):
        await csms.verb("token.add", uid=f"TOKEN-{number}")


async def tamper(csms: Appliance, sql: str) -> None:
    def work(db: Database) -> int:
        return db.run(sql)

    assert await csms.unit.store.write(work) == 1


async def test_the_chain_of_untouched_changes_is_whole(csms: Appliance) -> None:
    await changed(csms)
    before = await csms.verb("audit.verify")
    assert before["intact"] is True
    assert before["links"] == len(await csms.verb("audit.list")) >= 5
    await csms.verb("token.add", uid="LATER")
    after = await csms.verb("audit.verify", expect=before["digest"])
    assert (after["intact"], after["links"]) == (True, before["links"] + 1)
    assert after["digest"] != before["digest"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE id = (SELECT MIN(id) + 2 FROM audit)",
        "UPDATE audit SET detail = '{}' WHERE id = (SELECT MIN(id) + 2 FROM audit)",
        "DELETE FROM audit WHERE id = (SELECT MIN(id) + 2 FROM audit)",
        "DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)",
        """INSERT INTO audit (tenant_id, at, actor, action, subject, origin, detail, digest)
           SELECT tenant_id, at, 'nobody', action, subject, origin, detail, digest FROM audit
           WHERE id = (SELECT MAX(id) FROM audit)""",
    ],
)
async def test_whatever_is_done_to_a_row_shows(csms: Appliance, sql: str) -> None:
    await changed(csms)
    await tamper(csms, sql)
    found = await csms.verb("audit.verify")
    assert found["intact"] is False
    assert found["brokenAt"] > 0
    assert found["reason"]


async def test_a_chain_written_anew_lacks_the_digest_somebody_kept(csms: Appliance) -> None:
    await changed(csms)
    found = await csms.verb("audit.verify", expect="0" * 64)
    assert found["intact"] is False
    assert "written anew" in found["reason"]


async def test_changes_made_at_once_are_one_chain(csms: Appliance) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(lambda uid=f"T{number}": csms.verb("token.add", uid=uid))  # type: ignore[misc]
    found = await csms.verb("audit.verify")
    assert (found["intact"], found["links"]) == (True, len(await csms.verb("audit.list")))


async def test_a_change_that_fails_leaves_no_link(csms: Appliance) -> None:
    await changed(csms)
    before = await csms.verb("audit.verify")
    with pytest.raises(InvalidInput):
        await csms.verb("token.add", uid="")
    assert await csms.verb("audit.verify") == before


async def test_only_who_is_bound_to_no_tenant_may_look_at_everybodys_changes(csms: Appliance) -> None:
    admin = Caller("admin", Role.TENANT_ADMIN, "some tenant", "test")
    with pytest.raises(NotAllowed):
        await verbs.perform("audit.verify", {}, admin, csms.unit)


async def test_a_change_says_what_was_before_and_after(csms: Appliance) -> None:
    await csms.verb("station.update", station="CP1", name="north")
    await csms.verb("station.update", station="CP1", name="south")
    await csms.verb("token.add", uid="T1")
    await csms.verb("token.blocked", uid="T1", blocked=True)
    token, _, south, *_ = [row["detail"] for row in await csms.verb("audit.list")]
    assert token == {"before": False, "after": True}
    assert (south["before"]["name"], south["after"]["name"]) == ("north", "south")


async def test_a_tenant_is_found_by_a_uuid_as_others_write_it(csms: Appliance) -> None:
    shown = await csms.verb("tenant.show", tenant="default")
    dashed = str(uuid.UUID(shown["id"])).upper()
    assert (await csms.verb("tenant.show", tenant=dashed))["id"] == shown["id"]


async def test_an_argument_that_does_not_fit_is_named(csms: Appliance) -> None:
    with pytest.raises(InvalidInput, match=r"^limit: expected int, got str$"):
        await csms.verb("audit.list", limit="many")
