"""Steps that many cases share: a connector's state told both ways, and the state of an EVSE that has stopped giving."""

from tests.conformance.v201.station import Station201


async def shows(station: Station201, status: str, evse: int = 1) -> None:
    """StatusNotification, and the NotifyEvent that says the same (G01)."""
    await station.status(status, evse)
    event = {
        "eventId": 1,
        "timestamp": station.at(),
        "trigger": "Delta",
        "actualValue": status,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": evse, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    said = {"generatedAt": station.at(), "seqNo": 0, "eventData": [event]}
    assert await station.call("NotifyEvent", said) == {}


async def energy_transfer_suspended(station: Station201, evse: int = 1) -> None:
    """[EnergyTransferSuspended]: the vehicle takes nothing any more."""
    await station.energy_transfer_started(evse)
    assert await station.event("ChargingStateChanged", evse=evse, chargingState="SuspendedEV") == {}
