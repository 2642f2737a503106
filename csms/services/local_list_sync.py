"""Local authorization lists that follow the id tokens by themselves, for the stations that are meant to.

What is to do stands in the database: how often a tenant's id tokens have changed, and which of those changes each
station's list has seen. A station that is offline is looked at again while it is connected.
"""

from datetime import timedelta
from functools import partial
from typing import Final

from csms.errors import Conflict, CsmsError, InvalidInput, StoreStopped, Unsupported
from csms.model.command import CallStatus, Outcome
from csms.services import local_list_states, local_lists
from csms.services.access import Caller, Role
from csms.services.commands import CallResult
from csms.services.errand import Errand
from csms.services.house import House
from csms.services.local_lists import Memory, Sync
from csms.services.rounds import Rounds
from csms.services.unit import Tx
from csms.store import local_lists as store
from csms.store import rows, stations

EVERY_S: Final = 2.0
SETTLED: Final = timedelta(seconds=5)
"""How long a station has been connected before it is sent a list: it boots first."""
_AT_A_TIME: Final = 20
_CALLER: Final = Caller("csms", Role.SUPER_ADMIN, None, "local list sync")
_FOR_GOOD: Final = (Unsupported, Conflict, InvalidInput)


async def run(house: House) -> None:
    """Keep the lists in step until cancelled."""
    await rounds(house).run()


def rounds(house: House) -> Rounds[str]:
    """Return the rounds, by the stations' keys."""
    return Rounds(
        "local_list_sync", partial(_due, house), partial(_bring, house, Memory()), EVERY_S, _AT_A_TIME
    )


async def _due(house: House) -> list[str]:
    """Return the connected stations whose list should be looked at now."""
    since = house.unit.clock.now() - SETTLED
    linked = {link.station.key for link in house.link.links() if link.connected_at <= since}
    return await house.unit.read(partial(_wanting, linked=linked)) if linked else []


def _wanting(tx: Tx, linked: set[str]) -> list[str]:
    return [
        row["id"]
        for row in store.due(tx.db, tx.at)
        if row["id"] in linked
        and (
            row["forced"]
            or local_list_states.follows(rows.from_json(row["quirks"]), bool(row["local_list_sync"]))
        )
    ]


async def _bring(house: House, memory: Memory, key: str) -> None:
    """Bring one station's list in step and keep how that ended."""
    station = await house.unit.read(lambda tx: stations.by_key(tx.db, key))
    if station is None:
        return
    problem, for_good, fits_not = "the sync was interrupted", False, False
    try:
        errand = Errand(house, _CALLER, station, "local list sync")
        result, _ = await local_lists.sync(errand, Sync(), memory)
        problem = _problem(result) or ""
    except StoreStopped:
        raise
    except CsmsError as error:
        problem, for_good, fits_not = str(error), isinstance(error, _FOR_GOOD), isinstance(error, Conflict)
    if problem:
        failed = partial(local_list_states.failed, station=station, problem=problem)
        await house.unit.run(partial(failed, for_good=for_good, fits_not=fits_not))


def _problem(result: CallResult) -> str | None:
    if result.status is CallStatus.ANSWERED and result.outcome is Outcome.DONE:
        return None
    said = (result.response or {}).get("status")
    return result.error or f"the station answered {said} to {result.action}"
