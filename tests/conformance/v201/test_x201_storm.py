"""Our own case X201-25: everybody comes back at once, each with a charge that ended while it was away."""

from time import process_time

import pytest
import trio

from csms.services import stations
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx
from tests.conformance.cases import case
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201
from tests.wire.station import Payload
from tests.wire.v201 import payloads

TIMEOUT_S = 30.0
"""How long stations wait for an answer unless told otherwise (OCPPCommCtrlr.MessageTimeout).

Compared with CPU time, in which all the stations live too: how busy the machine is otherwise is not the case's matter.
"""


def _register(tx: Tx, count: int) -> None:
    for number in range(count):
        stations.add(tx, LOCAL_OPERATOR, station_id=f"S{number}", security_profile=0)


@case("X201-25")
@pytest.mark.parametrize(
    "count", [500, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
async def test_x201_25_everybody_reconnects_at_once(site: Site, count: int) -> None:
    await site.csms.unit.run(lambda tx: _register(tx, count))
    waited_s: list[float] = []

    async def ask(station: Station201, action: str, payload: Payload) -> None:
        asked_at = process_time()
        await station.call(action, payload)
        waited_s.append(process_time() - asked_at)

    async def come_back(number: int) -> None:
        station = Station201(site.csms.stream(), site.csms.nursery, f"S{number}", 1, site.csms.clock.now)
        await station.connect(f"/ocpp/S{number}", protocols=station.subprotocol)
        await ask(station, "BootNotification", payloads.boot("PowerUp"))
        for event in (payloads.started(offline=True), payloads.ended(1, offline=True)):
            await ask(station, "TransactionEvent", event)

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(come_back, number)
    [kept] = await site.csms.rows(
        """SELECT state, COUNT(*) AS number, COUNT(DISTINCT station_key) AS stations, SUM(energy_wh) AS wh
           FROM transactions GROUP BY state"""
    )
    assert (kept["state"], kept["number"], kept["stations"]) == ("ENDED", count, count)
    assert kept["wh"] == 10_000 * count
    assert len(waited_s) == 3 * count
    assert sorted(waited_s)[len(waited_s) * 99 // 100] < TIMEOUT_S
