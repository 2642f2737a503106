"""OCPP 1.6: what may pass between us and a station whose registration is pending (§4.2)."""

from typing import Any, Final

FORBIDDEN: Final = frozenset({"RemoteStartTransaction", "RemoteStopTransaction"})
"""What a pending station may not be sent."""
_TRIGGERS: Final = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
_ANSWERS: Final = {
    "SignChargePointCertificate": frozenset({"SignCertificate"}),
    "FirmwareStatusNotification": frozenset(
        {"FirmwareStatusNotification", "SignedFirmwareStatusNotification"}
    ),
}


def triggered(action: str, payload: dict[str, Any]) -> frozenset[str]:
    """Return the actions that a station may send because of a request of ours."""
    if action not in _TRIGGERS:
        return frozenset()
    wanted = str(payload["requestedMessage"])
    return _ANSWERS.get(wanted, frozenset({wanted}))
