"""The whole 1.6 station: the device, its answers to the CSMS, and its part in the scenarios."""

from collections.abc import Awaitable, Callable
from typing import Any

from csms.simulator.errors import CallError
from csms.simulator.frames import Payload
from csms.simulator.plan import ChargePlan
from csms.simulator.station import NO_ANSWER
from csms.simulator.v16.answers import ANSWERS
from csms.simulator.v16.charging import Charge, Wish
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

    # What scenarios let it do

    def prepare(self, register_wh: Callable[[], float], meter_interval_s: int) -> None:
        """Set MeterValueSampleInterval and every connector's meter."""
        self.configuration.set("MeterValueSampleInterval", str(meter_interval_s))
        for connector in self.connectors.values():
            connector.meter.register_wh = register_wh()

    async def until_free(self, place: int) -> None:
        """Return when no vehicle is at connector `place` + 1."""
        connector = self.connectors[place + 1]
        while connector.charge is not None:
            await connector.charge.until_ended()

    async def charge_once(
        self,
        place: int,
        id_token: str,
        planned: ChargePlan,
        on_start: Callable[[], Awaitable[None]] | None = None,
    ) -> str | None:
        """Charge a vehicle at connector `place` + 1; return the id tag's status when the CSMS refused it."""
        wish = Wish(
            vehicle=planned.vehicle,
            id_tag=id_token,
            duration_s=planned.duration_s,
            handling_s=planned.handling_s,
            reason=planned.reason,
            on_start=on_start,
        )
        charge = Charge(self, self.connectors[place + 1], wish)
        await charge.run()
        return charge.refusal
