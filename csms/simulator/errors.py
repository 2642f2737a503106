"""What can go wrong between a simulated station and a CSMS."""


class SimulatorError(Exception):
    """Base of everything the simulator raises on purpose."""


class Unreachable(SimulatorError):
    """Nothing that speaks WebSocket answers at the address."""


class Refused(SimulatorError):
    """The CSMS answered the handshake, and the answer was no."""

    def __init__(self, http_status: int, reason: str) -> None:
        super().__init__(f"HTTP {http_status}: {reason}" if reason else f"HTTP {http_status}")
        self.http_status = http_status
        self.reason = reason


class NoCommonSubprotocol(Refused):
    """The CSMS completed the handshake without choosing the subprotocol that was offered."""

    def __init__(self, offered: str) -> None:
        super().__init__(101, f"no subprotocol chosen, {offered} was offered")


class ConnectionLost(SimulatorError):
    """The connection ended before the answer came, or there is none."""


class CallTimeout(SimulatorError):
    """The CSMS did not answer a CALL in time."""


class CallError(SimulatorError):
    """A CALLERROR: received from the CSMS, or to be sent when an answering function raises it."""

    def __init__(self, code: str, description: str = "", details: dict[str, object] | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = details or {}


class NotAccepted(SimulatorError):
    """The CSMS does not accept the station's BootNotification."""
