"""Sessions of partners' drivers: whose they are, where they take place, and when they are shown anew."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from csms.model import roaming
from csms.model.location import LocationFields
from csms.model.roaming import SessionStatus
from csms.services import locations, roaming_sessions
from csms.services.access import LOCAL_OPERATOR
from csms.services.roaming_sessions import Waiting
from csms.store import rows
from tests.services.rulebook import Rulebook
from tests.wire import payloads
from tests.wire.v201 import payloads as payloads201

PLACE = {
    "id": "Lot",
    "address": "Street 1",
    "city": "Town",
    "country": "DEU",
    "coordinates": {"latitude": "48.1", "longitude": "11.5"},
}
THEIRS = {"idToken": "CARD1", "type": "ISO14443"}


def roams(version: str, *, placed: bool = True) -> Rulebook:
    """Return a rulebook with a partner's token CARD1, and (`placed`) CP1 at a location."""
    book = Rulebook(version)
    tenant = book.charge_point.tenant_id
    stamp = {"at": "2026-03-02T11:00:00.000000Z", "tenant": tenant}
    book.db.run(
        """INSERT INTO parties (id, tenant_id, name, status, token_form, created_at, updated_at)
           VALUES ('P', :tenant, 'Mobility', 'REGISTERED', 'BASE64', :at, :at)""",
        stamp,
    )
    book.db.run(
        """INSERT INTO partner_tokens (tenant_id, uid_folded, country_folded, party_folded, type, party, country_code,
             party_id, uid, contract_id, valid, whitelist, document, last_updated, received_at)
           VALUES (:tenant, 'card1', 'nl', 'msp', 'RFID', 'P', 'NL', 'MSP', 'Card1', 'NL-MSP-C1', 1, 'ALWAYS', '{}',
             :at, :at)""",
        stamp,
    )
    if placed:
        locations.add(book.tx(), LOCAL_OPERATOR, document=msgspec.convert(PLACE, LocationFields))
        locations.assign(book.tx(), LOCAL_OPERATOR, location="Lot", stations=["CP1"])
    return book


def session(book: Rulebook) -> dict[str, Any]:
    """Return the one session there is, shown anew."""
    [kept] = book.rows("SELECT * FROM ocpi_sessions")
    roaming_sessions.refresh(book.tx(), kept["transaction_id"])
    [kept] = book.rows("SELECT * FROM ocpi_sessions")
    assert (kept["token_country"], kept["token_party"]) == ("nl", "msp")
    found: dict[str, Any] = rows.from_json(kept["document"])
    return found


def cdr(book: Rulebook) -> dict[str, Any]:
    [row] = book.rows("SELECT * FROM cdrs")
    assert (row["token_country"], row["token_party"]) == ("nl", "msp")
    found: dict[str, Any] = rows.from_json(row["document"])
    return found


def test_a_token_that_comes_after_the_cable_makes_the_session_its_partys() -> None:
    """OCPP 2.0.1 E02: the transaction begins with the cable, the token is shown later."""
    book = roams("2.0.1")
    book.say("TransactionEvent", payloads201.started(idToken=None, chargingState="EVConnected"))
    [kept] = book.rows("SELECT * FROM ocpi_sessions")
    assert (kept["token"], kept["token_country"]) == (None, "")
    assert kept["location"] is not None
    assert not roaming_sessions.refresh(book.tx(), kept["transaction_id"])
    book.clock.forward(minutes=5)
    book.say("TransactionEvent", payloads201.updated(1, 5, wh=None, idToken=THEIRS))
    shown = session(book)
    assert (shown["status"], shown["kwh"]) == ("PENDING", 0)
    assert shown["cdr_token"]["contract_id"] == "NL-MSP-C1"
    book.clock.forward(minutes=25)
    book.say("TransactionEvent", payloads201.updated(2, 30, chargingState="Charging"))
    assert session(book)["status"] == "ACTIVE"
    book.clock.forward(minutes=30)
    book.say("TransactionEvent", payloads201.ended(3))
    assert (session(book)["status"], session(book)["kwh"]) == ("COMPLETED", Decimal(10))
    assert (cdr(book)["cdr_location"]["id"], cdr(book)["cdr_location"]["evse_uid"]) == ("Lot", "CP1-1")


def test_an_evse_that_comes_later_is_where_it_takes_place() -> None:
    book = roams("2.0.1")
    book.say("TransactionEvent", payloads201.started(idToken=THEIRS, evse=None))
    assert book.rows("SELECT location FROM ocpi_sessions") == [{"location": None}]
    book.say("TransactionEvent", payloads201.updated(1, 1, evse={"id": 2, "connectorId": 1}))
    assert session(book)["evse_uid"] == "CP1-2"


def test_a_station_at_no_location_is_a_place_of_its_own() -> None:
    book = roams("1.6", placed=False)
    started = book.say("StartTransaction", payloads.start(idTag="card1"))
    book.clock.forward(hours=1)
    book.say("StopTransaction", payloads.stop(started["transactionId"]))
    shown = session(book)
    assert (shown["location_id"], shown["evse_uid"], shown["connector_id"]) == ("CP1", "CP1-1", "1")
    assert cdr(book)["cdr_token"]["uid"] == "Card1"


def test_nothing_is_kept_of_our_own_drivers_at_no_location() -> None:
    book = Rulebook("1.6")
    book.say("StartTransaction", payloads.start())
    assert book.rows("SELECT * FROM ocpi_sessions") == []


def test_how_the_driver_was_let_in_reaches_session_and_cdr() -> None:
    book = roams("1.6")
    started = book.say("StartTransaction", payloads.start(idTag="CARD1"))
    [row] = book.rows("SELECT id FROM transactions")
    roaming_sessions.authorized(book.tx(), row["id"], roaming.AuthMethod.COMMAND, "ref-1")
    assert (session(book)["auth_method"], session(book)["authorization_reference"]) == ("COMMAND", "ref-1")
    book.say("StopTransaction", payloads.stop(started["transactionId"]))
    assert (cdr(book)["auth_method"], cdr(book)["authorization_reference"]) == ("COMMAND", "ref-1")


def test_a_session_that_did_not_change_keeps_its_time() -> None:
    """Pitfall 11."""
    book = roams("1.6")
    started = book.say("StartTransaction", payloads.start(idTag="CARD1"))
    book.say("StopTransaction", payloads.stop(started["transactionId"]))
    before = session(book)
    book.clock.forward(minutes=1)
    assert session(book) == before
    [row] = book.rows("SELECT id FROM transactions")
    tx = book.tx()
    assert not roaming_sessions.refresh(tx, row["id"])
    assert tx.events == []


@pytest.mark.parametrize(
    ("state", "charging", "authorized", "energy_wh", "expected"),
    [
        ("ACTIVE", None, True, 0, SessionStatus.ACTIVE),
        ("ACTIVE", "PREPARING", True, 0, SessionStatus.PENDING),
        ("ACTIVE", "PREPARING", True, 1, SessionStatus.ACTIVE),
        ("AWAITING_STOP", None, True, 5, SessionStatus.ACTIVE),
        ("ENDED", "PREPARING", True, 0, SessionStatus.COMPLETED),
        ("ENDED", None, False, 0, SessionStatus.INVALID),
        ("ENDED", None, False, 5, SessionStatus.COMPLETED),
    ],
)
def test_the_state_of_a_session(
    state: str, charging: str | None, authorized: bool, energy_wh: int, expected: SessionStatus
) -> None:
    assert roaming.status(state, charging, authorized, energy_wh) is expected


def test_readings_wait_for_their_turn_and_everything_else_does_not() -> None:
    waiting = Waiting()
    assert waiting.ripe([("a", True), ("b", False)], 0.0) == ["a", "b"]
    assert waiting.ripe([("a", False), ("b", False)], 10.0) == []
    assert waiting.ripe([("b", True)], 20.0) == ["b"]
    assert waiting.ripe([], 29.0) == []
    assert waiting.ripe([], 30.0) == ["a"]
    assert waiting.ripe([], 100.0) == []
    assert waiting.shown_at == {}
