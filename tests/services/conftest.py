"""The appliance of tests/wire, for the rules that need a station to talk to."""

from tests.wire.conftest import clock, csms, limits, logs, station

__all__ = ["clock", "csms", "limits", "logs", "station"]
