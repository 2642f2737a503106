"""The management listener over HTTP: health, readiness, metrics, and a first page at `/`."""

from collections.abc import Awaitable, Callable
from typing import Any

import prometheus_client
import trio
from quart import Response
from quart_trio import QuartTrio

from csms import __version__
from csms.admin import oauth, pki
from csms.admin.gateway import Gateway, GatewaySettings
from csms.admin.rest import app as rest
from csms.errors import CsmsError
from csms.services.house import House
from csms.services.revocation import Publisher
from csms.services.sign_in import SignIn

READY_WITHIN_S = 5.0


def build(
    house: House,
    sign_in: SignIn,
    ready: Callable[[], Awaitable[None]],
    registry: prometheus_client.CollectorRegistry,
    gateway: Gateway | None = None,
) -> QuartTrio:
    """Return the application; `ready` raises CsmsError when the appliance cannot do its work now."""
    app = QuartTrio("csms.admin")
    gateway = gateway or Gateway(GatewaySettings())
    gateway.attach(app)

    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    async def readyz() -> tuple[dict[str, str], int]:
        try:
            with trio.fail_after(READY_WITHIN_S):
                await ready()
        except CsmsError as error:
            return {"status": "not ready", "reason": str(error)}, 503
        except trio.TooSlowError:
            return {
                "status": "not ready",
                "reason": f"the database did not answer within {READY_WITHIN_S:.0f} s",
            }, 503
        return {"status": "ready"}, 200

    async def metrics() -> Response:
        return Response(
            prometheus_client.generate_latest(registry), content_type=prometheus_client.CONTENT_TYPE_LATEST
        )

    async def index() -> Response:
        return Response(_page(house), content_type="text/html; charset=utf-8")

    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)
    app.add_url_rule("/", view_func=index)
    rest.attach(app, house, sign_in, gateway)
    oauth.attach(app, sign_in)
    pki.attach(app, Publisher(house.unit))
    return app


def _page(house: House) -> str:
    """Return a page that shows that the appliance lives; no tenant's data stands on it."""
    listeners = "".join(f"<tr><th>{e['name']}<td>{', '.join(e['addresses'])}" for e in house.listeners())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>csms</title><style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:40rem;padding:0 1rem;"
        "color-scheme:light dark}th{text-align:left;padding-right:2rem}</style>"
        f"<h1>csms {__version__}</h1><p>{len(house.link.links())} charging stations are connected.</p>"
        f"<table>{listeners}</table><p><a href=/healthz>health</a> · <a href=/readyz>readiness</a> · "
        "<a href=/metrics>metrics</a></p><p>Operate it with <code>csms status</code>, <code>csms watch</code> and "
        "<code>csms --help</code>.</p>"
    )


def not_yet(surface: str, gateway: Gateway) -> QuartTrio:
    """Return an application that says honestly that a surface is not there yet."""
    app = QuartTrio(f"csms.{surface}")
    gateway.attach(app)

    async def answer(path: str = "") -> tuple[dict[str, Any], int]:
        detail = f"/{path}: {surface} is not part of this version"
        return {"status": 501, "title": "Not Implemented", "detail": detail}, 501

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/", view_func=answer, methods=methods, endpoint="root")
    app.add_url_rule("/<path:path>", view_func=answer, methods=methods, endpoint="any")
    return app
