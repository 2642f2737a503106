"""Id tokens that are valid at certain stations or EVSEs only, on both databases."""

from typing import Any

import pytest

from csms.errors import Conflict, InvalidInput, NotFound
from tests.wire.appliance import Appliance
from tests.wire.payloads import start, stop
from tests.wire.station import Station
from tests.wire.v201 import payloads as p201
from tests.wire.v201.conftest import ListeningStation, connected


@pytest.fixture(name="csms")
async def furnished(csms: Appliance) -> Appliance:
    """The usual furniture, a second station, and an id token to bind."""
    await csms.verb("station.add", station_id="CP2", security_profile=0, connectors=1)
    await csms.verb("token.add", uid="CARD")
    return csms


@pytest.fixture
async def modern(csms: Appliance) -> ListeningStation:
    made = await connected(csms)
    await made.call("BootNotification", p201.boot())
    return made


async def place(csms: Appliance, station: str, evse: int = 0, uid: str = "card") -> Any:
    return await csms.verb("token.place.add", uid=uid, station=station, evse=evse)


async def authorize(station: Station) -> Any:
    return (await station.call("Authorize", {"idTag": "CARD"}))["idTagInfo"]


async def authorize201(station: Station) -> Any:
    asked = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}
    return (await station.call("Authorize", asked))["idTokenInfo"]


CARD = {"idToken": "CARD", "type": "ISO14443"}


class TestRules:
    async def test_places_come_and_go(self, csms: Appliance) -> None:
        assert await csms.verb("token.place.list", uid="CARD") == []
        assert (await csms.verb("token.show", uid="CARD"))["bound"] is False
        await place(csms, "CP2")
        found = await place(csms, "CP1", 2)
        assert [(p["uid"], p["stationId"], p["evseId"]) for p in found] == [
            ("CARD", "CP1", 2),
            ("CARD", "CP2", 0),
        ]
        assert await csms.verb("token.place.list", uid="CARD") == found
        assert (await csms.verb("token.show", uid="CARD"))["bound"] is True
        left = await csms.verb("token.place.remove", uid="CARD", station="CP2")
        assert [p["stationId"] for p in left] == ["CP1"]
        assert await csms.verb("token.place.remove", uid="CARD", station="CP1", evse=2) == []
        assert (await csms.verb("token.show", uid="CARD"))["bound"] is False

    async def test_what_makes_no_sense_is_refused(self, csms: Appliance) -> None:
        await place(csms, "CP1", 1)
        with pytest.raises(Conflict, match="EVSE 1 of CP1 already"):
            await place(csms, "CP1", 1)
        with pytest.raises(NotFound, match="CP1 has no EVSE 9"):
            await place(csms, "CP1", 9)
        with pytest.raises(NotFound, match="no id token"):
            await place(csms, "CP1", uid="NOBODY")
        with pytest.raises(NotFound, match="CP2 is no place"):
            await csms.verb("token.place.remove", uid="CARD", station="CP2")
        with pytest.raises(InvalidInput):
            await csms.verb("token.place.remove", uid="CARD", evse=1)
        with pytest.raises(InvalidInput):
            await place(csms, "CP1", -1)

    async def test_a_removed_station_leaves_its_token_bound(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP2")
        await csms.verb("station.remove", station="CP2")
        assert await csms.verb("token.place.list", uid="CARD") == []
        assert await authorize(station) == {"status": "Invalid"}
        await csms.verb("token.place.remove", uid="CARD")
        assert await authorize(station) == {"status": "Accepted"}

    async def test_a_token_registered_anew_has_no_places(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP2")
        await csms.verb("token.remove", uid="CARD")
        await csms.verb("token.add", uid="CARD")
        assert await authorize(station) == {"status": "Accepted"}
        assert await csms.rows("SELECT * FROM token_places") == []

    async def test_an_import_leaves_the_places(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP2")
        await csms.verb("token.import", tokens=[{"uid": "CARD"}])
        assert await authorize(station) == {"status": "Invalid"}

    async def test_a_station_of_another_tenant_is_no_place(self, csms: Appliance) -> None:
        await csms.verb("tenant.add", name="other", party_id="OTH")
        await csms.verb("station.add", station_id="FAR", tenant="other", security_profile=0)
        with pytest.raises(NotFound):
            await place(csms, "FAR")

    async def test_an_operator_hears_of_it_before_the_station_does(
        self, csms: Appliance, station: Station
    ) -> None:
        await place(csms, "CP1", 2)
        with pytest.raises(Conflict, match="not valid there"):
            await csms.verb(
                "station.command", station="CP1", verb="start", args={"id_token": "CARD", "evse_id": 1}
            )


class TestOcpp16:
    async def test_elsewhere_is_invalid(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP2")
        assert await authorize(station) == {"status": "Invalid"}
        answer = await station.call("StartTransaction", start(idTag="CARD"))
        assert answer["idTagInfo"] == {"status": "Invalid"}
        assert await station.call("StartTransaction", start(idTag="CARD")) == answer
        [shown] = await csms.transactions()
        assert shown["authorization"] == "NotAtThisLocation"
        assert (await csms.verb("token.show", uid="CARD"))["useCount"] == 0

    async def test_only_its_connector_starts(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP1", 2)
        assert await authorize(station) == {"status": "Accepted"}
        refused = await station.call("StartTransaction", start(idTag="CARD", connectorId=1))
        assert refused["idTagInfo"] == {"status": "Invalid"}
        taken = await station.call("StartTransaction", start(idTag="CARD", connectorId=2))
        assert taken["idTagInfo"] == {"status": "Accepted"}
        done = await station.call("StopTransaction", stop(taken["transactionId"], idTag="CARD"))
        assert done == {"idTagInfo": {"status": "Accepted"}}

    async def test_a_blocked_one_is_blocked_everywhere(self, csms: Appliance, station: Station) -> None:
        await place(csms, "CP2")
        await csms.verb("token.blocked", uid="CARD", blocked=True)
        assert await authorize(station) == {"status": "Blocked"}


class TestOcpp201:
    async def test_elsewhere_is_named(self, csms: Appliance, modern: ListeningStation) -> None:
        await place(csms, "CP2")
        assert await authorize201(modern) == {"status": "NotAtThisLocation"}
        answer = await modern.call("TransactionEvent", p201.started(idToken=CARD))
        assert answer["idTokenInfo"] == {"status": "NotAtThisLocation"}
        await csms.verb("token.place.add", uid="CARD", station="CP1")
        assert await authorize201(modern) == {"status": "Accepted"}

    async def test_some_evses_are_listed(self, csms: Appliance, modern: ListeningStation) -> None:
        await csms.verb("station.add", station_id="CP3", security_profile=0, connectors=3)
        await place(csms, "CP1", 2)
        await place(csms, "CP3", 3)
        assert await authorize201(modern) == {"status": "Accepted", "evseId": [2]}
        refused = await modern.call("TransactionEvent", p201.started(idToken=CARD))
        assert refused["idTokenInfo"] == {"status": "NotAtThisLocation"}
        there = {"evse": {"id": 2, "connectorId": 1}}
        event = p201.started(tx="T2", idToken=CARD, **there)
        taken = await modern.call("TransactionEvent", event)
        assert taken["idTokenInfo"] == {"status": "Accepted", "evseId": [2]}
        assert await modern.call("TransactionEvent", event) == taken
        await place(csms, "CP1")
        assert await authorize201(modern) == {"status": "Accepted"}

    async def test_an_event_without_an_evse_is_judged_where_its_charge_is(
        self, csms: Appliance, modern: ListeningStation
    ) -> None:
        await place(csms, "CP1", 2)
        await modern.call("TransactionEvent", p201.started(idToken=None))
        answer = await modern.call("TransactionEvent", p201.updated(idToken=CARD, evse=None))
        assert answer["idTokenInfo"] == {"status": "NotAtThisLocation"}
        [shown] = await csms.transactions()
        assert shown["authorization"] == "NotAtThisLocation"

    async def test_the_local_list_tells_it_too(self, csms: Appliance, modern: ListeningStation) -> None:
        await place(csms, "CP1", 2)
        await csms.verb("token.add", uid="FAR")
        await place(csms, "CP2", uid="FAR")
        sent: list[Any] = []
        modern.answers["GetLocalListVersion"] = {"versionNumber": 0}

        def take(payload: Any) -> Any:
            sent.extend(payload["localAuthorizationList"])
            return {"status": "Accepted"}

        modern.answers["SendLocalList"] = take
        await csms.verb("station.command", station="CP1", verb="local-list.sync", args={})
        told = {entry["idToken"]["idToken"]: entry["idTokenInfo"] for entry in sent}
        assert told["CARD"] == {"status": "Accepted", "evseId": [2]}
        assert told["FAR"] == {"status": "NotAtThisLocation"}
        assert "evseId" not in told["TAG1"]
