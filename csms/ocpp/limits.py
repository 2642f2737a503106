"""What the OCPP edge bears from the network before it defends itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener bears; times in seconds."""

    max_connections: int = 20_000
    max_handshakes: int = 256
    handshake_timeout_s: float = 10.0
    max_head_bytes: int = 16_384
    send_timeout_s: float = 20.0
    pong_timeout_s: float = 20.0
    close_timeout_s: float = 5.0
    max_queued_calls: int = 16
    """CALLs a station may send ahead of its answers before we stop reading."""
    max_pending_calls: int = 64
    """CALLs of ours that may wait for their turn on one connection."""
    malformed_per_minute: int = 30
    messages_at_once: int = 2_000
    """How far a station may run ahead of `messages_per_second`, as one does that empties its queue."""
    messages_per_second: int = 100
    """What one station may send in the long run; then we read from it no faster than that."""
