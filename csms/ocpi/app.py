"""The OCPI listener: who asks, within which bounds, which row of the table answers, and the envelope around it.

Every answer has an envelope, also those to unknown paths and wrong methods; a bug of ours is 3000, with a reference.
"""

import time
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

import msgspec
import structlog
from quart import Response, g, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from csms.errors import CsmsError, InvalidInput, NotFound, Unauthenticated
from csms.model.ocpi_status import OcpiRefusal, OcpiStatus
from csms.model.party import VERSION, Interface, Module, PartyKey
from csms.ocpi import auth, envelope, versions
from csms.ocpi.request import OCPI, OcpiRequest, Reply, module_url
from csms.ocpi.v221.routes import ROUTES, Route
from csms.services import parties
from csms.services.house import House
from csms.services.parties import Proof
from csms.services.throttle import Throttle

REFUSALS_PER_MINUTE: Final = 120
"""How often one address may come without a good token: whoever guesses gets no further."""
MOST_HEADERS: Final = 100
LONGEST_PATH: Final = 4096
LONGEST_ID: Final = 128
UNROUTED: Final = frozenset({Module.CREDENTIALS, Module.HUB_CLIENT_INFO})
SILENCE: Final = "CSMS_SILENCE_S"

_decoder = msgspec.json.Decoder(float_hook=Decimal)
log = structlog.get_logger(__name__)


def build(house: House, routes: tuple[Route, ...] = ROUTES) -> QuartTrio:
    """Return the application."""
    app = QuartTrio("csms.ocpi")
    policy = house.unit.policy.ocpi
    app.config["MAX_CONTENT_LENGTH"] = policy.max_body_bytes
    app.config["BODY_TIMEOUT"] = policy.timeout_s
    app.config[SILENCE] = policy.timeout_s * 2.5
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    listener = Listener(house, routes)
    listener.attach(app)
    return app


class Listener:
    """The duties around every route."""

    def __init__(self, house: House, routes: tuple[Route, ...]) -> None:
        self._house = house
        self._routes = routes
        self._policy = house.unit.policy.ocpi
        self._refused = Throttle(REFUSALS_PER_MINUTE, "requests without a valid token")
        self._partners = Throttle(self._policy.requests_per_minute, "requests of this partner")

    def attach(self, app: QuartTrio) -> None:
        """Add every route to an application."""
        for path, method, view in self._rules():
            app.add_url_rule(path, f"{method} {path}".replace(".", "_"), view, methods=[method])
        app.before_request(self._before)
        app.after_request(self._after)
        app.register_error_handler(HTTPException, self._http_error)
        app.register_error_handler(Exception, self._crash)

    def _rules(self) -> list[tuple[str, str, Callable[..., Awaitable[Response]]]]:
        opening = Route(Module.CREDENTIALS, Interface.RECEIVER, "GET", "", self._versions, "")
        details = Route(Module.CREDENTIALS, Interface.RECEIVER, "GET", "", self._details, "")
        found: list[tuple[str, str, Callable[..., Awaitable[Response]]]] = [
            (f"{OCPI}/versions", "GET", partial(self._answer, opening)),
            (f"{OCPI}/{VERSION}", "GET", partial(self._answer, details)),
        ]
        for route in self._routes:
            below = route.at or module_url("", route.module, route.interface) + route.path
            path = OCPI + below.replace("{", "<").replace("}", ">")
            found.append((path, route.method, partial(self._answer, route)))
        return found

    async def _versions(self, asked: OcpiRequest) -> Reply:
        return Reply(data=versions.versions(asked.base_url))

    async def _details(self, asked: OcpiRequest) -> Reply:
        served = ((route.module, route.interface) for route in self._routes if not route.at)
        roles = (role.role for role in parties.own_roles(asked.tenant))
        return Reply(data=versions.details(asked.base_url, served, roles))

    async def _answer(self, route: Route, **path: str) -> Response:
        try:
            asked = await self._request(route, path)
            g.asked = asked
            reply = await route.handler(asked)
        except OcpiRefusal as error:
            reply = envelope.refusal(error, route.module)
        except CsmsError as error:
            reply = envelope.refusal(error, route.module)
        return self._response(reply)

    async def _request(self, route: Route, path: dict[str, str]) -> OcpiRequest:
        """Return the request with everything a handler may rely on; raises what the partner is told instead."""
        party, tenant, proof = await self._who()
        g.party = party
        self._partners.hit(party.id)
        if proof.is_news:
            await self._house.unit.run(lambda tx: parties.used(tx, party, proof))
        opens = route.module is Module.CREDENTIALS
        if not opens and not parties.may_work(party, proof):
            raise Unauthenticated("this token is for registering only")
        if any(len(part) > LONGEST_ID for part in path.values()):
            raise NotFound("there is nothing of so long an id")
        raw, body = await self._body() if request.method in ("POST", "PUT", "PATCH") else (b"", None)
        sent_from, sent_to = (None, None) if route.module in UNROUTED else (_key("from"), _key("to"))
        if sent_from is not None and not party.is_hub and not party.has(sent_from):
            raise InvalidInput(f"OCPI-from-*: {'*'.join(sent_from).upper()} is none of your roles")
        return OcpiRequest(
            house=self._house, party=party, tenant=tenant, proof=proof, module=route.module,
            interface=route.interface, method=request.method, path=path, query=request.args.to_dict(),
            body=body, raw=raw, request_id=g.request_id, correlation_id=g.correlation_id,
            base_url=self._base_url(), own_path=request.path, from_party=sent_from, to_party=sent_to,
        )  # fmt: skip

    async def _who(self) -> tuple[Any, Any, Proof]:
        """Return who asks; counts those who cannot say, by their address."""
        candidates = auth.candidates(request.headers.get("Authorization"))
        try:
            if not candidates:
                raise Unauthenticated("send Authorization: Token and the credentials token in Base64")
            return await self._house.unit.read(lambda tx: parties.authenticate(tx, candidates))
        except Unauthenticated:
            self._refused.hit(request.remote_addr or "unknown")
            raise

    async def _body(self) -> tuple[bytes, Any]:
        """Return what was sent, and as JSON; 400 where it is none (§4.1.8)."""
        raw = cast(bytes, await request.get_data(as_text=False))
        if not raw.strip():
            return raw, None
        try:
            return raw, _decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise OcpiRefusal(OcpiStatus.INVALID, "the body is not JSON", http=400) from None

    def _base_url(self) -> str:
        """Return our address as the partner reaches us."""
        return f"{self._policy.public_url or request.host_url.rstrip('/')}{OCPI}"

    def _before(self) -> Response | None:
        g.began = time.perf_counter()
        g.request_id = _id("X-Request-ID")
        g.correlation_id = _id("X-Correlation-ID")
        if len(request.headers) > MOST_HEADERS or len(request.full_path) > LONGEST_PATH:
            return self._response(
                Reply(status=OcpiStatus.CLIENT_ERROR, message="the request's head is too large", http=431)
            )
        return None

    def _response(self, reply: Reply) -> Response:
        body = envelope.encode(reply, self._house.unit.clock.now())
        response = Response(body, reply.http, content_type=envelope.CONTENT_TYPE)
        response.headers.extend(dict(reply.headers))
        return response

    def _after(self, response: Response) -> Response:
        """Repeat the ids, turn the routing round, and write one line: never the query or the body."""
        response.headers["X-Request-ID"] = g.get("request_id", "")
        response.headers["X-Correlation-ID"] = g.get("correlation_id", "")
        response.headers["Cache-Control"] = "no-store"
        asked: OcpiRequest | None = g.get("asked")
        if asked is not None and asked.module not in UNROUTED:
            _turn_round(response, asked)
        party = g.get("party")
        log.info(
            "ocpi_request",
            request=g.get("request_id"),
            method=request.method,
            path=request.path[:256],
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("began", 0.0)) * 1000, 1),
            client=request.remote_addr,
            party=party.id if party is not None else None,
        )
        return response

    def _http_error(self, error: HTTPException) -> Response:
        """Answer what the framework refuses: unknown paths, wrong methods, bodies too large or too slow."""
        status = error.code or 500
        text = {404: "there is nothing here", 405: "not with this method", 413: "the body is too large"}
        reply = Reply(status=OcpiStatus.CLIENT_ERROR, message=text.get(status, error.name), http=status)
        response = self._response(reply)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    def _crash(self, error: Exception) -> Response:
        """Log what nobody foresaw, and show its reference only."""
        if isinstance(error, CsmsError):
            return self._response(envelope.refusal(error))
        reference = uuid.uuid4().hex[:12]
        log.error("request_failed", path=request.path, reference=reference, exc_info=error)
        return self._response(
            Reply(status=OcpiStatus.SERVER_ERROR, message=f"internal error; reference {reference}")
        )


def _turn_round(response: Response, asked: OcpiRequest) -> None:
    """Set the routing headers of an answer: from us (or whom the partner asked) to the one who asked (§4.1.5)."""
    ours = asked.to_party or PartyKey(asked.tenant.country_code, asked.tenant.party_id)
    theirs = asked.from_party
    if theirs is None and asked.party.roles:
        theirs = PartyKey(asked.party.roles[0].country_code, asked.party.roles[0].party_id)
    for side, key in (("from", ours), ("to", theirs)):
        if key is not None:
            response.headers.setdefault(f"OCPI-{side}-country-code", key.country_code.upper())
            response.headers.setdefault(f"OCPI-{side}-party-id", key.party_id.upper())


def _key(side: str) -> PartyKey | None:
    """Return the party of the routing headers, None where they are not complete."""
    country = request.headers.get(f"OCPI-{side}-country-code", "").strip()
    party = request.headers.get(f"OCPI-{side}-party-id", "").strip()
    return PartyKey.of(country, party) if country and party else None


def _id(name: str) -> str:
    """Return an id the partner gave its request, or one of ours."""
    given = request.headers.get(name, "").strip()
    return given if 0 < len(given) <= 64 and given.isprintable() and given.isascii() else str(uuid.uuid4())
