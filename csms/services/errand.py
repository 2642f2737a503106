"""One operator's command on its way to one station: what is known of the station, and the best way to say it.

A station that has not told its feature profiles is asked before it is sent anything it may lack, and an action that
it answers it does not know is replaced by the next one that would do (services.ports.StationLink.translate).
"""

from dataclasses import dataclass

from csms.errors import Unsupported
from csms.model.command import CallStatus
from csms.model.station import ChargingStation
from csms.model.station_command import Abilities, Bounds, StationCommand
from csms.services import commands
from csms.services.access import Caller
from csms.services.commands import CallResult
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import abilities, stations


@dataclass(frozen=True, slots=True)
class Errand:
    """Who wants what of which station; `verb` is what the operator calls it."""

    house: House
    caller: Caller
    station: ChargingStation
    verb: str
    timeout_s: float | None = None

    @property
    def version(self) -> str:
        """The OCPP version the station speaks."""
        return commands.version_of(self.house, self.station)

    @property
    def reached(self) -> str | None:
        """The address under which the station has found us, for plain HTTP; None while it is offline."""
        link = self.house.link.link(self.station.id)
        return link.reached if link else None

    async def abilities(self) -> Abilities:
        """Return what is known of the station by now."""
        return await self.house.unit.read(lambda tx: known_of(tx, self.station.id))

    async def bounds(self) -> Bounds:
        """Return how much the station takes at once, as far as it has said."""
        return self.house.link.bounds(self.version, await self.abilities())

    async def carry_out(self, command: StationCommand) -> CallResult:
        """Send a command in the first way that the station knows; raises Unsupported where there is none."""
        await self.ask_first(command)
        tried: CallResult | None = None
        while True:
            known = await self.abilities()
            try:
                action, payload = self.house.link.translate(self.version, command, known)
            except Unsupported:
                if tried is None:
                    raise
                return tried
            if tried is not None and tried.action == action:
                return tried
            tried = await commands.send(
                self.house,
                self.caller,
                self.station,
                action,
                payload,
                timeout_s=self.timeout_s,
                verb=self.verb,
            )
            if tried.status is not CallStatus.ERROR:
                return tried

    async def ask_first(self, command: StationCommand) -> None:
        """Read what decides about a command from a station that has not told it yet; its silence decides nothing."""
        link, known = self.house.link, await self.abilities()
        if link.link(self.station.id) is None:
            return
        action, _ = link.translate(self.version, command, known)
        question = link.first_ask(self.version, action, known)
        if question is not None:
            action, payload = link.translate(self.version, question, known)
            await commands.send(
                self.house,
                self.caller,
                self.station,
                action,
                payload,
                timeout_s=self.timeout_s,
                verb=self.verb,
            )


def known_of(tx: Tx, station_key: str) -> Abilities:
    """Return what a station has told and shown of itself."""
    reported = {row["name"].casefold(): row["value"] for row in stations.settings(tx.db, station_key)}
    told = {name: value for name, value in reported.items() if value is not None}
    told |= {f"{name}:maxLimit".casefold(): most for name, most in abilities.most_entries(tx.db, station_key)}
    return Abilities(told, abilities.unknown_actions(tx.db, station_key))
