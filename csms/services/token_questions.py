"""Asking a partner in real time whether a driver of its may charge (OCPI 2.2.1 §12.2.1.2, the asking side).

A station waits meanwhile, so the wait is short; it happens between two units of work, never in one. What came of it is
kept for the station: the start that follows is not asked about again, also after a restart.
"""

from typing import Any, Final

import structlog
import trio

from csms.errors import CsmsError
from csms.model import partner_token as rules
from csms.model.location import fold as fold_location
from csms.model.ocpi_status import OcpiStatus
from csms.model.partner_token import Allowed, Answered
from csms.model.party import Interface, Module
from csms.services import partners
from csms.services.house import House
from csms.services.partner_tokens import AskFirst
from csms.services.partners import Request
from csms.services.unit import Tx
from csms.store import locations
from csms.store import partner_tokens as store

WAIT_S: Final = 2.5

log = structlog.get_logger(__name__)


async def ask(house: House, question: AskFirst) -> Answered:
    """Ask the partner and keep what it said; silence is kept too. Raises StoreUnavailable alone."""
    token, station = question.token, question.station
    place = await house.unit.read(lambda tx: _place(tx, question))
    answered = Answered(None, None, house.unit.clock.now())
    with trio.move_on_after(WAIT_S):
        answered = await _answer(house, question, place)
    if answered.allowed is None:
        log.warning("partner_silent", party=question.party.id, station=station.station_id)
    await house.unit.run(
        lambda tx: store.keep_answer(tx.db, station.tenant_id, station.key, token.key, answered)
    )
    return answered


async def _answer(house: House, question: AskFirst, place: dict[str, Any] | None) -> Answered:
    token = question.token
    request = Request(
        method="POST",
        module=Module.TOKENS,
        interface=Interface.SENDER,
        segments=(token.uid, "authorize"),
        query={"type": token.type.value},
        body=place,
        to_party=token.owner,
        timeout_s=WAIT_S,
    )
    try:
        answer = await partners.ask(house, question.party, request)
    except CsmsError:
        return Answered(None, None, house.unit.clock.now())
    now = house.unit.clock.now()
    if answer.status == OcpiStatus.UNKNOWN_TOKEN:
        return Answered(Allowed.NOT_ALLOWED, None, now)
    return rules.read_answer(answer.data if answer.done else None, now)


def _place(tx: Tx, question: AskFirst) -> dict[str, Any] | None:
    """Return the LocationReferences of a station, None where partners know of no location of its."""
    location = locations.of_station(tx.db, question.station.key)
    if location is None or location.missing:
        return None
    if locations.shown(tx.db, question.station.tenant_id, fold_location(location.id)) is None:
        return None
    return {"location_id": location.id}
