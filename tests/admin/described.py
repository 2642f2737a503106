"""Whether an answer is what our own OpenAPI description says of it."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from csms.admin.rest import openapi


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    return [
        (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$"), operation)
        for path, methods in openapi.document()["paths"].items()
        for method, operation in methods.items()
    ]


@cache
def _validator(operation_id: str, status: str, kind: str) -> Any:
    [operation] = [o for _, _, o in _operations() if o["operationId"] == operation_id]
    schema = operation["responses"][status]["content"][kind]["schema"]
    return jsonschema_rs.Draft202012Validator(schema | {"components": openapi.document()["components"]})


async def check(response: httpx.Response) -> None:
    """Fail where a route answers what it does not describe; a hook of httpx."""
    await response.aread()
    request = response.request
    path = request.url.raw_path.decode().partition("?")[0]
    for method, pattern, operation in _operations():
        if method == request.method and pattern.match(path):
            described = operation["responses"]
            status, kind = str(response.status_code), response.headers.get("content-type", "")
            assert status in described, f"{method} {path} answers {status}"
            if response.content or "content" in described[status]:
                assert kind in described[status]["content"], f"{method} {path} answers {kind}"
                _validator(operation["operationId"], status, kind).validate(response.json())
