"""What stands before every route of the HTTP listener: limits of rate, size and time, CORS, security headers, the log.

Rates count per client address before anything is looked at, and per tenant and route once the caller is known.
"""

import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import structlog
import trio
from quart import Response, g, request
from quart_trio import QuartTrio
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from csms.admin import http
from csms.admin.rest import problems
from csms.config import Config
from csms.errors import CsmsError, TooBusy
from csms.services.access import Caller
from csms.services.throttle import Throttle

UNCOUNTED: Final = frozenset({"/healthz", "/readyz"})
"""A supervisor asks often, and must always be answered."""
MOST_HEADERS: Final = 100
LONGEST_PATH: Final = 2048
MOST_PROXIES: Final = 10
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
EXPOSED_HEADERS: Final = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"
CODES: Final = {404: "not_found", 405: "method_not_allowed", 408: "timeout", 413: "too_large"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The limits of the listener; 0 is no limit of a rate. No origins: no other site's script may read answers."""

    client_per_minute: int = 1_200
    tenant_per_minute: int = 6_000
    max_body_bytes: int = 4 * 1024 * 1024
    request_timeout_s: float = 60.0
    cors_origins: tuple[str, ...] = ()
    log_requests: bool = True
    trusted_proxies: frozenset[str] = frozenset()


class Gateway:
    """The duties of one listener, shared by its routes."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self._clients = Throttle(settings.client_per_minute, "requests from this address")
        self._tenants = Throttle(settings.tenant_per_minute, "requests of this tenant")
        self._routes: dict[tuple[str, int], Throttle] = {}

    def attach(self, app: QuartTrio) -> None:
        """Put the gateway before every route of an application."""
        app.config["MAX_CONTENT_LENGTH"] = self.settings.max_body_bytes
        app.config["BODY_TIMEOUT"] = self.settings.request_timeout_s
        app.config[http.SILENCE] = self.settings.request_timeout_s * 1.25
        app.before_request(self._before)
        app.after_request(self._after)
        app.register_error_handler(HTTPException, _http_error)
        app.register_error_handler(CsmsError, _csms_error)
        app.register_error_handler(Exception, _crash)

    def secure(self, app: QuartTrio) -> None:
        """Give the answers of a listener that bounds its own requests the headers that browsers heed."""
        app.after_request(_with_security_headers)

    def admit(self, caller: Caller, route: str, per_minute: int = 0) -> None:
        """Count a request of a caller that is known by now; raises TooBusy. `per_minute` bounds the route itself."""
        g.caller = caller
        self._tenants.hit(caller.tenant_id or "appliance")
        if per_minute:
            throttle = self._routes.setdefault(
                (route, per_minute), Throttle(per_minute, "requests of this kind")
            )
            throttle.hit(caller.name)

    async def within_time(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """Do the work of a request, or answer 503 when its time is over."""
        with trio.move_on_after(self.settings.request_timeout_s):
            return await work()
        detail = f"the request took longer than {self.settings.request_timeout_s:.0f} s"
        return problems.problem(503, "timeout", detail, request.path)

    def _before(self) -> Response | None:
        g.began = time.perf_counter()
        g.client = _client(request.remote_addr, request.headers, self.settings.trusted_proxies)
        g.request_id = uuid.uuid4().hex[:16]
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response("", 204)
        if len(request.headers) > MOST_HEADERS or len(request.full_path) > LONGEST_PATH:
            return problems.problem(431, "too_large", "the request's head is too large", request.path)
        if request.path not in UNCOUNTED:
            try:
                self._clients.hit(g.client)
            except TooBusy as error:
                return problems.of(error, request.path)
        return None

    def _after(self, response: Response) -> Response:
        _with_security_headers(response)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        self._allow_origin(response)
        self._log(response)
        return response

    def _allow_origin(self, response: Response) -> None:
        """Let the scripts of the sites the operator named read the answer (Fetch standard, CORS protocol)."""
        origin = request.headers.get("Origin")
        if not self.settings.cors_origins:
            return
        response.headers.add("Vary", "Origin")
        if origin not in self.settings.cors_origins:
            return
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = "600"

    def _log(self, response: Response) -> None:
        """Write one line for a request: never its query, its headers or its body, which may hold secrets."""
        if not self.settings.log_requests or request.path in UNCOUNTED or request.path == "/metrics":
            return
        caller: Caller | None = g.get("caller")
        log.info(
            "http_request",
            request=g.get("request_id"),
            method=request.method,
            path=request.path[:256],
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("began", 0.0)) * 1000, 1),
            client=g.get("client"),
            user=caller.name if caller else None,
            tenant=caller.tenant_id if caller else None,
        )


def _with_security_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _client(peer: str | None, headers: Headers, trusted: frozenset[str]) -> str:
    """Return the address a request came from: the peer's, or what proxies that are trusted say of it.

    Each proxy adds the address it was called from at the end of X-Forwarded-For; what stands before an address that
    is nobody's we trust was written by whoever sits there.
    """
    client = peer or "unknown"
    said = (
        ",".join(headers.getlist("X-Forwarded-For")).split(",")[-MOST_PROXIES:] if client in trusted else []
    )
    while client in trusted and said:
        try:
            client = str(ip_address(said.pop().strip()))
        except ValueError:
            break
    return client


def from_config(config: Config) -> Gateway:
    """Return the gateway that the operator has configured."""
    given = config.http
    origins = tuple(origin.strip() for origin in given.cors_origins.split(",") if origin.strip())
    return Gateway(
        GatewaySettings(
            given.requests_per_minute,
            given.tenant_requests_per_minute,
            given.max_body_bytes,
            float(given.request_timeout_s),
            origins,
            given.log_requests,
            frozenset(address.strip() for address in given.trusted_proxies.split(",") if address.strip()),
        )
    )


def _http_error(error: HTTPException) -> Any:
    """Return a problem for what the framework refuses: unknown paths, wrong methods, bodies too large."""
    status = error.code or 500
    response = problems.problem(
        status, CODES.get(status, "http_error"), error.description or "", request.path
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _csms_error(error: CsmsError) -> Any:
    return problems.of(error, request.path)


def _crash(error: Exception) -> Any:
    """Log what nobody foresaw, and show its reference only."""
    reference = uuid.uuid4().hex[:12]
    log.error("request_failed", path=request.path, reference=reference, exc_info=error)
    return problems.problem(500, "internal", f"internal error; reference {reference}", request.path)
