"""What a station says before it may speak OCPP, and who decides (OCPP-J 1.6 §3, OCPP 2.0.1 Part 4 §3).

The gate is asked after the HTTP request has been read and before 101 is sent, so that a station that may
not connect is told by an HTTP status (401, 404, 429, 503).
"""

from dataclasses import dataclass
from typing import Protocol

from csms.model.station import StationRef
from csms.ocpp.rpc import Version


@dataclass(frozen=True, slots=True)
class Hello:
    """What a station said before the upgrade."""

    path_segments: tuple[str, ...]
    """Decoded exactly once, after the raw path was split; empty segments are left out."""
    raw_path: str
    subprotocols: tuple[str, ...]
    authorization: bytes | None
    """The decoded Basic credentials, `user:password`; None when absent, empty when unreadable."""
    peer: str
    tls: bool
    client_certificate: bytes | None
    """DER."""
    headers: tuple[tuple[str, str], ...]
    """In the order they came; the value of Authorization is redacted."""
    client_chain: tuple[bytes, ...] = ()
    """The certificates that were presented with it, as DER, the client's own first."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Limits of one connection; a station's own settings may differ from the appliance's."""

    max_frame_bytes: int = 1_048_576
    call_timeout_s: float = 30.0
    ping_interval_s: float = 45.0
    """0 turns pings off."""
    strict: bool = False
    compression: bool = True
    """Accept permessage-deflate when it is offered; off for a station that gets it wrong."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The station may connect. Without a version the handshake is completed and closed at once."""

    station: StationRef
    version: Version | None
    options: ConnectionOptions = ConnectionOptions()


@dataclass(frozen=True, slots=True)
class Refused:
    """The station may not connect; `reason` is one line a person can act on."""

    http_status: int
    reason: str
    retry_after_s: int | None = None


class Gate(Protocol):
    """Decides who may connect."""

    async def admit(self, hello: Hello) -> Admitted | Refused:
        """Look the station up, check what it presents, and record a refusal."""
        ...
