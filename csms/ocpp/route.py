"""The rows of the two tables each OCPP version has: what stations send us, what we send them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.model.command import Reply, Shape
from csms.model.station import StationRef
from csms.model.station_command import Abilities, Bounds, GetSettings
from csms.services.contract_certificates import ContractCertificates
from csms.services.unit import Tx

Read = Callable[[Mapping[str, Any], datetime, list[str]], Any]
Verb = Callable[[Tx, StationRef, Any], Any]
Write = Callable[[Any], dict[str, Any]]
Prepare = Callable[[ContractCertificates, StationRef, Any], Awaitable[Any]]


class Unusable(Exception):
    """A payload that fits its schema but holds a value outside what the standard allows; says which."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One action from stations: translate in, one service call in a unit of work, translate out.

    `replay`: a message that comes again gets the answer it got before (only where the answer differs each time and the
    payload names its moment, for stations restart their message ids; a repeated MeterValues replaces its own readings
    and is answered `{}` anyway).
    """

    read: Read
    verb: Verb
    write: Write
    replay: bool = False
    prepare: Prepare | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """One action to stations: what a request means, and what its answer says."""

    shape: Callable[[dict[str, Any]], Shape]
    reply: Callable[[dict[str, Any], dict[str, Any]], Reply]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How one OCPP version says the commands of model.station_command, and what it should know of a station first."""

    translate: Callable[[Any, Abilities], tuple[str, dict[str, Any]]]
    bounds: Callable[[Abilities], Bounds]
    first_ask: Callable[[str, Abilities], GetSettings | None]


@dataclass(frozen=True, slots=True)
class Pending:
    """What one OCPP version lets pass to a station whose registration is pending, and from it because of that."""

    forbidden: frozenset[str]
    triggered: Callable[[str, dict[str, Any]], frozenset[str]]
