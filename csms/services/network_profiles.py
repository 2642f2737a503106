"""Orders about how a station reaches a CSMS (OCPP 2.0.1 B09)."""

from urllib.parse import urlsplit

from csms.errors import InvalidInput
from csms.model.security_command import SetNetworkProfile
from csms.services.station_orders import Occasion


def checked(_: Occasion, order: SetNetworkProfile) -> SetNetworkProfile:
    """Refuse an address that no station can reach a CSMS by."""
    try:
        there = urlsplit(order.url)
        usable = there.scheme in ("ws", "wss") and bool(there.hostname) and " " not in order.url
        usable = usable and order.url.isprintable() and there.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(
            f"not a ws:// or wss:// address: {order.url[:60]!r}; like wss://csms.example:9443/ocpp"
        )
    return order
