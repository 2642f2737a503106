"""The stations as services reach them: check a request, send it, say what the answer means (services.ports)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from csms.errors import InvalidInput, StationOffline, StationRefused, Unsupported
from csms.log import redacted
from csms.model.command import Reply, Shape
from csms.model.station import Registration
from csms.model.station_command import Abilities, Bounds, GetSettings, StationCommand
from csms.ocpp import schemas
from csms.ocpp.calls import CallRefused
from csms.ocpp.connection import Connection
from csms.ocpp.presence import Roll
from csms.ocpp.registry import Registry
from csms.ocpp.route import Outbound, Pending, Vocabulary
from csms.ocpp.rpc import ErrorCode
from csms.ocpp.v16 import commands as v16_commands
from csms.ocpp.v16 import pending as v16_pending
from csms.ocpp.v16 import routes as v16
from csms.ocpp.v201 import commands as v201_commands
from csms.ocpp.v201 import pending as v201_pending
from csms.ocpp.v201 import routes as v201
from csms.services.inbox import Message
from csms.services.message_log import MessageLog
from csms.services.ports import Link

OUTBOUND: Final[Mapping[str, Mapping[str, Outbound]]] = {"1.6": v16.OUTBOUND, "2.0.1": v201.OUTBOUND}
VOCABULARIES: Final[Mapping[str, Vocabulary]] = {
    "1.6": v16_commands.VOCABULARY,
    "2.0.1": v201_commands.VOCABULARY,
}
PENDING: Final[Mapping[str, Pending]] = {
    "1.6": Pending(v16_pending.FORBIDDEN, v16_pending.triggered),
    "2.0.1": Pending(v201_pending.FORBIDDEN, v201_pending.triggered),
}
_NOT_KNOWN: Final = (ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED)


class Stations:
    """Implements services.ports.StationLink over the registry of connections."""

    def __init__(self, registry: Registry, roll: Roll, message_log: MessageLog) -> None:
        self._registry = registry
        self._roll = roll
        self._log = message_log

    def links(self) -> Sequence[Link]:
        """Return who is connected now."""
        return [_link(connection) for connection in self._registry.connections()]

    def link(self, key: str) -> Link | None:
        """Return the connection of one station, if it has one."""
        connection = self._registry.get(key)
        return _link(connection) if connection else None

    def shape(self, version: str, action: str, payload: dict[str, Any]) -> Shape:
        """Check a CALL against the schemas of an OCPP version and say what it means; raises InvalidInput."""
        route = _route(version, action)
        violation = schemas.validate(_known(version), action, "request", payload)
        if violation is not None:
            raise InvalidInput(f"{action}: {violation.text}")
        return route.shape(payload)

    def translate(
        self, version: str, command: StationCommand, abilities: Abilities
    ) -> tuple[str, dict[str, Any]]:
        """Return action and payload for a command; raises Unsupported or InvalidInput."""
        return VOCABULARIES[_known(version)].translate(command, abilities)

    def bounds(self, version: str, abilities: Abilities) -> Bounds:
        """Return how much a station takes in one message, as far as it has said."""
        return VOCABULARIES[_known(version)].bounds(abilities)

    def first_ask(self, version: str, action: str, abilities: Abilities) -> GetSettings | None:
        """Return what should be known of a station before an action is sent to it, None when enough is."""
        return VOCABULARIES[_known(version)].first_ask(action, abilities)

    async def call(self, key: str, action: str, payload: dict[str, Any], timeout_s: float | None) -> Reply:
        """Send a CALL and return the answer; raises as services.ports.StationLink says."""
        connection = self._registry.get(key)
        if connection is None:
            raise StationOffline("the station is not connected")
        route = _route(connection.version, action)
        self._check_registration(connection, action, payload)
        answer: dict[str, Any] | None = None
        try:
            # Some stations report the password that they only ought to be told (1.6 §9.1.1, AuthorizationKey).
            answer = redacted(await connection.call(action, payload, timeout_s))
        except CallRefused as refusal:
            if refusal.code in _NOT_KNOWN:
                raise Unsupported(str(refusal)) from refusal
            raise
        finally:
            record = msgspec.json.encode(route.shape(payload).record)
            message = Message(connection.station, "", action, record, None if answer else "no answer")
            self._log.add(message, "out", None if answer is None else msgspec.json.encode(answer))
        return route.reply(payload, answer)

    def _check_registration(self, connection: Connection, action: str, payload: dict[str, Any]) -> None:
        """Refuse what a station that is not accepted may not be sent, and await what it is told to send (§4.2)."""
        presence = self._roll.get(connection.station.key)
        if presence is None or presence.registration is Registration.ACCEPTED:
            return
        if presence.registration is Registration.REJECTED:
            raise StationRefused(
                "the station was rejected at boot: nothing is sent to it until it boots again"
            )
        pending = PENDING[connection.version]
        if action in pending.forbidden:
            raise StationRefused(f"the station's registration is pending: no {action} until it is accepted")
        presence.triggered |= pending.triggered(action, payload)

    async def disconnect(self, key: str, reason: str) -> None:
        """Close a station's connection, if it has one."""
        connection = self._registry.get(key)
        if connection is not None:
            connection.close(reason)


def _route(version: str, action: str) -> Outbound:
    route = OUTBOUND[_known(version)].get(action)
    if route is None:
        raise InvalidInput(f"OCPP {version} has no action {action[:64]!r} that is sent to a station")
    return route


def _known(version: str) -> Any:
    if version not in OUTBOUND:
        raise InvalidInput(f"OCPP {version} is not spoken here")
    return version


def _link(connection: Connection) -> Link:
    return Link(
        connection.station, connection.version, connection.connected_at, connection.peer, connection.reached
    )
