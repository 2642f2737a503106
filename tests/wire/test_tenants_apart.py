"""Two tenants with the same station ids, token uids and party ids: nothing of the one shows to the other.

Every verb of the table is called for tenant ALPHA, with names that both have, with names only BRAVO has, and with
BRAVO named outright. What comes back, errors included, must hold nothing of BRAVO's, and must be word for word what it
would be for a name that nobody has; and BRAVO's rows must be the same afterwards.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import prometheus_client
import pytest

from csms.admin import metrics
from csms.errors import CsmsError
from csms.model.alert import AlertCategory, AlertSeverity
from csms.services import alerts, present, verbs
from csms.services.access import PERMISSIONS, Caller, Role
from csms.services.verbs import VERBS
from csms.store.connection import Database
from tests.wire.appliance import Appliance
from tests.wire.payloads import boot, start, stop

SECRET: Final = "BRAVO-ONLY"
NOBODY: Final = "NOBODY-HAS"
TARIFF: Final = {
    "country_code": "DE",
    "party_id": "CSM",
    "id": "T1",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19, "step_size": 1}]}],
    "last_updated": "2026-01-01T00:00:00Z",
}


class Two:
    """The appliance with both tenants, and what is known of each."""

    def __init__(self, csms: Appliance) -> None:
        self.csms = csms
        self.ids: dict[str, dict[str, str]] = {"alpha": {}, "bravo": {}}
        self.tenants: dict[str, str] = {}

    def caller(self, role: Role = Role.TENANT_ADMIN) -> Caller:
        """Who belongs to ALPHA."""
        return Caller("admin@alpha", role, self.tenants["alpha"], "test")

    async def ask(self, name: str, args: Mapping[str, Any], role: Role = Role.TENANT_ADMIN) -> str:
        """Return what ALPHA gets, as text: the result or the error."""
        try:
            result = await verbs.perform(name, args, self.caller(role), self.csms.unit, self.csms.house)
        except CsmsError as error:
            return f"{error.code}: {error}"
        return present.encode(result).decode()

    async def fill(self, tenant: str) -> None:
        """Give a tenant the same things by the same names, and BRAVO some of its own."""
        csms = self.csms
        mark = SECRET if tenant == "bravo" else "ALPHA-ONLY"
        self.tenants[tenant] = (await csms.verb("tenant.add", name=tenant, party_id="CSM"))["id"]
        for station in ("SAME", f"{mark}-CP"):
            await csms.verb("station.add", station_id=station, tenant=tenant, security_profile=0, name=mark)
            await csms.verb("station.update", station=station, tenant=tenant, location=mark)
        for uid in ("SAMETAG", f"{mark}-TAG"):
            await csms.verb("token.add", uid=uid, tenant=tenant, group=f"{mark}-GROUP")
        await csms.verb("tariff.add", document=TARIFF | {"id": "SAME-T"}, tenant=tenant)
        await csms.verb("tariff.add", document=TARIFF | {"id": f"{mark}-T"}, tenant=tenant)
        await self._charge(tenant, mark)
        await self._keep(tenant, mark)

    async def _keep(self, tenant: str, mark: str) -> None:
        """Let there be a user with a key, an alert, a place and a wish."""
        csms = self.csms
        user = await csms.verb("user.add", email=f"{mark}@example.com", role="VIEWER", tenant=tenant)
        key = await csms.verb("user.api-key", user=user["id"], name=mark, tenant=tenant)
        await csms.verb("desired.set", name=f"{mark}-setting", value=mark, tenant=tenant)
        place = PLACE | {"id": f"{mark}-PLACE", "name": mark}
        await csms.verb("location.add", document=place, tenant=tenant)
        alert = await csms.unit.run(
            lambda tx: alerts.raise_alert(
                tx,
                tenant_id=self.tenants[tenant],
                severity=AlertSeverity.HIGH,
                category=AlertCategory.SYSTEM_ERROR,
                key=mark,
                text=mark,
                station_id="SAME",
            )
        )
        self.ids[tenant] |= {
            "user": user["id"],
            "key": key["id"],
            "alert": alert.id,
            "location": f"{mark}-PLACE",
        }

    async def _charge(self, tenant: str, mark: str) -> None:
        station = self.csms.line()
        await station.connect(f"/ocpp/{tenant}/SAME")
        await station.call("BootNotification", boot(chargePointSerialNumber=mark))
        begun = await station.call("StartTransaction", start(idTag="SAMETAG", meterStart=1000))
        await station.call("StopTransaction", stop(begun["transactionId"], 30))
        open_one = await station.call("StartTransaction", start(40, idTag="SAMETAG"))
        [cdr] = await self.csms.verb("cdr.list", tenant=tenant)
        self.ids[tenant] |= {
            "transaction": str(begun["transactionId"]),
            "open": str(open_one["transactionId"]),
            "cdr": cdr["id"],
        }

    def forbidden(self) -> set[str]:
        """What must never be said to ALPHA."""
        return {SECRET, self.tenants["bravo"], *self.ids["bravo"].values()}


@pytest.fixture
async def two(csms: Appliance) -> Two:
    made = Two(csms)
    await made.fill("alpha")
    await made.fill("bravo")
    return made


PLACE: Final = {
    "address": "Street 1",
    "city": "Town",
    "country": "DEU",
    "coordinates": {"latitude": "52.520000", "longitude": "13.405000"},
    "time_zone": "Europe/Berlin",
}

NAMES: Final = {
    "station": ("CP", "station"),
    "station_id": ("CP", "station"),
    "uid": ("TAG", "token"),
    "tariff": ("T", "tariff"),
    "tariff_id": ("T", "tariff"),
    "transaction": ("transaction", "id"),
    "cdr": ("cdr", "id"),
    "user": ("user", "id"),
    "key": ("key", "id"),
    "alert": ("alert", "id"),
    "location": ("location", "id"),
}
OTHERS: Final[dict[str, Any]] = {
    "action": "ClearCache",
    "payload": {},
    "order": "clear-cache",
    "blocked": True,
    "active": False,
    "status": "ACTIVE",
    "registration": "Accepted",
    "name": "a name",
    "email": "somebody@example.com",
    "role": "VIEWER",
    "document": TARIFF,
    "tokens": [],
    "stations": [],
    "entries": [],
    "verb": "clear-cache",
    "follows": True,
    "reservation": 7,
    "profile": 1,
    "request": 1,
    "size_bytes": 1,
    "store_name": "mo",
}
"""Arguments that say nothing of whose things are meant."""


def required(name: str) -> list[str]:
    """Return the arguments a verb cannot do without."""
    parameters = inspect.signature(VERBS[name].run).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]


def takes(name: str, argument: str) -> bool:
    """Whether a verb has an argument."""
    return argument in inspect.signature(VERBS[name].run).parameters


def arguments(name: str, two: Two, owner: str) -> dict[str, Any]:
    """Return arguments that name things of `owner`: of both, of BRAVO alone, or of nobody."""
    mark = {"both": "SAME", "bravo": SECRET, "nobody": NOBODY}[owner]
    ids = two.ids["bravo"] if owner == "bravo" else dict.fromkeys(two.ids["bravo"], NOBODY)
    named: dict[str, Any] = {}
    for argument in required(name):
        suffix = NAMES.get(argument, (None, None))[0]
        if suffix in ids:
            named[argument] = ids[suffix]
        elif suffix == "TAG" and owner == "both":
            named[argument] = "SAMETAG"
        elif suffix is not None:
            named[argument] = mark if owner == "both" and suffix == "CP" else f"{mark}-{suffix}"
        else:
            named[argument] = OTHERS.get(argument, mark)
    return named


def neutral(text: str, two: Two) -> str:
    """Blank out what differs because it was asked differently."""
    for said in (*sorted(two.forbidden(), key=len, reverse=True), NOBODY, "bravo", "nobody"):
        text = text.replace(said, "*")
    return text


def _rows_of(tenant_id: str, keys: tuple[str, ...]) -> Any:
    def work(db: Database) -> dict[str, list[dict[str, Any]]]:
        tables = ("stations", "id_tokens", "tariffs", "transactions", "cdrs", "commands", "meter_values")
        return {
            table: db.all(
                f"SELECT * FROM {table} WHERE tenant_id = :tenant ORDER BY 1", {"tenant": tenant_id}
            )
            for table in tables
        }

    return work


async def rows_of(two: Two, tenant: str) -> str:
    found = await two.csms.unit.store.read(_rows_of(two.tenants[tenant], ()))
    return json.dumps(found, default=str, sort_keys=True)


@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.OPERATOR, Role.VIEWER])
async def test_no_verb_shows_or_touches_anything_of_another_tenant(two: Two, role: Role) -> None:
    before = await rows_of(two, "bravo")
    shown, wrong = "", []
    for name in sorted(VERBS, key=lambda verb: verb.endswith((".remove", ".close", ".revoke"))):
        if role not in PERMISSIONS[VERBS[name].permission]:
            continue
        own = await two.ask(name, arguments(name, two, "both"), role)
        shown += own
        wrong += [(name, "shows", each, own[:500]) for each in two.forbidden() if each in own]
        asked: list[tuple[dict[str, Any], str]] = []
        if not makes_something(name):
            asked += [(arguments(name, two, whose), whose) for whose in ("bravo", "nobody")]
        if takes(name, "tenant"):
            both = arguments(name, two, "both")
            asked += [(both | {"tenant": whose}, f"tenant {whose}") for whose in ("bravo", "nobody")]
        answers = [neutral(await two.ask(name, args, role), two) for args, _ in asked]
        for (theirs, nobodys), (_, what) in zip(batched(answers), asked[::2], strict=True):
            if theirs != nobodys:
                wrong.append((name, f"tells {what} apart", theirs[:300], nobodys[:300]))
    assert not wrong, wrong
    assert "ALPHA-ONLY" in shown
    assert await rows_of(two, "bravo") == before


def batched(answers: list[str]) -> list[tuple[str, str]]:
    """Return neighbours in pairs."""
    return list(zip(answers[::2], answers[1::2], strict=True))


def makes_something(name: str) -> bool:
    """Whether the verb may take any new name, whoever else has it."""
    return name.rsplit(".", 1)[-1] in ("add", "import", "set") or name.startswith(("pki.", "trust."))


async def test_events_and_messages_of_a_tenant_bear_its_id(two: Two) -> None:
    for table in ("outbox", "messages", "audit", "alerts", "commands"):
        for row in await two.csms.rows(f"SELECT * FROM {table}"):
            text = json.dumps(row, default=str)
            if SECRET in text and row["tenant_id"] is not None:
                assert row["tenant_id"] == two.tenants["bravo"], (table, row)


async def test_metrics_name_nobody(two: Two) -> None:
    text = prometheus_client.generate_latest(metrics.registry(two.csms.house)).decode()
    assert "csms_stations_connected" in text
    named = {*two.forbidden(), *two.tenants.values(), *two.tenants, "SAME", "ALPHA-ONLY"}
    assert not [each for each in named if each in text]


async def test_a_refused_station_is_seen_by_its_own_tenant_only(two: Two) -> None:
    refused = await two.csms.line().handshake(f"/ocpp/bravo/{SECRET}-CP", Sec_WebSocket_Protocol="soap")
    assert refused.status == 101
    refused = await two.csms.line().handshake(f"/ocpp/alpha/{SECRET}-CP")
    assert refused.status == 404
    report = json.loads(await two.ask("doctor.station", {"station": f"{SECRET}-CP"}))
    assert report["refusals"] == []
    assert SECRET not in json.dumps(report).replace(f"{SECRET}-CP", "")


async def test_a_station_of_one_tenant_cannot_start_with_a_token_of_the_other(two: Two) -> None:
    station = two.csms.line()
    await station.connect("/ocpp/alpha/ALPHA-ONLY-CP")
    await station.call("BootNotification", boot())
    answer = await station.call("Authorize", {"idTag": f"{SECRET}-TAG"[:20]})
    assert answer["idTagInfo"]["status"] == "Invalid"
    unknown = await station.call("Authorize", {"idTag": "NOBODY"})
    assert msgspec.json.encode(answer) == msgspec.json.encode(unknown)
