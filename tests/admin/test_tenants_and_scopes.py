"""A tenant sees only its own, nobody hands out more than the own role, and a scope only takes away."""

from typing import Any

import pytest

from csms.services import stations, tenants, tokens
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx
from tests.wire.appliance import Appliance, Rest
from tests.wire.furniture import ARITHMETIC


async def get(rest: Rest, path: str, **query: Any) -> dict[str, Any]:
    answer = await rest.ask("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_tenant_sees_and_touches_only_its_own(csms: Appliance, rest: Rest) -> None:
    def work(tx: Tx) -> None:
        tenants.add(tx, LOCAL_OPERATOR, name="other", party_id="OTH")
        stations.add(tx, LOCAL_OPERATOR, station_id="CP1", tenant="other", security_profile=0)
        stations.add(tx, LOCAL_OPERATOR, station_id="OTHER", tenant="other", security_profile=0)
        tokens.add(tx, LOCAL_OPERATOR, uid="SECRET", tenant="other")

    await csms.unit.run(work)
    async with csms.rest("TENANT_ADMIN", tenant="default") as admin:
        assert [s["stationId"] for s in (await get(admin, "/stations"))["content"]] == ["CP1"]
        assert (await get(admin, "/tokens", search="SECRET"))["totalElements"] == 0
        nothing = await admin.ask("GET", "/stations/NOPE")
        for method, path, body in [
            ("GET", "/stations/OTHER", None),
            ("DELETE", "/stations/OTHER", None),
            ("PATCH", "/stations/OTHER", {"name": "mine"}),
            ("POST", "/stations/OTHER/calls/Reset", {"type": "Soft"}),
        ]:
            answer = await admin.ask(method, path, body)
            assert answer.status_code == 404
            if method == "GET":
                assert answer.json()["detail"] == nothing.json()["detail"].replace("NOPE", "OTHER")
        for path in ("/stations", "/tokens", "/audit", "/users"):
            named = await admin.ask("GET", path, params={"tenant": "other"})
            missing = await admin.ask("GET", path, params={"tenant": "nobody"})
            assert (named.status_code, missing.status_code) == (404, 404)
            assert named.json()["detail"].replace("other", "") == missing.json()["detail"].replace(
                "nobody", ""
            )
        assert {entry["tenantId"] for entry in (await get(admin, "/audit"))["content"]} <= {
            (await csms.verb("tenant.show", tenant="default"))["id"]
        }


async def test_the_same_address_may_belong_to_users_of_two_tenants(csms: Appliance) -> None:
    await csms.unit.run(lambda tx: tenants.add(tx, LOCAL_OPERATOR, name="other", party_id="OTH"))
    async with csms.rest("TENANT_ADMIN", tenant="other") as other:
        user = {"email": "ops@example.com", "role": "VIEWER", "password": "correct horse battery"}
        assert (await other.ask("POST", "/users", user)).status_code == 201
        async with csms.rest("TENANT_ADMIN", tenant="default") as mine:
            made = await mine.ask("POST", "/users", user | {"password": "wrong horse battery"})
            assert made.status_code == 201
            form = {
                "grant_type": "password",
                "username": "ops@example.com",
                "password": "wrong horse battery",
            }
            token = (await mine.client.post("/oauth2/token", data=form)).json()["access_token"]
            found = await mine.ask("GET", "/stations", headers={"Authorization": f"Bearer {token}"})
            assert [s["stationId"] for s in found.json()["content"]] == ["CP1"]


@pytest.mark.parametrize(
    ("role", "given", "status"),
    [
        ("TENANT_ADMIN", "TENANT_ADMIN", 201),
        ("TENANT_ADMIN", "SUPER_ADMIN", 403),
        ("OPERATOR", "VIEWER", 403),
        ("SUPER_ADMIN", "SUPER_ADMIN", 201),
    ],
)
@ARITHMETIC
async def test_nobody_hands_out_more_than_the_own_role(
    csms: Appliance, role: str, given: str, status: int
) -> None:
    async with csms.rest(role) as admin:
        body = {"email": "x@example.com", "role": given, "password": "correct horse battery"}
        assert (await admin.ask("POST", "/users", body)).status_code == status


async def test_a_scope_narrows_a_key(csms: Appliance) -> None:
    async with csms.rest(scope="*.read") as reader:
        assert (await reader.ask("GET", "/stations")).status_code == 200
        answer = await reader.ask("POST", "/stations", {"stationId": "N1"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_a_narrow_key_cannot_make_a_wider_one(csms: Appliance, rest: Rest) -> None:
    async with csms.rest(scope="user.*") as narrow:
        [me] = [u for u in (await get(narrow, "/users"))["content"] if u["role"] == "SUPER_ADMIN"][:1]
        made = await narrow.ask("POST", f"/users/{me['id']}/api-keys", {"name": "wide"})
        assert (made.status_code, made.json()["scope"]) == (201, "user.read user.write"), made.text
