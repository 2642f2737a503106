"""OCPP 2.0.1: what may pass between us and a station whose registration is pending (B02)."""

from typing import Any, Final

FORBIDDEN: Final = frozenset({"RequestStartTransaction", "RequestStopTransaction"})
"""What a pending station may not be sent (B02.FR.05)."""
_REPORTS: Final = frozenset({"GetBaseReport", "GetReport"})
_ANSWERS: Final = {
    "SignChargingStationCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
}


def triggered(action: str, payload: dict[str, Any]) -> frozenset[str]:
    """Return the actions that a station may send because of a request of ours (B02.FR.09)."""
    if action in _REPORTS:
        return frozenset({"NotifyReport"})
    if action != "TriggerMessage":
        return frozenset()
    wanted = str(payload["requestedMessage"])
    return frozenset({_ANSWERS.get(wanted, wanted)})
