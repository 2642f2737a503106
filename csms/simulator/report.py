"""What a run came to: the summary for people and programs, and who failed why."""

from dataclasses import dataclass, field
from typing import Any

from csms.simulator.clock import to_wire
from csms.simulator.errors import NoCommonSubprotocol, NotAccepted, Refused, SimulatorError, Unreachable
from csms.simulator.tally import FinishedCharge, Tally, percentile_ms


@dataclass(slots=True)
class Failures:
    """Which stations failed, by what kept them from it: kind, then station, then the words."""

    by_kind: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, station: str, kind: str, text: str) -> None:
        """Note a failure once per station and kind."""
        self.by_kind.setdefault(kind, {}).setdefault(station, text)

    def add_error(self, station: str, error: SimulatorError) -> None:
        """Note the exception that ended a station's run."""
        match error:
            case Unreachable():
                kind = "unreachable"
            case NoCommonSubprotocol():
                kind = "subprotocol"
            case Refused(http_status=status):
                kind = f"http-{status}"
            case NotAccepted():
                kind = "registration"
            case _:
                kind = "connection"
        self.add(station, kind, str(error))

    @property
    def stations(self) -> set[str]:
        """Return every station that failed."""
        return {station for failed in self.by_kind.values() for station in failed}


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of a finished run."""

    scenario: str
    seed: str
    url: str
    stations: int
    connected: int
    charges_planned: int
    seconds: float
    cpu_s: float
    tally: Tally
    failures: Failures
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Say whether everything was accepted, answered, delivered and done by the standard."""
        tally = self.tally
        all_charged = len(tally.charges) >= self.charges_planned
        clean = not (tally.errors or tally.discarded or self.failures.by_kind)
        return clean and all_charged and self.connected == self.stations and not self.interrupted

    def to_json(self) -> dict[str, Any]:
        """Return the summary as one object with camelCase keys."""
        tally = self.tally
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "url": self.url,
            "complete": self.complete,
            "stations": self.stations,
            "connected": self.connected,
            "refused": sorted(self.failures.stations),
            "failures": {kind: len(failed) for kind, failed in self.failures.by_kind.items()},
            "chargesPlanned": self.charges_planned,
            "chargesCompleted": len(tally.charges),
            "energyWh": tally.energy_wh,
            "connections": tally.connections,
            "messagesSent": tally.sent,
            "answered": tally.answered,
            "callErrors": tally.call_errors,
            "timeouts": tally.timeouts,
            "lost": tally.lost,
            "repeated": tally.repeats,
            "discarded": tally.discarded,
            "callsReceived": tally.received_calls,
            "violations": tally.violation_count,
            "violationTexts": tally.violations,
            "answerP50Ms": percentile_ms(tally.answer_s, 50),
            "answerP99Ms": percentile_ms(tally.answer_s, 99),
            "reconnectP50Ms": percentile_ms(tally.reconnect_s, 50),
            "reconnectP99Ms": percentile_ms(tally.reconnect_s, 99),
            "seconds": round(self.seconds, 3),
            "clientCpuUsPerMessage": round(self.cpu_s / tally.sent * 1e6, 1) if tally.sent else None,
            "charges": [_charge_json(charge) for charge in tally.charges],
        }


def _charge_json(charge: FinishedCharge) -> dict[str, Any]:
    return {
        "stationId": charge.station,
        "connectorId": charge.connector,
        "transactionId": charge.transaction_id,
        "idTag": charge.id_tag,
        "meterStartWh": charge.meter_start_wh,
        "meterStopWh": charge.meter_stop_wh,
        "energyWh": charge.energy_wh,
        "startedAt": to_wire(charge.started_at),
        "stoppedAt": to_wire(charge.stopped_at),
        "reason": charge.reason,
    }
