"""The routes on the management listener: translate in, one verb, translate out."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from quart import Response, request
from quart_trio import QuartTrio

from csms.admin.gateway import Gateway
from csms.admin.rest.routes import BASE, ROUTES, Route
from csms.errors import InvalidInput
from csms.services import present, verbs
from csms.services.house import House
from csms.services.sign_in import SignIn


def attach(app: QuartTrio, house: House, sign_in: SignIn, gateway: Gateway) -> None:
    """Add the management API to an application."""
    for route in ROUTES:
        path = BASE + route.path.replace("{", "<").replace("}", ">")
        name = f"rest {route.method} {route.path}".replace(".", "_")
        app.add_url_rule(path, name, _view(route, house, sign_in, gateway), methods=[route.method])


def _view(
    route: Route, house: House, sign_in: SignIn, gateway: Gateway
) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        origin = request.remote_addr or "unknown"
        caller = await sign_in.caller(request.headers.get("Authorization"), origin)
        gateway.admit(caller, f"{route.method} {route.path}")
        args = {**await _arguments(route), **path}
        result = await verbs.perform(route.verb, args, caller, house.unit, house)
        return Response(present.encode(result), route.status, content_type="application/json")

    async def bounded(**path: str) -> Response:
        return await gateway.within_time(partial(view, **path))

    return bounded


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
