"""The fake central system of OCPP 2.0.1; beside the answers it sums up what it was told of each transaction."""

from typing import Any

from tests.simulator.fake_csms import FakeCsms, Payload


class FakeCsms201(FakeCsms):
    folder = "v201"
    request = "Request"
    subprotocol = "ocpp2.0.1"

    def _answer(self, identity: str, action: str, payload: Payload) -> Payload:
        if action in self.answers:
            return self.answers[action](identity, payload)
        match action:
            case "Authorize":
                return {"idTokenInfo": {"status": "Accepted"}}
            case "TransactionEvent":
                info = {"idTokenInfo": {"status": "Accepted"}} if "idToken" in payload else {}
                return {**info, **({"totalCost": 1.5} if payload["eventType"] == "Ended" else {})}
            case "NotifyEVChargingNeeds" | "NotifyEVChargingSchedule":
                return {"status": "Accepted"}
        return super()._answer(identity, action, payload)

    def statuses(self, connector_id: int = 1) -> list[str]:
        """Return the statuses of an EVSE."""
        told = self.payloads("StatusNotification")
        return [p["connectorStatus"] for p in told if p["evseId"] == connector_id]

    def events(self, kind: str | None = None) -> list[Payload]:
        told = self.payloads("TransactionEvent")
        return [event for event in told if kind in (None, event["eventType"])]

    def story(self) -> list[tuple[Any, ...]]:
        """Return type, trigger and charging state of every event but periodic readings."""
        return [
            (event["eventType"], event["triggerReason"], event["transactionInfo"].get("chargingState"))
            for event in self.events()
            if event["triggerReason"] != "MeterValuePeriodic"
        ]
