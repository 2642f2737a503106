"""A station with a key of its own, in either OCPP version: what it says is checked against the standard's schemas."""

from typing import Any

import trio
from cryptography import x509

from csms.ocpp import schemas
from tests.pki import papers
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Payload, Station
from tests.wire.v201 import payloads as payloads201

VERSIONS = ("1.6", "2.0.1")


class Charger(Station):
    """CP1 by default; its serial number is SN-1."""

    version = "1.6"

    async def _answer(self, message_id: str, action: str, payload: Payload) -> None:
        violation = schemas.validate(self.version, action, "request", payload)  # type: ignore[arg-type]
        assert violation is None, violation
        await super()._answer(message_id, action, payload)

    async def call(
        self, action: str, payload: Payload | None = None, *, message_id: str | None = None
    ) -> Any:
        answer = await super().call(action, payload, message_id=message_id)
        violation = schemas.validate(self.version, action, "response", answer)  # type: ignore[arg-type]
        assert violation is None, violation
        return answer

    async def boot(self, serial: str | None = "SN-1") -> Payload:
        """Boot with a serial number and return the answer."""
        if self.version == "1.6":
            body = payloads.boot() | ({"chargePointSerialNumber": serial} if serial else {})
        else:
            body = payloads201.boot()
            body["chargingStation"] |= {"serialNumber": serial} if serial else {}
        answer: Payload = await self.call("BootNotification", body)
        return answer

    async def sign(self, csr: str, kind: str | None = None) -> str:
        """Ask for a certificate and return the status."""
        answer = await self.call(
            "SignCertificate", {"csr": csr} | ({"certificateType": kind} if kind else {})
        )
        return str(answer["status"])

    async def signed(self, number: int = 1) -> Payload:
        """Return the certificate that arrives as the n-th."""
        with trio.fail_after(10):
            while True:
                found = [payload for action, payload in self.asked if action == "CertificateSigned"]
                if len(found) >= number:
                    return found[number - 1]
                self._news = trio.Event()
                await self._news.wait()


async def connected(
    csms: Appliance,
    version: str = "1.6",
    station_id: str = "CP1",
    serial: str | None = "SN-1",
    **headers: str,
) -> Charger:
    """Return a station that is connected and, with a serial number, has booted."""
    charger = Charger(csms.stream(), csms.nursery)
    charger.version = version
    await charger.connect(f"/ocpp/{station_id}", protocols=f"ocpp{version}", **headers)
    if serial is not None:
        await charger.boot(serial)
    return charger


def leaf_of(chain: str) -> x509.Certificate:
    """Return the first certificate of a chain."""
    return x509.load_pem_x509_certificates(chain.encode())[0]


def request(key: papers.Key, serial: str = "SN-1") -> str:
    """Return the request of a station for its key."""
    return papers.csr(serial, "Depot", key=key)
