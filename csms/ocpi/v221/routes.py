"""Every route of OCPI 2.2.1, one row each: module, side, method, path below the module's address, handler.

Version details and the application are made from this table. A row with `at` stands at a path of its own, below
`/ocpi`, and is advertised nowhere: the specification's own paths.
"""

from dataclasses import dataclass
from typing import Final

from csms.model.party import Interface, Module
from csms.ocpi.request import Handler
from csms.ocpi.v221 import credentials, published, tokens

SENDER, RECEIVER = Interface.SENDER, Interface.RECEIVER
THEIRS: Final = "/{country_code}/{party_id}/{token_uid}"


@dataclass(frozen=True, slots=True)
class Route:
    """One route; `{name}` in the path is one segment. `summary` is for the reference of what is there."""

    module: Module
    interface: Interface
    method: str
    path: str
    handler: Handler
    summary: str
    at: str = ""


ROUTES: Final[tuple[Route, ...]] = (
    Route(Module.CREDENTIALS, RECEIVER, "GET", "", credentials.get, "Show how the partner reaches us"),
    Route(Module.CREDENTIALS, RECEIVER, "POST", "", credentials.post, "Register"),
    Route(Module.CREDENTIALS, RECEIVER, "PUT", "", credentials.put, "Exchange tokens, roles, endpoints anew"),
    Route(Module.CREDENTIALS, RECEIVER, "DELETE", "", credentials.delete, "Unregister"),
    Route(Module.TOKENS, SENDER, "GET", "", tokens.get_page, "List our id tokens"),
    Route(
        Module.TOKENS, SENDER, "POST", "/{token_uid}/authorize", tokens.authorize, "Authorize in real time"
    ),
    Route(Module.TOKENS, RECEIVER, "GET", THEIRS, tokens.get, "Show a token of the partner's"),
    Route(Module.TOKENS, RECEIVER, "PUT", THEIRS, tokens.put, "Take a token of the partner's"),
    Route(Module.TOKENS, RECEIVER, "PATCH", THEIRS, tokens.patch, "Change a token of the partner's"),
    # What we own, as partners read it.
    Route(Module.LOCATIONS, SENDER, "GET", "", published.list_locations, "List locations"),
    Route(Module.LOCATIONS, SENDER, "GET", "/{location_id}", published.get_location, "Show a location"),
    Route(
        Module.LOCATIONS, SENDER, "GET", "/{location_id}/{evse_uid}", published.get_location, "Show an EVSE"
    ),
    Route(
        Module.LOCATIONS,
        SENDER,
        "GET",
        "/{location_id}/{evse_uid}/{connector_id}",
        published.get_location,
        "Show a connector",
    ),
    Route(
        Module.SESSIONS, SENDER, "GET", "", published.list_sessions, "List sessions of the partner's drivers"
    ),
    Route(Module.CDRS, SENDER, "GET", "", published.list_cdrs, "List CDRs of the partner's drivers"),
    Route(Module.TARIFFS, SENDER, "GET", "", published.list_tariffs, "List tariffs"),
    # The specification's own paths to the same.
    Route(
        Module.LOCATIONS, SENDER, "GET", "", published.list_locations, "List locations", at="/2.2.1/locations"
    ),
    Route(
        Module.LOCATIONS,
        SENDER,
        "GET",
        "",
        published.get_location,
        "Show a location",
        at="/2.2.1/locations/{location_id}",
    ),
    Route(Module.CDRS, SENDER, "GET", "", published.list_cdrs, "List CDRs", at="/2.2.1/cdrs"),
    Route(Module.CDRS, SENDER, "GET", "", published.get_cdr, "Show a CDR", at="/2.2.1/cdrs/{cdr_id}"),
)
