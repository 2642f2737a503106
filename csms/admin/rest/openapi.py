"""The OpenAPI 3.1 description of the management API, made of the table of routes and the verbs behind it."""

import re
import typing
from functools import cache
from typing import Any, Final

from csms import __version__
from csms.admin.rest import answers
from csms.admin.rest.routes import BASE, ROUTES, Route, argument
from csms.admin.rest.schema import Schema, Schemas
from csms.services import paging
from csms.services.access import PERMISSIONS
from csms.services.present import camel
from csms.services.verbs import VERBS

PROBLEMS: Final = {
    400: "What was sent is not valid",
    401: "Nobody is known by this key or token",
    403: "The role or the scope does not allow it",
    404: "There is no such thing for this caller",
    408: "The body did not come in time",
    409: "It exists already, or its state or the station's forbids it",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too many requests: come again after Retry-After seconds",
    431: "The head of the request is too large",
    502: "The far end failed",
    503: "The appliance cannot do it now",
    504: "The station did not answer in time",
}
VARIABLE: Final = re.compile(r"{(\w+)}")


@cache
def document() -> dict[str, Any]:
    """Return the whole description."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = _operation(route, schemas)
    schemas.named["Problem"] = answers.record(
        type=answers.TEXT, title=answers.TEXT, status=answers.WHOLE, detail=answers.TEXT, code=answers.TEXT,
        instance=answers.TEXT,
    )  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "csms management API",
            "version": __version__,
            "description": "Errors are problem documents (RFC 9457) with a stable `code`. Lists are pages.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"oauth": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(route) for route in ROUTES)],
        "paths": paths,
        "components": {"schemas": schemas.named, "securitySchemes": _security()},
    }


def _security() -> dict[str, Any]:
    scopes = {name: f"as far as the role may: {name.replace('.', ' ')}" for name in PERMISSIONS}
    flow = {"tokenUrl": "/oauth2/token", "refreshUrl": "/oauth2/token", "scopes": scopes}
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (csms_…) or an access token",
        },
        "oauth": {"type": "oauth2", "flows": {"password": flow, "clientCredentials": flow}},
    }


def _tag(route: Route) -> str:
    parts = route.path.split("/")
    return parts[2] if parts[1] == "admin" else parts[1]


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    verb = VERBS[route.verb]
    taken = schemas.parameters(verb.run)
    in_path = VARIABLE.findall(route.path)
    rest = {name: each for name, each in taken.items() if name not in map(argument, in_path)}
    in_query = [name for name in rest if not route.has_body or (name == "tenant" and route.payload != name)]
    if route.payload:
        in_query = [name for name in rest if name != route.payload]
    parameters = [_in_path(name, taken[argument(name)][0]) for name in in_path]
    parameters += [_in_query(name, *rest.pop(name)) for name in in_query]
    if route.method == "POST":
        parameters.append(_IDEMPOTENCY)
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{''.join(map(_word, re.findall(r'[A-Za-z]+', route.path)))}",
        "summary": route.summary,
        "description": f"Needs the permission `{verb.permission}`.",
        "tags": [_tag(route)],
        "parameters": parameters,
        "responses": _responses(route, schemas),
    }
    if route.has_body:
        operation["requestBody"] = _body(route, rest)
    return operation


def _word(text: str) -> str:
    return text[0].upper() + text[1:]


def _in_path(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: Schema, needed: bool, default: Any) -> dict[str, Any]:
    bounds = {
        "page": {"minimum": 0},
        "size": {"minimum": 1, "maximum": paging.MOST},
        "search": {"maxLength": paging.LONGEST_SEARCH},
    }
    schema = _without_null(schema) | bounds.get(name, {})
    if default is not None and not needed:
        schema = schema | {"default": default}
    return {"name": camel(name), "in": "query", "required": needed, "schema": schema}


def _without_null(schema: Schema) -> Schema:
    """Return what may stand in a query, where nothing is null."""
    if isinstance(schema.get("type"), list):
        left = [each for each in schema["type"] if each != "null"]
        return schema | {"type": left[0] if len(left) == 1 else left}
    if "anyOf" in schema:
        left = [each for each in schema["anyOf"] if each != {"type": "null"}]
        return left[0] if len(left) == 1 else {"anyOf": left}
    return schema


_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that comes again within a day under the same key is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _body(route: Route, rest: dict[str, tuple[Schema, bool, Any]]) -> dict[str, Any]:
    if route.payload is not None:
        return {"required": True, "content": {"application/json": {"schema": rest[route.payload][0]}}}
    schema: Schema = {
        "type": "object",
        "properties": {camel(name): shape for name, (shape, _, _) in rest.items()},
        "additionalProperties": False,
    }
    needed = [camel(name) for name, (_, is_needed, _) in rest.items() if is_needed]
    if needed:
        schema["required"] = needed
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    shown = _answer(route, schemas)
    headers = {"X-Request-Id": {"schema": {"type": "string"}}}
    found: dict[str, Any] = {}
    if shown is None:
        found["204"] = {"description": "Done"}
    else:
        status = "201" if route.created else "200"
        found[status] = {
            "description": "Made" if route.created else "The answer",
            "headers": headers,
            "content": {"application/json": {"schema": shown}},
        }
    if route.method == "GET":
        found["304"] = {"description": "It is still what If-None-Match names"}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status_code, description in PROBLEMS.items():
        found[str(status_code)] = {"description": description, "content": problem}
    return found


def _answer(route: Route, schemas: Schemas) -> Schema | None:
    """Return the schema of what a route answers, None for nothing."""
    if route.verb in answers.PAGES:
        item = answers.PAGES[route.verb]
        name, one = (
            (item[0], _named(schemas, *item))
            if isinstance(item, tuple)
            else (item.__name__, schemas.of(item))
        )
        whole = answers.record(
            content={"type": "array", "items": one},
            page={"type": "integer"},
            size={"type": "integer"},
            totalElements={"type": "integer"},
            totalPages={"type": "integer"},
        )
        return schemas.refer(f"{name}Page", lambda: whole)
    if route.verb in answers.ANSWERS:
        return _named(schemas, *answers.ANSWERS[route.verb])
    hint = typing.get_type_hints(VERBS[route.verb].run)["return"]
    return None if hint is type(None) else schemas.of(hint)


def _named(schemas: Schemas, name: str, schema: Schema) -> Schema:
    return schemas.refer(name, lambda: schema)
