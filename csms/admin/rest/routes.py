"""Every route of the management API, one row each."""

from dataclasses import dataclass
from typing import Final

BASE: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path, and the verb that answers it.

    What stands in braces in the path are arguments of the verb; the rest comes from the query (GET, DELETE) or from
    the JSON body, in camelCase. `payload` names the argument that is the whole body.
    """

    method: str
    path: str
    verb: str
    summary: str
    status: int = 200
    payload: str | None = None


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        "/stations/{station}/calls/{action}",
        "station.call",
        "Send any OCPP action to a station by its wire name, with the wire payload as body",
        payload="payload",
    ),
)
