"""The generic path of a message: row of a table → validate → translate in → one service call → translate out.

The answer leaves only after the commit. What fails inside is answered InternalError, so that the station keeps the
message and sends it again; it is never answered as if it had been kept.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from websockets.frames import CloseCode

from csms.clock import Clock, to_wire
from csms.errors import StoreUnavailable
from csms.log import BLANK, redacted
from csms.model.station import Registration, StationRef
from csms.ocpp import rpc, schemas
from csms.ocpp.connection import Connection, FrameNote
from csms.ocpp.presence import Presence, Roll
from csms.ocpp.relaxed import storable
from csms.ocpp.route import Inbound, Unusable
from csms.ocpp.rpc import Call, ErrorCode, Version
from csms.ocpp.v16 import routes as v16
from csms.ocpp.v201 import routes as v201
from csms.services import inbox
from csms.services.contract_certificates import ContractCertificates
from csms.services.inbox import Message
from csms.services.message_log import MessageLog
from csms.services.partner_tokens import AskFirst
from csms.services.stations import Booted
from csms.services.unit import Tx, Unit

INBOUND: Final[Mapping[str, Mapping[str, Inbound]]] = {"1.6": v16.INBOUND, "2.0.1": v201.INBOUND}
BRIEF_PAYLOAD_BYTES: Final = 16 * 1024
"""What a payload of this size causes is done in milliseconds."""
_SECRETS: Final = (b'"KeyCode"', b"BasicAuthPassword", b"basicauthpassword")
_PRIVATE: Final = {"NotifyCustomerInformation": "data"}
"""What is shown to one operator once, and kept nowhere (2.0.1 N09)."""

log = structlog.get_logger(__name__)


class Dispatcher:
    """Answers what stations ask."""

    def __init__(
        self,
        unit: Unit,
        roll: Roll,
        clock: Clock,
        message_log: MessageLog,
        contracts: ContractCertificates | None = None,
        *,
        ask: Callable[[AskFirst], Awaitable[object]],
    ) -> None:
        """Take the house; `contracts` asks the outside about Plug & Charge, `ask` partners about their tokens."""
        self._ask = ask
        self._contracts = contracts or ContractCertificates(unit)
        self._unit = unit
        self._roll = roll
        self._clock = clock
        self._log = message_log

    async def answer(self, connection: Connection, call: Call) -> bytes:
        """Return the whole response frame to one CALL."""
        now = self._clock.now()
        presence = self._roll.get(connection.station.key)
        if presence is None:
            return self._refuse(connection, call, ErrorCode.SECURITY_ERROR, "the station was removed")
        presence.heard_at = now
        if presence.registration is not Registration.ACCEPTED and not presence.awaits(call.action):
            return self._refuse(
                connection, call, ErrorCode.SECURITY_ERROR, "not accepted: BootNotification first"
            )
        if call.action == "Heartbeat":
            return rpc.encode_result(call.raw_id, {"currentTime": to_wire(now)})
        route = INBOUND[connection.version].get(call.action)
        if route is None:
            return self._refuse(connection, call, *_unknown(connection.version, call.action))
        notes: list[str] = []
        refusal = _violation(connection, call, notes)
        if refusal is not None:
            return self._refuse(connection, call, *refusal)
        return await self._take(connection, presence, call, route, now, notes)

    async def _take(
        self,
        connection: Connection,
        presence: Presence,
        call: Call,
        route: Inbound,
        now: datetime,
        notes: list[str],
    ) -> bytes:
        """Do one route's work in a unit, with the message's record."""
        try:
            payload = call.payload
            if b"\\u0000" in call.payload_bytes:
                payload = storable(payload)
                notes.append("NUL characters replaced")
            report = route.read(payload, now, notes)
            if route.prepare is not None:
                report = await route.prepare(self._contracts, connection.station, report)
            message = Message(connection.station, call.message_id, call.action, _shown(call))
            if notes:
                message = inbox.noted(message, notes)
            frame, result = await self._unit.run(
                lambda tx: _work(tx, message, call, route, report),
                brief=len(call.payload_bytes) <= BRIEF_PAYLOAD_BYTES,
            )
        except Unusable as unusable:
            return self._refuse(connection, call, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, str(unusable))
        except StoreUnavailable as error:
            return self._not_kept(connection, call, error)
        except AskFirst as question:
            return await self._take_later(question, connection, presence, call, route, now)
        except Exception:  # becomes InternalError: the station sends again
            reference = self._unit.entropy.hex()[:12]
            log.exception("message_failed", **_names(connection.station, call), reference=reference)
            return self._refuse(
                connection, call, ErrorCode.INTERNAL_ERROR, f"internal error, reference {reference}"
            )
        if isinstance(result, Booted):
            presence.booted(result.registration)
            if result.refusal is not None:
                connection.close(result.refusal, CloseCode.POLICY_VIOLATION)
        return frame

    async def _take_later(
        self,
        question: AskFirst,
        connection: Connection,
        presence: Presence,
        call: Call,
        route: Inbound,
        now: datetime,
    ) -> bytes:
        """Ask a partner about its token, and do the work that was broken off for that anew."""
        try:
            await self._ask(question)
        except StoreUnavailable as error:
            return self._not_kept(connection, call, error)
        notes: list[str] = []
        _violation(connection, call, notes)
        return await self._take(connection, presence, call, route, now, notes)

    def _not_kept(self, connection: Connection, call: Call, error: StoreUnavailable) -> bytes:
        log.error("message_not_kept", **_names(connection.station, call), error=str(error))
        return self._refuse(connection, call, ErrorCode.INTERNAL_ERROR, "could not be stored: send it again")

    def _refuse(self, connection: Connection, call: Call, code: ErrorCode, description: str) -> bytes:
        """Return a CALLERROR and keep that it was given."""
        frame = rpc.encode_error(call.raw_id, code, description, connection.version)
        message = Message(connection.station, call.message_id, call.action, _shown(call), description)
        self._log.add(message, "in", frame)
        log.info("message_refused", **_names(connection.station, call), code=code.name, reason=description)
        return frame

    async def connected(self, connection: Connection) -> None:
        """Tell listeners that a station is online."""
        body = {"version": connection.version, "peer": connection.peer}
        log.info("station_connected", **_names(connection.station), **body)
        await self._tell(connection, "station.connected", body)

    async def disconnected(self, connection: Connection, reason: str, superseded: bool) -> None:
        """Tell listeners that a station went offline, unless a newer connection of it took over.

        What a station did that ended its connection is kept for operators beside its messages.
        """
        log.info("station_disconnected", **_names(connection.station), reason=reason, superseded=superseded)
        if connection.fault is not None:
            self._log.add(Message(connection.station, "", "disconnected", b"", connection.fault), "in", None)
        if not superseded:
            await self._tell(connection, "station.disconnected", {"reason": reason})

    async def _tell(self, connection: Connection, kind: str, body: dict[str, Any]) -> None:
        station = connection.station
        try:
            await self._unit.run(lambda tx: tx.emit(kind, station, station.key, body), brief=True)
        except StoreUnavailable as error:
            log.error("event_not_kept", **_names(station), kind=kind, error=str(error))

    def note(self, connection: Connection, note: FrameNote) -> None:
        """Keep what was odd on the wire: malformed frames, late answers."""
        message = Message(connection.station, note.message_id or "", note.kind, note.frame, note.reason)
        self._log.add(message, "in", None)
        names = _names(connection.station)
        log.info("odd_frame", **names, message_id=note.message_id, kind=note.kind, reason=note.reason)


def _shown(call: Call) -> bytes:
    """Return the payload as it may be kept: a key code (2.0.1 C04.FR.04) or a password is nobody's business."""
    private = _PRIVATE.get(call.action, "")
    if private in call.payload:
        return msgspec.json.encode(redacted(call.payload | {private: BLANK}))
    if any(secret in call.payload_bytes for secret in _SECRETS):
        return msgspec.json.encode(redacted(call.payload))
    return call.payload_bytes


def _names(station: StationRef, call: Call | None = None) -> dict[str, str]:
    """Return what every log line about a station, or about a message of it, bears."""
    names = {"tenant": station.tenant_id, "station": station.station_id}
    return names | {"message_id": call.message_id[:64], "action": call.action[:64]} if call else names


def _work(tx: Tx, message: Message, call: Call, route: Inbound, report: Any) -> tuple[bytes, Any]:
    """Run the service verb and keep its answer; a repeated message runs nothing."""
    result = None

    def verb() -> bytes:
        nonlocal result
        result = route.verb(tx, message.station, report)
        return rpc.encode_result(call.raw_id, route.write(result))

    return inbox.take(tx, message, verb, replay=route.replay), result


def _unknown(version: Version, action: str) -> tuple[ErrorCode, str]:
    """An action the standard knows is not supported in this direction; any other is not implemented."""
    if action in schemas.actions(version):
        return ErrorCode.NOT_SUPPORTED, f"{action[:64]} is not accepted from a charging station"
    return ErrorCode.NOT_IMPLEMENTED, f"unknown action {action[:64]}"


def _violation(connection: Connection, call: Call, notes: list[str]) -> tuple[ErrorCode, str] | None:
    """Check the payload; what can still be understood is taken with a note, unless the station is held to the letter.

    A station whose boot or start is refused for a text that is too long is no use to anybody.
    """
    violation = schemas.validate(connection.version, call.action, "request", call.payload)
    if violation is None:
        return None
    if not connection.options.strict:
        worse = schemas.validate(connection.version, call.action, "request", call.payload, tolerant=True)
        if worse is None:
            notes.append(violation.text)
            return None
        violation = worse
    return violation.code, violation.text
