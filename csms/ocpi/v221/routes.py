"""Every route of OCPI 2.2.1, one row each: module, side, method, path below the module's address, handler.

Version details and the application are made from this table. A row with `at` stands at a path of its own, below
`/ocpi`, and is advertised nowhere: the specification's own paths.
"""

from dataclasses import dataclass
from typing import Final

from csms.model.party import Interface, Module
from csms.ocpi.request import Handler
from csms.ocpi.v221 import credentials

SENDER, RECEIVER = Interface.SENDER, Interface.RECEIVER


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
)
