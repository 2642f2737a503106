"""EVSEs as partners know them: their ids, and their state from what stations report (OCPI 2.2.1 §8.3.2, eMI3).

A uid is for ever: an EVSE that moves to another location gets another one, and the old one stays there as REMOVED.
"""

import re
from collections.abc import Iterable
from typing import Final

from csms.model.location_words import EvseStatus
from csms.model.station import Connector, ConnectorStatus

LONGEST_UID: Final = 36
LONGEST_EVSE_ID: Final = 48
EVSE_ID: Final = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,30}", re.IGNORECASE)
"""<country> <operator> E<id>, the stars optional (ISO 15118-2 annex H, eMI3 part 2)."""
_IN_A_PATH: Final = re.compile(r"[A-Za-z0-9._~:+*@-]+")
_NO_LETTER: Final = re.compile(r"[^A-Z0-9]+")

_SEEN_AS: Final[dict[ConnectorStatus, EvseStatus]] = {
    ConnectorStatus.AVAILABLE: EvseStatus.AVAILABLE,
    ConnectorStatus.PREPARING: EvseStatus.CHARGING,
    ConnectorStatus.OCCUPIED: EvseStatus.CHARGING,
    ConnectorStatus.CHARGING: EvseStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV: EvseStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EVSE: EvseStatus.CHARGING,
    ConnectorStatus.FINISHING: EvseStatus.CHARGING,
    ConnectorStatus.RESERVED: EvseStatus.RESERVED,
    ConnectorStatus.UNAVAILABLE: EvseStatus.INOPERATIVE,
    ConnectorStatus.FAULTED: EvseStatus.OUTOFORDER,
    ConnectorStatus.UNKNOWN: EvseStatus.UNKNOWN,
}
_STRONGEST: Final = (
    EvseStatus.CHARGING,
    EvseStatus.RESERVED,
    EvseStatus.AVAILABLE,
    EvseStatus.INOPERATIVE,
    EvseStatus.OUTOFORDER,
    EvseStatus.UNKNOWN,
)


def uid(station_id: str, station_key: str, evse_id: int, placing: int = 1) -> str:
    """Return the uid of an EVSE: its station's id and its number, or of the station's key where that cannot be one.

    `placing` counts the locations at which it has been.
    """
    suffix = f"-{evse_id}" if placing == 1 else f"-{evse_id}~{placing}"
    if _IN_A_PATH.fullmatch(station_id) and len(station_id) + len(suffix) <= LONGEST_UID:
        return station_id + suffix
    return station_key[: LONGEST_UID - len(suffix)] + suffix


def emi3_id(country_code: str, party_id: str, station_id: str, evse_id: int) -> str | None:
    """Return an EVSE id made of the operator's and the station's id, None where these give none."""
    body = _NO_LETTER.sub("*", station_id.upper()).strip("*")
    made = f"{country_code.upper()}*{party_id.upper()}*E{body}*{evse_id}"
    return made if body and EVSE_ID.fullmatch(made) else None


def status(connectors: Iterable[Connector], whole: ConnectorStatus | None = None) -> EvseStatus:
    """Return the state of an EVSE with its connectors; `whole` is what the station says of itself (EVSE 0)."""
    seen = {_SEEN_AS[connector.status] for connector in connectors}
    found = next((state for state in _STRONGEST if state in seen), EvseStatus.UNKNOWN)
    if found is not EvseStatus.CHARGING and whole in (ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED):
        return _SEEN_AS[whole]
    return found
