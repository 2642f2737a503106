"""The reference of the management API, written from its own description: `python -m csms.admin.rest.reference`."""

import sys
from collections.abc import Iterator
from typing import Any

from csms.admin.rest import openapi, problems
from csms.admin.rest.routes import BASE, ROUTES, Route
from csms.errors import CsmsError
from csms.services import listings, paging
from csms.services.access import PERMISSIONS, Role
from csms.services.verbs import VERBS

INTRODUCTION = f"""# The management API

Generated from the code by `make docs`; a test compares. It stands on the admin listener (`listen.admin`) under
`{BASE}`; the same for programs is `{BASE}/openapi.json` (OpenAPI 3.1), and `{BASE}/docs` is a page to read and try it,
which needs no other machine. [How to get in](../how-to/api-access.md).

- **Who asks**: `Authorization: Bearer` with an API key (`csms_…`) or an access token of `POST /oauth2/token`.
- **Tenants**: users of a tenant see and touch only its own; others choose with `?tenant=`, by name or id.
- **Lists** are pages: `content`, `page` (from 0), `size` (1 to {paging.MOST}, else {paging.USUAL}), `totalElements`,
  `totalPages`. `search` looks for a part of some columns, `sort` is `field,asc` or `field,desc`. Counting stops at
  {paging.MOST_COUNTED:,}, and so does paging: search or filter for less.
- **Repeats**: a POST with an `Idempotency-Key` is done once; within a day a repeat gets the same answer and the header
  `Idempotency-Replayed: true`. Secrets that are shown once are `null` in it.
- **Entity tags**: a GET answers an `ETag`; with `If-None-Match` it answers 304 while nothing has changed.
- **Errors** are problem documents (RFC 9457, `application/problem+json`) with a stable `code`.
- **Limits**: requests a minute for an address, a tenant and some routes (429 with `Retry-After`), size and time of a
  request; `[http]` in [csms.toml](../../config/csms.toml).
"""


def markdown() -> str:
    """Return the whole reference."""
    return "\n".join([INTRODUCTION, *_routes(), *_lists(), *_errors(), *_permissions()]) + "\n"


def _routes() -> Iterator[str]:
    document = openapi.document()
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}\n"
        yield "| | | permission | takes |"
        yield "|---|---|---|---|"
        for route in ROUTES:
            operation = document["paths"][BASE + route.path][route.method.lower()]
            if operation["tags"] == [tag["name"]]:
                yield _row(route, operation)
        yield ""


def _row(route: Route, operation: dict[str, Any]) -> str:
    takes = [
        f"`{each['name']}`{'*' if each['required'] else ''}"
        for each in operation["parameters"]
        if each["in"] == "query" and each["name"] not in ("page", "size", "search", "sort", "tenant")
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    needed = body.get("required", [])
    takes += [f"`{name}`{'*' if name in needed else ''}" for name in body.get("properties", {})]
    if route.payload is not None:
        takes.append("the body")
    permission = VERBS[route.verb].permission
    return f"| `{route.method} {route.path}` | {route.summary} | `{permission}` | {' '.join(takes)} |"


def _lists() -> Iterator[str]:
    yield "## Searching and sorting\n"
    yield "| list | searches | sorts by |"
    yield "|---|---|---|"
    for route in ROUTES:
        if route.verb in listings.BY_VERB:
            listing = listings.BY_VERB[route.verb]
            searched, sorted_by = ", ".join(listing.search), ", ".join(f"`{name}`" for name in listing.sort)
            yield f"| `{route.path}` | {searched} | {sorted_by} |"
    yield ""


def _errors() -> Iterator[str]:
    yield "## Errors\n"
    yield "| status | code | meaning |"
    yield "|---|---|---|"
    for kind in sorted(problems.STATUS, key=lambda each: problems.STATUS[each]):
        if kind is not CsmsError:
            meaning = (kind.__doc__ or "").split("\n")[0]
            yield f"| {problems.STATUS[kind]} | `{kind.code}` | {meaning} |"
    yield "| 500 | `internal` | Nobody foresaw it; the appliance's log has the reference that is shown. |"
    yield ""


def _permissions() -> Iterator[str]:
    yield "## Permissions\n"
    yield "A scope of a key or token lists permissions, `station.*` or `*.read`; it only takes away from the role.\n"
    yield "| permission | " + " | ".join(role.value for role in Role) + " |"
    yield "|---|" + "---|" * len(Role)
    for name, roles in PERMISSIONS.items():
        yield f"| `{name}` | " + " | ".join("yes" if role in roles else "" for role in Role) + " |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
