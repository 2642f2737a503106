"""Charging stations that speak OCPP over real sockets; imports nothing of the server."""

from csms.simulator.errors import CallError, CallTimeout, ConnectionLost, NotAccepted, Refused, Unreachable
from csms.simulator.settings import StationSettings
from csms.simulator.station import NO_ANSWER
from csms.simulator.v16.station import Station16

__all__ = [
    "NO_ANSWER",
    "CallError",
    "CallTimeout",
    "ConnectionLost",
    "NotAccepted",
    "Refused",
    "Station16",
    "StationSettings",
    "Unreachable",
]
