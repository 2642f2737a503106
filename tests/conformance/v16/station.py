"""An OCPP 1.6 station of few words."""

from typing import Any, ClassVar

from csms.ocpp.rpc import Version
from tests.conformance.station import CaseStation
from tests.wire.station import Answer, Payload


class Station16(CaseStation):
    """A 1.6 station with as many connectors as it has EVSEs; `keys` is its configuration."""

    version: ClassVar[Version] = "1.6"
    subprotocol: ClassVar[str] = "ocpp1.6"

    def usual_answers(self) -> dict[str, Answer]:
        self.keys = {
            "SupportedFeatureProfiles": "Core,FirmwareManagement,LocalAuthListManagement,Reservation,"
            "SmartCharging,RemoteTrigger",
            "HeartbeatInterval": "300",
            "MeterValueSampleInterval": "60",
            "NumberOfConnectors": str(self.evses),
        }
        self.list_version = 0
        self.wh = 1000
        return {
            "GetConfiguration": self._configuration,
            "ChangeConfiguration": self._configure,
            "GetLocalListVersion": lambda _: {"listVersion": self.list_version},
            "SendLocalList": self._take_list,
            "UnlockConnector": {"status": "Unlocked"},
            "UpdateFirmware": {},
            "GetDiagnostics": {"fileName": "diagnostics.log"},
            "GetInstalledCertificateIds": {"status": "NotFound"},
        }

    def _configuration(self, asked: Payload) -> Payload:
        wanted = asked.get("key") or list(self.keys)
        known = [
            {"key": key, "readonly": False, "value": self.keys[key]} for key in wanted if key in self.keys
        ]
        return {"configurationKey": known, "unknownKey": [key for key in wanted if key not in self.keys]}

    def _configure(self, asked: Payload) -> Payload:
        if asked["key"] not in self.keys:
            return {"status": "NotSupported"}
        self.keys[asked["key"]] = asked["value"]
        return {"status": "Accepted"}

    def _take_list(self, asked: Payload) -> Payload:
        self.list_version = asked["listVersion"]
        return {"status": "Accepted"}

    async def boot(self, **fields: Any) -> Payload:
        """BootNotification; returns its answer."""
        usual = {"chargePointVendor": "ABL", "chargePointModel": "eMH1", "firmwareVersion": "1.2"}
        answer: Payload = await self.call("BootNotification", usual | fields)
        return answer

    async def booted(self) -> None:
        """[Booted]: accepted, and every connector Available."""
        assert (await self.boot())["status"] == "Accepted"
        for connector in range(self.evses + 1):
            await self.status("Available", connector)

    async def status(self, status: str, connector: int = 1, error: str = "NoError", **fields: Any) -> None:
        """StatusNotification of now."""
        usual = {"connectorId": connector, "errorCode": error, "status": status, "timestamp": self.at()}
        assert await self.call("StatusNotification", usual | fields) == {}

    async def authorize(self, tag: str = "TAG1") -> Payload:
        """Authorize; returns idTagInfo."""
        info: Payload = (await self.call("Authorize", {"idTag": tag}))["idTagInfo"]
        return info

    async def start(self, tag: str = "TAG1", connector: int = 1, **fields: Any) -> Payload:
        """StartTransaction of now; returns its answer."""
        usual = {"connectorId": connector, "idTag": tag, "meterStart": self.wh, "timestamp": self.at()}
        answer: Payload = await self.call("StartTransaction", usual | fields)
        return answer

    async def stop(self, transaction_id: int, reason: str | None = None, **fields: Any) -> Payload:
        """StopTransaction of now, 5 kWh later; returns its answer."""
        self.wh += 5000
        usual = {"transactionId": transaction_id, "meterStop": self.wh, "timestamp": self.at()}
        said = {"reason": reason} if reason else {}
        answer: Payload = await self.call("StopTransaction", usual | said | fields)
        return answer

    async def charging(self, tag: str = "TAG1", connector: int = 1) -> int:
        """Authorize, plug in, start, charge; returns the transaction's id."""
        assert (await self.authorize(tag))["status"] == "Accepted"
        await self.status("Preparing", connector)
        begun = await self.start(tag, connector)
        assert begun["idTagInfo"]["status"] == "Accepted"
        await self.status("Charging", connector)
        return int(begun["transactionId"])

    async def unplugged(self, connector: int = 1) -> None:
        """The session is over: Finishing, then Available."""
        await self.status("Finishing", connector)
        await self.status("Available", connector)
