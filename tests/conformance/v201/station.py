"""An OCPP 2.0.1 station of few words, with the reusable states of the certification tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from csms.ocpp.rpc import Version
from tests.conformance.station import CaseStation
from tests.wire.station import Answer, Payload

TAG1: Payload = {"idToken": "TAG1", "type": "ISO14443"}
NOBODY: Payload = {"idToken": "", "type": "NoAuthorization"}
_OF_TRANSACTION = {"chargingState", "timeSpentCharging", "stoppedReason", "remoteStartId"}


def token(uid: str = "TAG1", type: str = "ISO14443") -> Payload:
    """Return an IdTokenType."""
    return {"idToken": uid, "type": type}


@dataclass
class Charge:
    """What the station knows of the transaction on one EVSE; `events` are the payloads sent for it."""

    id: str
    authorized: Payload | None = None
    connected: bool = False
    charging: bool = False
    ended: bool = False
    events: list[Payload] = field(default_factory=list)


class Station201(CaseStation):
    """A 2.0.1 station with one connector on each EVSE; `variables` are its settings, as "Component.Variable"."""

    version: ClassVar[Version] = "2.0.1"
    subprotocol: ClassVar[str] = "ocpp2.0.1"

    def usual_answers(self) -> dict[str, Answer]:
        self.variables = {
            "OCPPCommCtrlr.HeartbeatInterval": "300",
            "OCPPCommCtrlr.OfflineThreshold": "60",
            "AuthCtrlr.AuthorizeRemoteStart": "true",
        }
        self.list_version = 0
        self.wh = 1000
        self.charges: list[Charge] = []
        each = self._each
        return {
            "GetVariables": each("getVariableData", "getVariableResult", self._variable),
            "SetVariables": each("setVariableData", "setVariableResult", self._set_variable),
            "SetVariableMonitoring": each("setMonitoringData", "setMonitoringResult", _monitored),
            "ClearVariableMonitoring": lambda asked: {
                "clearMonitoringResult": [{"id": number, "status": "Accepted"} for number in asked["id"]]
            },
            "GetLocalListVersion": lambda _: {"versionNumber": self.list_version},
            "SendLocalList": self._take_list,
            "UnlockConnector": {"status": "Unlocked"},
            "UnpublishFirmware": {"status": "Unpublished"},
            "CostUpdated": {},
            "GetTransactionStatus": {"messagesInQueue": False},
            "GetInstalledCertificateIds": {"status": "NotFound"},
        }

    @staticmethod
    def _each(asked_as: str, told_as: str, tell: Callable[[Payload], Payload]) -> Answer:
        return lambda asked: {told_as: [tell(entry) for entry in asked[asked_as]]}

    def _variable(self, asked: Payload) -> Payload:
        value = self.variables.get(_name(asked))
        told = {"attributeStatus": "UnknownVariable"}
        if value is not None:
            told = {"attributeStatus": "Accepted", "attributeValue": value}
        return _same(asked) | told

    def _set_variable(self, asked: Payload) -> Payload:
        if _name(asked) not in self.variables:
            return _same(asked) | {"attributeStatus": "UnknownVariable"}
        self.variables[_name(asked)] = asked["attributeValue"]
        return _same(asked) | {"attributeStatus": "Accepted"}

    def _take_list(self, asked: Payload) -> Payload:
        self.list_version = asked["versionNumber"]
        return {"status": "Accepted"}

    async def boot(self, reason: str = "PowerUp", **station: Any) -> Payload:
        """BootNotification; returns its answer."""
        usual = {"vendorName": "ABL", "model": "eM4", "serialNumber": self.id, "firmwareVersion": "2.0"}
        answer: Payload = await self.call(
            "BootNotification", {"reason": reason, "chargingStation": usual | station}
        )
        return answer

    async def booted(self, reason: str = "PowerUp") -> None:
        """[Booted]: accepted, and every connector Available."""
        assert (await self.boot(reason))["status"] == "Accepted"
        for evse in range(1, self.evses + 1):
            await self.status("Available", evse)

    async def status(self, status: str, evse: int = 1, connector: int = 1) -> None:
        """StatusNotification of now."""
        said = {"evseId": evse, "connectorId": connector, "connectorStatus": status, "timestamp": self.at()}
        assert await self.call("StatusNotification", said) == {}

    async def authorize(self, id_token: Payload = TAG1, **fields: Any) -> Payload:
        """Authorize; returns its answer."""
        answer: Payload = await self.call("Authorize", {"idToken": id_token} | fields)
        return answer

    def charge(self, evse: int = 1) -> Charge:
        """Return the open transaction of an EVSE, a new one when there is none."""
        mine = [charge for charge in self.charges if charge.id.startswith(f"{self.id}-{evse}-")]
        if not mine or mine[-1].ended:
            self.charges.append(Charge(f"{self.id}-{evse}-{len(mine) + 1}"))
            return self.charges[-1]
        return mine[-1]

    async def event(self, trigger: str, *, evse: int = 1, end: bool = False, **fields: Any) -> Payload:
        """TransactionEvent of now; fields of TransactionType go there, None leaves one out; returns the answer."""
        charge = self.charge(evse)
        payload = self.event_payload(charge, trigger, evse, end, fields)
        charge.events.append(payload)
        charge.ended = end
        return cast(Payload, await self.call("TransactionEvent", payload))

    def event_payload(self, charge: Charge, trigger: str, evse: int, end: bool, fields: Payload) -> Payload:
        """Return the next event of a charge without sending it."""
        inner = {name: value for name, value in fields.items() if name in _OF_TRANSACTION}
        outer = {name: value for name, value in fields.items() if name not in _OF_TRANSACTION}
        whole = {
            "eventType": "Ended" if end else "Updated" if charge.events else "Started",
            "timestamp": self.at(),
            "triggerReason": trigger,
            "seqNo": len(charge.events),
            "transactionInfo": _present({"transactionId": charge.id} | inner),
            "evse": {"id": evse, "connectorId": 1},
            "meterValue": [self.reading("Transaction.End")] if end else None,
        }
        return _present(whole | outer)

    def reading(self, context: str = "Sample.Periodic", measurand: str | None = None) -> Payload:
        """Return a MeterValue of the energy register now."""
        said = {"value": float(self.wh), "context": context} | ({"measurand": measurand} if measurand else {})
        return {"timestamp": self.at(), "sampledValue": [said]}

    async def authorized(self, id_token: Payload = TAG1, evse: int = 1, *, ask: bool = True) -> Payload:
        """[Authorized]: Authorize accepted, then the event of it, whose answer is returned."""
        if ask and id_token["type"] != "NoAuthorization":
            assert (await self.authorize(id_token))["idTokenInfo"]["status"] == "Accepted"
        answer = await self.event("Authorized", evse=evse, idToken=id_token)
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        self.charge(evse).authorized = id_token
        return answer

    async def ev_connected_pre_session(self, evse: int = 1) -> Payload:
        """[EVConnectedPreSession]: the cable is in at both ends."""
        await self.status("Occupied", evse)
        self.charge(evse).connected = True
        return await self.event("CablePluggedIn", evse=evse, chargingState="EVConnected")

    async def energy_transfer_started(self, evse: int = 1, id_token: Payload = TAG1) -> Payload:
        """[EnergyTransferStarted]; whatever of authorisation and cable is missing comes before it."""
        if self.charge(evse).authorized is None:
            await self.authorized(id_token, evse)
        if not self.charge(evse).connected:
            await self.ev_connected_pre_session(evse)
        self.charge(evse).charging = True
        begin = [self.reading("Transaction.Begin")]
        return await self.event("ChargingStateChanged", evse=evse, chargingState="Charging", meterValue=begin)

    async def stop_authorized(self, id_token: Payload = TAG1, evse: int = 1) -> Payload:
        """[StopAuthorized]: the driver presents the id token again, 5 kWh later."""
        self.wh += 5000
        answer = await self.event("StopAuthorized", evse=evse, idToken=id_token, chargingState="Charging")
        assert answer["idTokenInfo"]["status"] == "Accepted", answer
        return answer

    async def ev_connected_post_session(self, evse: int = 1, *, end: bool = False, **fields: Any) -> Payload:
        """[EVConnectedPostSession]: no energy flows any more, the cable is still in."""
        usual = {"chargingState": "EVConnected"} | ({"stoppedReason": "Local"} if end else {})
        return await self.event("ChargingStateChanged", evse=evse, end=end, **usual | fields)

    async def ev_disconnected(self, evse: int = 1, *, end: bool = False, **fields: Any) -> Payload | None:
        """[EVDisconnected]: the cable is out, the connector free; an event only while the transaction is open."""
        mine = [charge for charge in self.charges if charge.id.startswith(f"{self.id}-{evse}-")]
        answer = None
        if mine and not mine[-1].ended:
            usual = {"chargingState": "Idle"} | ({"stoppedReason": "EVDisconnected"} if end else {})
            answer = await self.event("EVCommunicationLost", evse=evse, end=end, **usual | fields)
            mine[-1].connected = False
        await self.status("Available", evse)
        return answer

    async def parking_bay_occupied(self, evse: int = 1) -> Payload:
        """[ParkingBayOccupied]: an EV stands before the station."""
        return await self.event("EVDetected", evse=evse, chargingState="Idle")

    async def parking_bay_unoccupied(self, evse: int = 1) -> Payload:
        """[ParkingBayUnoccupied]: it has left, and with it the transaction ends."""
        return await self.event(
            "EVDeparted", evse=evse, end=True, chargingState="Idle", stoppedReason="Local"
        )


def _present(fields: Payload) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}


def _name(asked: Payload) -> str:
    return f"{asked['component']['name']}.{asked['variable']['name']}"


def _same(asked: Payload) -> Payload:
    kept = {"component": asked["component"], "variable": asked["variable"]}
    return kept | ({"attributeType": asked["attributeType"]} if "attributeType" in asked else {})


def _monitored(asked: Payload) -> Payload:
    told = {"component": asked["component"], "variable": asked["variable"], "type": asked["type"]}
    return told | {"severity": asked["severity"], "status": "Accepted", "id": asked.get("id", 1)}
