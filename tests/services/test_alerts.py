"""Alerts: one of a key at a time, told once, however often the cause comes again."""

from collections.abc import Callable
from typing import Any

import pytest

from csms.errors import Conflict, NotAllowed, NotFound
from csms.model.alert import Alert, AlertCategory, AlertSeverity
from csms.services import alerts, verbs
from csms.services.access import Caller, Role
from csms.services.unit import Tx
from tests.wire.appliance import Appliance

VIEWER = Caller("v", Role.VIEWER, None, "test")


def raised(
    tenant_id: str, severity: AlertSeverity = AlertSeverity.MEDIUM, **more: Any
) -> Callable[[Tx], Alert]:
    about = {"key": "meter:CP1", "text": "the meter is silent", "station_id": "CP1"} | more
    return lambda tx: alerts.raise_alert(
        tx, tenant_id=tenant_id, severity=severity, category=AlertCategory.SYSTEM_ERROR, **about
    )


async def tenant_of(csms: Appliance, name: str = "default") -> str:
    shown = await csms.verb("tenant.show", tenant=name)
    return str(shown["id"])


async def told(csms: Appliance) -> list[str]:
    return [
        row["kind"] for row in await csms.rows("SELECT kind FROM outbox WHERE kind LIKE 'alert%' ORDER BY id")
    ]


async def test_a_cause_that_comes_again_counts_up(csms: Appliance) -> None:
    tenant = await tenant_of(csms)
    first = await csms.unit.run(raised(tenant, detail={"reading": 7}))
    csms.clock.forward(minutes=5)
    await csms.unit.run(raised(tenant, text="the meter is still silent"))
    [shown] = await csms.verb("alert.list")
    assert (shown["id"], shown["count"], shown["message"]) == (first.id, 2, "the meter is still silent")
    assert shown["raisedAt"] < shown["lastAt"]
    assert await told(csms) == ["alert.raised"]


async def test_what_has_become_more_urgent_is_told_again(csms: Appliance) -> None:
    tenant = await tenant_of(csms)
    for severity in (AlertSeverity.LOW, AlertSeverity.CRITICAL, AlertSeverity.HIGH):
        await csms.unit.run(raised(tenant, severity))
    assert await told(csms) == ["alert.raised", "alert.raised"]
    assert [a["severity"] for a in await csms.verb("alert.list")] == ["HIGH"]


async def test_after_it_was_cleared_it_is_a_new_one(csms: Appliance) -> None:
    tenant = await tenant_of(csms)
    old = await csms.unit.run(raised(tenant))
    assert await csms.unit.run(lambda tx: alerts.clear(tx, tenant, "meter:CP1")) is True
    assert await csms.unit.run(lambda tx: alerts.clear(tx, tenant, "meter:CP1")) is False
    csms.clock.forward(minutes=1)
    new = await csms.unit.run(raised(tenant))
    assert new.id != old.id
    assert [a["id"] for a in await csms.verb("alert.list")] == [new.id]
    assert [a["id"] for a in await csms.verb("alert.list", cleared=True)] == [new.id, old.id]
    assert await told(csms) == ["alert.raised", "alert.cleared", "alert.raised"]


async def test_all_of_a_prefix_end_together(csms: Appliance) -> None:
    tenant = await tenant_of(csms)
    for key in ("event:CP1:1", "event:CP1:2", "event:CP10:1"):
        await csms.unit.run(raised(tenant, key=key))
    assert await csms.unit.run(lambda tx: alerts.clear_all(tx, tenant, "event:CP1:")) == 2
    assert [a["key"] for a in await csms.verb("alert.list")] == ["event:CP10:1"]


async def test_operators_acknowledge_and_end_them(csms: Appliance) -> None:
    alert = await csms.unit.run(raised(await tenant_of(csms)))
    seen = await csms.verb("alert.acknowledge", alert=alert.id)
    assert (seen["acknowledgedBy"], seen["clearedAt"]) == ("local operator", None)
    over = await csms.verb("alert.clear", alert=alert.id)
    assert over["clearedAt"] is not None
    with pytest.raises(Conflict):
        await csms.verb("alert.clear", alert=alert.id)
    assert {row["action"] for row in await csms.verb("audit.list")} >= {"alert.acknowledge", "alert.clear"}


async def test_a_tenant_sees_and_touches_only_its_own(csms: Appliance) -> None:
    ours = await csms.unit.run(raised(await tenant_of(csms)))
    other = await csms.verb("tenant.add", name="other", party_id="OTH")
    theirs = await csms.unit.run(raised(other["id"]))
    operator = Caller("o", Role.OPERATOR, other["id"], "test")
    [shown] = await verbs.perform("alert.list", {}, operator, csms.unit)
    assert shown["id"] == theirs.id
    with pytest.raises(NotFound):
        await verbs.perform("alert.acknowledge", {"alert": ours.id}, operator, csms.unit)
    with pytest.raises(NotAllowed):
        await verbs.perform("alert.acknowledge", {"alert": ours.id}, VIEWER, csms.unit)
    assert {a["id"] for a in await csms.verb("alert.list")} == {ours.id, theirs.id}


async def test_lists_are_narrowed_by_station_and_severity(csms: Appliance) -> None:
    tenant = await tenant_of(csms)
    await csms.unit.run(raised(tenant, key="a", station_id="CP2"))
    await csms.unit.run(raised(tenant, AlertSeverity.CRITICAL, key="b"))
    await csms.unit.run(raised(tenant, key="c", station_id=None))
    assert [a["key"] for a in await csms.verb("alert.list", station="CP2")] == ["a"]
    assert [a["key"] for a in await csms.verb("alert.list", severity="CRITICAL")] == ["b"]
    assert len(await csms.verb("alert.list")) == 3
