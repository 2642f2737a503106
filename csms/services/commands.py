"""Commands to charging stations: one record each, from the request to what really came of it.

Accepted is not the end of most commands: a remote start is done when a transaction follows, a firmware update when
the station says Installed. What nothing follows in time ends as TIMED_OUT.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from csms.clock import to_text
from csms.errors import FarEndFailed, StationOffline, StationTimeout, Unsupported
from csms.model.command import (
    AvailabilityWanted,
    CallStatus,
    Command,
    EarlierCanceled,
    Outcome,
    Purpose,
    Reply,
    Shape,
)
from csms.model.id_token import fold
from csms.model.station import ChargingStation, StationRef
from csms.model.transaction import TransactionReport
from csms.services import facts, passwords, security_profiles, sign_on, stations
from csms.services.access import Caller
from csms.services.house import House
from csms.services.unit import Tx
from csms.store import abilities, rows
from csms.store import commands as store

_ANSWER_WITHIN: Final = timedelta(minutes=10)
FILE_RECEIVED: Final = "file received"
BOOTED_WITH: Final = "booted with firmware"
_IN_VAIN: Final = {
    Purpose.REMOTE_START: "no transaction followed",
    Purpose.REMOTE_STOP: "the transaction did not stop",
    Purpose.RESET: "no boot followed",
    Purpose.AVAILABILITY: "no connector changed",
}
"""What it means that nothing followed a command in time."""
_AS_GOOD_AS_DONE: Final = (FILE_RECEIVED, BOOTED_WITH)
"""What has been seen to happen: where the station does not say the last word in time, these are it."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a CALL ended: its status, the station's answer, the error it gave, and the command's record."""

    status: CallStatus
    response: dict[str, Any] | None
    error: str | None
    outcome: Outcome
    command_id: str
    action: str


async def call(
    house: House,
    caller: Caller,
    *,
    station: str,
    action: str,
    payload: dict[str, Any],
    tenant: str | None = None,
    timeout_s: float | None = None,
) -> CallResult:
    """Send one CALL by its wire name, keep what was asked and answered, and return how it ended."""
    target = await house.unit.read(lambda tx: stations.find(tx, caller, station, tenant))
    return await send(house, caller, target, action, payload, timeout_s=timeout_s)


def version_of(house: House, station: ChargingStation) -> str:
    """Return the OCPP version a station speaks: of its connection, else what it last booted with."""
    live = house.link.link(station.id)
    return live.version if live else station.ocpp_version or "1.6"


async def send(
    house: House,
    caller: Caller,
    station: ChargingStation,
    action: str,
    payload: dict[str, Any],
    *,
    timeout_s: float | None = None,
    verb: str | None = None,
) -> CallResult:
    """Do what `call` does for a station already found; `verb` is what the operator called it."""
    unit, link = house.unit, house.link
    shape = link.shape(version_of(house, station), action, payload)
    new_hash = None
    if shape.new_password is not None and link.link(station.id) is not None:
        new_hash = passwords.hash_station(shape.new_password)
    command = await unit.run(lambda tx: _open(tx, caller, station, action, shape, verb, new_hash))
    ending = _Ending(CallStatus.ANSWERED)
    try:
        ending = _Ending(CallStatus.ANSWERED, await link.call(station.id, action, payload, timeout_s))
    except StationOffline as failure:
        ending = _Ending(CallStatus.OFFLINE, error=str(failure))
    except StationTimeout as failure:
        ending = _Ending(CallStatus.TIMEOUT, error=str(failure))
    except FarEndFailed as failure:
        unknown = isinstance(failure, Unsupported)
        ending = _Ending(CallStatus.ERROR, error=str(failure), action_unknown=unknown)
    return await unit.run(lambda tx: _answered(tx, command, shape, ending, new_hash))


@dataclass(frozen=True, slots=True)
class _Ending:
    """How the exchange ended; `action_unknown` where the station does not know the action."""

    status: CallStatus
    reply: Reply | None = None
    error: str | None = None
    action_unknown: bool = False


def _open(
    tx: Tx,
    caller: Caller,
    station: ChargingStation,
    action: str,
    shape: Shape,
    verb: str | None,
    new_hash: str | None,
) -> Command:
    """Record the request before it is sent: a start that follows it must find it."""
    command = Command(
        id=tx.entropy.hex(),
        tenant_id=station.tenant_id,
        station_key=station.id,
        station_id=station.station_id,
        action=action,
        purpose=shape.purpose,
        request=shape.record,
        status=None,
        outcome=Outcome.PENDING,
        requested_at=tx.now,
        requested_by=caller.name,
        expires_at=tx.now + (shape.promise or _ANSWER_WITHIN),
        id_token=fold(shape.id_token) if shape.id_token else None,
        evse_id=shape.evse_id,
        ocpp_id=shape.ocpp_id,
        request_id=shape.request_id,
        covers=shape.covers,
    )
    store.insert(tx.db, command)
    detail = {"action": action} | ({"verb": verb} if verb else {})
    tx.audit(caller, station.tenant_id, "station.call", station.station_id, detail)
    if new_hash is not None:
        sign_on.expect(tx, station.id, new_hash)
    if shape.new_profile is not None:
        security_profiles.expect(tx, station, shape.new_profile)
    return command


def _answered(tx: Tx, command: Command, shape: Shape, ending: _Ending, new_hash: str | None) -> CallResult:
    """Record how the CALL ended; what the station did before it answered (a start, say) stands."""
    status, reply, error = ending.status, ending.reply, ending.error
    current = store.get(tx.db, command.id) or command
    outcome = current.outcome
    if outcome is Outcome.PENDING:
        outcome = _outcome(status, reply, shape)
    response = reply.payload if reply else None
    columns = {
        "status": status.value,
        "outcome": outcome.value,
        "response": None if response is None else rows.to_json(response),
        "error": error,
        "answered_at": tx.at,
    }
    store.update(tx.db, command.id, **columns)
    ref = StationRef(command.tenant_id, command.station_id, command.station_key)
    for fact in reply.facts if reply else ():
        facts.apply(tx, ref, fact)
        if isinstance(fact, EarlierCanceled):
            _cancel_earlier(tx, command)
        elif isinstance(fact, AvailabilityWanted):
            _supersede(tx, command, fact)
    if ending.action_unknown:
        abilities.set_unknown(tx.db, command.station_key, command.action, tx.at)
    elif reply is not None:
        abilities.set_known(tx.db, command.station_key, command.action)
    if new_hash is not None:
        sign_on.settle(tx, command.station_key, new_hash, reply, refused=ending.action_unknown)
    if shape.new_profile is not None:
        security_profiles.settle(
            tx, command.station_key, shape.new_profile, reply, refused=ending.action_unknown
        )
    _changed(tx, replace(command, status=status, outcome=outcome))
    return CallResult(status, response, error, outcome, command.id, command.action)


def _outcome(status: CallStatus, reply: Reply | None, shape: Shape) -> Outcome:
    if reply is None:
        return Outcome.TIMED_OUT if status is CallStatus.TIMEOUT else Outcome.FAILED
    if not reply.agreed:
        return Outcome.REFUSED
    return Outcome.PENDING if shape.promise and not reply.final else Outcome.DONE


def _cancel_earlier(tx: Tx, command: Command) -> None:
    """End the open commands that a station has given up for this one."""
    for earlier in store.pending(tx.db, command.station_key, command.purpose):
        if earlier.id != command.id:
            _follow(tx, earlier, "canceled by a later one", Outcome.FAILED)


def _supersede(tx: Tx, command: Command, wanted: AvailabilityWanted) -> None:
    """End the scheduled changes of availability that this one undoes before they could happen."""
    for earlier in store.pending(tx.db, command.station_key, Purpose.AVAILABILITY):
        if earlier.id == command.id or earlier.status is None:
            continue
        evse_id = earlier.evse_id or 0
        connector_id = (earlier.request.get("evse") or {}).get("connectorId") or 0
        covered = wanted.evse_id in (0, evse_id) and wanted.connector_id in (0, connector_id)
        if covered and ("Operative" in earlier.request.values()) is not wanted.available:
            _follow(tx, earlier, "superseded by a later one", Outcome.FAILED)


def follow(
    tx: Tx,
    station: StationRef,
    purpose: Purpose,
    said: str,
    outcome: Outcome | None,
    request_id: int | None = None,
) -> None:
    """Note what a station reports about an open command of a purpose; end it when `outcome` is set.

    It is the command of this request, or the latest one of a station that names none.
    """
    command = open_one(tx, station, purpose, request_id)
    if command is not None:
        settle(tx, command, said, outcome)


def open_one(tx: Tx, station: StationRef, purpose: Purpose, request_id: int | None = None) -> Command | None:
    """Return the open command of a request, or the latest open one for a station that names none."""
    open_ones = store.pending(tx.db, station.key, purpose)
    if request_id is not None:
        open_ones = [command for command in open_ones if command.request_id in (request_id, None)]
    return open_ones[0] if open_ones else None


def settle(tx: Tx, command: Command, said: str, outcome: Outcome | None) -> None:
    """Note what is known of an open command now; end it when `outcome` is set."""
    _follow(tx, command, said, outcome or command.outcome)


def note(tx: Tx, command: Command, said: str, *, within: timedelta) -> None:
    """Note what as good as ends a command; it is done after `within` at the latest, unless the station says how."""
    expires_at = min(command.expires_at, tx.now + within)
    store.update(tx.db, command.id, expires_at=to_text(expires_at))
    _follow(tx, command, said, command.outcome)


def claim_remote_start(tx: Tx, station: StationRef, report: TransactionReport) -> str | None:
    """End the remote start that a transaction follows and return its id.

    A station that names the request decides, in time or late; else it is the newest with the id token, for the EVSE.
    """
    if report.request_id is not None:
        found = store.awaiting_number(tx.db, station.key, Purpose.REMOTE_START, report.request_id)
    else:
        uid, evses = fold(report.id_token or ""), (None, report.evse_id)
        pending = store.pending(tx.db, station.key, Purpose.REMOTE_START)
        found = next((each for each in pending if each.id_token == uid and each.evse_id in evses), None)
    if found is None:
        return None
    late = " late" if found.outcome is Outcome.TIMED_OUT else ""
    _follow(tx, found, f"transaction started{late}", Outcome.DONE)
    return found.id


def claim_remote_stop(tx: Tx, station: StationRef, ocpp_id: str, reason: str | None) -> None:
    """End the remote stops of a transaction that has stopped, for whatever reason."""
    for command in store.pending(tx.db, station.key, Purpose.REMOTE_STOP):
        if command.ocpp_id == ocpp_id:
            _follow(tx, command, f"transaction stopped: {reason or 'Local'}", Outcome.DONE)


def expire(tx: Tx) -> int:
    """End the commands that nothing followed in time; returns how many."""
    late = store.expired(tx.db, tx.at)
    for command in late:
        last = command.followed_by
        if last is not None and last.startswith(_AS_GOOD_AS_DONE):
            _follow(tx, command, last, Outcome.DONE)
        else:
            said = f"nothing followed {last}" if last else _IN_VAIN.get(command.purpose, "nothing followed")
            _follow(tx, command, said, Outcome.TIMED_OUT)
    return len(late)


def list_commands(
    tx: Tx, caller: Caller, *, station: str, tenant: str | None = None, limit: int = 50
) -> list[Command]:
    """Return the latest commands sent to a station, newest first."""
    return store.select(tx.db, stations.find(tx, caller, station, tenant).id, limit)


def _follow(tx: Tx, command: Command, said: str | None, outcome: Outcome) -> None:
    store.update(tx.db, command.id, followed_by=said, outcome=outcome.value)
    _changed(tx, replace(command, followed_by=said, outcome=outcome))


def _changed(tx: Tx, command: Command) -> None:
    ref = StationRef(command.tenant_id, command.station_id, command.station_key)
    body = {"action": command.action, "status": command.status, "outcome": command.outcome}
    tx.emit("command.changed", ref, command.id, body | {"followedBy": command.followed_by})
