"""What a 2.0.1 station passes on of vehicles that talk (ISO 15118), and of others that limit it (K11 to K17)."""

from datetime import datetime
from typing import Final

from csms.simulator.charge import VOLTAGE_V
from csms.simulator.clock import to_wire
from csms.simulator.frames import Payload
from csms.simulator.v201.device import Device201

_PHASES: Final = 3
_LOOKS_AHEAD_S: Final = 86_400


async def tell_needs(
    station: Device201,
    evse_id: int,
    *,
    energy_wh: int = 20_000,
    most_a: int = 32,
    most_periods: int | None = None,
    leaves_at: datetime | None = None,
) -> str:
    """Send NotifyEVChargingNeeds of an AC vehicle and return the status of the answer."""
    needs: Payload = {
        "requestedEnergyTransfer": "AC_three_phase",
        "acChargingParameters": {
            "energyAmount": energy_wh,
            "evMinCurrent": 6,
            "evMaxCurrent": most_a,
            "evMaxVoltage": int(VOLTAGE_V),
        },
    }
    if leaves_at is not None:
        needs["departureTime"] = to_wire(leaves_at)
    payload: Payload = {"evseId": evse_id, "chargingNeeds": needs}
    if most_periods is not None:
        payload["maxScheduleTuples"] = most_periods
    return str((await station.call("NotifyEVChargingNeeds", payload))["status"])


async def tell_plan(station: Device201, evse_id: int, *, most_a: float = 32.0, obeys: bool = True) -> str:
    """Send NotifyEVChargingSchedule and return the status of the answer.

    A vehicle that obeys plans what the station's profiles allow; one that does not plans all it can take.
    """
    begin = station.clock.now().replace(microsecond=0)
    steps = [(0, most_a)]
    if obeys:
        evse = station.evse(evse_id)
        began = evse.transaction.started_at if evse.transaction else None
        hardware_w = min(station.settings.hardware_limit_w, most_a * VOLTAGE_V * _PHASES)
        found = station.profiles.schedule({evse_id: began}, begin, _LOOKS_AHEAD_S, hardware_w)
        steps = [(start_s, int(limit_w / (VOLTAGE_V * _PHASES) * 10) / 10) for start_s, limit_w in found]
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "duration": _LOOKS_AHEAD_S,
        "chargingSchedulePeriod": [{"startPeriod": start_s, "limit": limit} for start_s, limit in steps],
    }
    payload = {"timeBase": to_wire(begin), "evseId": evse_id, "chargingSchedule": schedule}
    return str((await station.call("NotifyEVChargingSchedule", payload))["status"])


async def tell_limit(station: Device201, source: str, limit_w: float | None, *, for_s: int = 3600) -> None:
    """Send NotifyChargingLimit for the whole station (K12), or ClearedChargingLimit (K13) for no limit any more."""
    if limit_w is None:
        await station.call("ClearedChargingLimit", {"chargingLimitSource": source})
        return
    begin = station.clock.now().replace(microsecond=0)
    schedule = {
        "id": 1,
        "startSchedule": to_wire(begin),
        "duration": for_s,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_w}],
    }
    limit = {"chargingLimitSource": source, "isGridCritical": False}
    await station.call("NotifyChargingLimit", {"chargingLimit": limit, "chargingSchedule": [schedule]})
