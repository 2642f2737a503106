"""The routes on the management listener: translate in, one verb, translate out."""

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
from quart import Response, g, request
from quart_trio import QuartTrio

from csms.admin.gateway import Gateway
from csms.admin.rest import problems
from csms.admin.rest.routes import BASE, ROUTES, Route, argument
from csms.errors import InvalidInput
from csms.services import present, verbs
from csms.services.access import Caller
from csms.services.house import House
from csms.services.idempotency import Once
from csms.services.sign_in import SignIn

JSON: Final = "application/json"
_PAGE: Final = {
    "docs": ("docs.html", "text/html; charset=utf-8"),
    "docs/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
    "docs/docs.css": ("docs.css", "text/css; charset=utf-8"),
}


def attach(app: QuartTrio, house: House, sign_in: SignIn, gateway: Gateway) -> None:
    """Add the management API, its description and its page to an application."""
    for route in ROUTES:
        path = BASE + route.path.replace("{", "<").replace("}", ">")
        name = f"rest {route.method} {route.path}".replace(".", "_")
        view = _Handler(route, house, sign_in, gateway)
        app.add_url_rule(path, name, view.handle, methods=[route.method])

    async def described() -> Response:
        from csms.admin.rest import openapi  # here: it is made when somebody asks first

        return _conditional(present.encode(openapi.document()))

    app.add_url_rule(f"{BASE}/openapi.json", "openapi", described)
    for path, (file, content_type) in _PAGE.items():
        app.add_url_rule(f"{BASE}/{path}", path.replace(".", "_"), partial(_file, file, content_type))


async def _file(name: str, content_type: str) -> Response:
    content = (Path(__file__).parent / name).read_bytes()
    return Response(content, content_type=content_type)


class _Handler:
    """One route at work."""

    def __init__(self, route: Route, house: House, sign_in: SignIn, gateway: Gateway) -> None:
        self.route = route
        self._house = house
        self._sign_in = sign_in
        self._gateway = gateway

    async def handle(self, **path: str) -> Response:
        """Answer a request, in bounded time."""
        return await self._gateway.within_time(partial(self._answer, path))

    async def _answer(self, path: dict[str, str]) -> Response:
        route, house = self.route, self._house
        caller = await self._sign_in.caller(request.headers.get("Authorization"), g.client)
        self._gateway.admit(caller, f"{route.method} {route.path}", route.per_minute)
        raw = cast(bytes, await request.get_data(as_text=False)) if route.has_body else b""
        args = _arguments(route, raw) | {argument(name): value for name, value in path.items()}
        once = _once(caller, raw) if route.method == "POST" else None
        result = await verbs.perform(route.verb, args, caller, house.unit, house, once)
        return self._shown(result, once)

    def _shown(self, result: Any, once: Once | None) -> Response:
        if result is None:
            return Response(b"", 204)
        body = present.encode(result)
        if self.route.method == "GET":
            return _conditional(body)
        response = Response(body, 201 if self.route.created else 200, content_type=JSON)
        if self.route.created:
            made = quote(str(result[self.route.created]), safe="")
            response.headers["Location"] = f"{request.path}/{made}"
        if once is not None and once.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response


def _conditional(body: bytes) -> Response:
    """Return an answer with an entity tag, or 304 where the caller has it already (RFC 9110 §13)."""
    tag = sha256(body).hexdigest()[:32]
    known = request.if_none_match.contains_weak(tag)
    response = Response(b"", 304) if known else Response(body, content_type=JSON)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _arguments(route: Route, raw: bytes) -> dict[str, Any]:
    """Return what query and body say, by the names of the verb's arguments."""
    given: dict[str, Any] = {present.snake(name): value for name, value in request.args.items()}
    if not route.has_body:
        return given
    body = _body(raw)
    if route.payload is not None:
        if route.payload in given:
            raise InvalidInput(f"unknown argument {route.payload}")
        return given | {route.payload: body}
    if given.keys() - {"tenant"}:
        raise InvalidInput(f"unknown argument {', '.join(sorted(given.keys() - {'tenant'}))}")
    if "tenant" in body:
        raise InvalidInput("tenant stands in the query")
    return given | {present.snake(name): value for name, value in body.items()}


def _body(raw: bytes) -> dict[str, Any]:
    if raw and request.mimetype != JSON:
        raise problems.UnsupportedMediaType("send application/json")
    try:
        body = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidInput("the body is not a JSON object")
    return body


def _once(caller: Caller, raw: bytes) -> Once | None:
    """Return the request's Idempotency-Key with what it stands for."""
    key = request.headers.get("Idempotency-Key")
    if key is None or caller.user_id is None:
        return None
    digest = sha256(b"\0".join([request.method.encode(), request.full_path.encode(), raw])).hexdigest()
    return Once(caller.user_id, key, digest)
