"""Charging stations that speak OCPP over real sockets; imports nothing of the server."""

from csms.simulator.errors import CallError, CallTimeout, ConnectionLost, NotAccepted, Refused, Unreachable
from csms.simulator.settings import StationSettings
from csms.simulator.station import NO_ANSWER
from csms.simulator.v16.station import Station16
from csms.simulator.v201.station import Station201

__all__ = [
    "NO_ANSWER",
    "CallError",
    "CallTimeout",
    "ConnectionLost",
    "NotAccepted",
    "Refused",
    "Station16",
    "Station201",
    "StationSettings",
    "Unreachable",
]
