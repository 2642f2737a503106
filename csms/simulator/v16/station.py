"""The whole 1.6 station: the device, and its answers to the CSMS."""

from typing import Any

from csms.simulator.errors import CallError
from csms.simulator.frames import Payload
from csms.simulator.station import NO_ANSWER
from csms.simulator.v16.answers import ANSWERS
from csms.simulator.v16.device import Device16


class Station16(Device16):
    """A charging station of OCPP 1.6J; see `Station.connect`."""

    def answer(self, action: str, payload: Payload) -> Any:
        """Answer a CALL of the CSMS; raises CallError in 1.6's spelling.

        While the registration is Rejected, a station answers nothing (OCPP 1.6 §4.2).
        """
        if self.registration == "Rejected":
            return NO_ANSWER
        own = ANSWERS.get(action)
        if own is None:
            raise CallError("NotImplemented", f"{action} is not known to this station")
        try:
            return own(self, payload)
        except KeyError as missing:
            raise CallError("OccurenceConstraintViolation", f"{action} lacks {missing}") from missing
        except (TypeError, ValueError, AttributeError) as wrong:
            raise CallError("TypeConstraintViolation", f"{action}: {wrong}") from wrong
