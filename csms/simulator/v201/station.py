"""The whole 2.0.1 station: the device, its answers to the CSMS, and its part in the scenarios."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from csms.simulator.charge import Vehicle
from csms.simulator.errors import CallError
from csms.simulator.frames import Payload
from csms.simulator.plan import ChargePlan, draw_vehicle
from csms.simulator.v201.answers import ANSWERS
from csms.simulator.v201.charging import Charge, Wish
from csms.simulator.v201.device import Device201

NOT_WHILE_PENDING: Final = ("RequestStartTransaction", "RequestStopTransaction")


class Station201(Device201):
    """A charging station of OCPP 2.0.1; see `Station.connect`."""

    def answer(self, action: str, payload: Payload) -> Any:
        """Answer a CALL of the CSMS; raises CallError in 2.0.1's spelling.

        While the registration is Rejected, the CSMS may call nothing (B03); while it is Pending, it may not start
        or stop transactions (B02.FR.05).
        """
        if self.registration == "Rejected":
            raise CallError("SecurityError", "the CSMS has rejected this station")
        if self.registration == "Pending" and action in NOT_WHILE_PENDING:
            return {"status": "Rejected"}
        own = ANSWERS.get(action)
        if own is None:
            raise CallError("NotImplemented", f"{action} is not known to this station")
        try:
            return own(self, payload)
        except KeyError as missing:
            raise CallError("OccurrenceConstraintViolation", f"{action} lacks {missing}") from missing
        except (TypeError, ValueError, AttributeError) as wrong:
            raise CallError("TypeConstraintViolation", f"{action}: {wrong}") from wrong

    def plug_in(self, evse_id: int, vehicle: Vehicle | None = None) -> Charge:
        """Connect a vehicle whose charge waits for an id token, the driver's or the CSMS's."""
        wish = Wish(
            vehicle=vehicle or draw_vehicle(self.rng, self.settings.charge_s),
            id_token=None,
            duration_s=self.settings.charge_s,
        )
        charge = self.evses[evse_id].charge = Charge(self, self.evses[evse_id], wish)
        self.background(charge.run)
        return charge

    # What scenarios let it do

    def prepare(self, register_wh: Callable[[], float], meter_interval_s: int) -> None:
        """Set TxUpdatedInterval and every EVSE's meter."""
        self.model.set("SampledDataCtrlr", "TxUpdatedInterval", str(meter_interval_s))
        for evse in self.evses.values():
            evse.meter.register_wh = register_wh()

    async def until_free(self, place: int) -> None:
        """Return when no vehicle is at EVSE `place` + 1."""
        evse = self.evses[place + 1]
        while evse.charge is not None:
            await evse.charge.until_ended()

    async def charge_once(
        self,
        place: int,
        id_token: str,
        planned: ChargePlan,
        on_start: Callable[[], Awaitable[None]] | None = None,
    ) -> str | None:
        """Charge a vehicle at EVSE `place` + 1; return the token's status when the CSMS refused it.

        About every other driver puts the cable in first.
        """
        wish = Wish(
            vehicle=planned.vehicle,
            id_token=id_token,
            duration_s=planned.duration_s,
            handling_s=planned.handling_s,
            reason=planned.reason,
            cable_first=self.rng.random() < 0.5,
            on_start=on_start,
        )
        charge = Charge(self, self.evses[place + 1], wish)
        await charge.run()
        return charge.refusal
