"""The routes on the management listener: translate in, one verb, translate out."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from quart import Response, request
from quart_trio import QuartTrio

from csms.admin.rest import problems
from csms.admin.rest.routes import BASE, ROUTES, Route
from csms.errors import CsmsError, InvalidInput
from csms.services import present, sign_in, verbs
from csms.services.house import House

log = structlog.get_logger(__name__)


def attach(app: QuartTrio, house: House) -> None:
    """Add the management API to an application."""
    for route in ROUTES:
        path = BASE + route.path.replace("{", "<").replace("}", ">")
        name = f"rest {route.method} {route.path}".replace(".", "_")
        app.add_url_rule(path, name, _view(route, house), methods=[route.method])


def _view(route: Route, house: House) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        try:
            return await _answer(route, house, path)
        except CsmsError as error:
            return problems.of(error, request.path)
        except Exception:  # a request must not end the appliance, nor show its inside
            reference = uuid.uuid4().hex[:12]
            log.exception("request_failed", path=request.path, reference=reference)
            return problems.problem(500, "internal", f"internal error; reference {reference}", request.path)

    return view


async def _answer(route: Route, house: House, path: Mapping[str, str]) -> Response:
    origin = request.remote_addr or "unknown"
    caller = await sign_in.caller(house.unit, request.headers.get("Authorization"), origin)
    args = {**await _arguments(route), **path}
    result = await verbs.perform(route.verb, args, caller, house.unit, house)
    return Response(present.encode(result), route.status, content_type="application/json")


async def _arguments(route: Route) -> dict[str, Any]:
    """Return what query and body say, by the names of the verb's arguments."""
    given: dict[str, Any] = {present.snake(name): value for name, value in request.args.items()}
    if route.method in ("GET", "DELETE"):
        return given
    body = await _body()
    if route.payload is not None:
        return given | {route.payload: body}
    return given | {present.snake(name): value for name, value in body.items()}


async def _body() -> dict[str, Any]:
    raw = await request.get_data(as_text=False)
    try:
        body = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidInput("the body is not a JSON object")
    return body
