"""docs/reference/rest.md is the generated one, and the page and the description stand on their own."""

import re
from pathlib import Path

from csms.admin.rest import openapi, reference
from csms.admin.rest.routes import ROUTES
from csms.services import listings
from tests.wire.appliance import Rest

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_reference_is_the_generated_one() -> None:
    """`make docs` writes it."""
    assert (ROOT / "docs" / "reference" / "rest.md").read_text() == reference.markdown()


def test_every_list_says_how_it_is_searched() -> None:
    assert set(listings.BY_VERB) == {route.verb for route in ROUTES if route.verb.endswith(".page")}


def test_operations_have_names_of_their_own() -> None:
    names = [
        operation["operationId"]
        for methods in openapi.document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(set(names)) == len(names) == len(ROUTES)


def test_every_schema_that_is_referred_to_is_there() -> None:
    document = openapi.document()
    referred = set(re.findall(r"#/components/schemas/(\w+)", repr(document)))
    assert referred == set(document["components"]["schemas"])


async def test_the_page_needs_no_other_machine(rest: Rest) -> None:
    page = await rest.client.get("/api/v1/docs")
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(address.startswith("/api/v1/") for address in found)
    for address in found:
        answer = await rest.client.get(address)
        assert answer.status_code == 200, address
    described = (await rest.client.get("/api/v1/openapi.json")).json()
    assert described["openapi"] == "3.1.0"
