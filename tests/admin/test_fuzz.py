"""Every operation of our own OpenAPI description, with what fits it and what does not: no 5xx, no answer that it does
not describe (schemathesis, whose pytest plugin is switched off: it would slow every run of pytest down).
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
import trio
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from csms.admin.rest import openapi
from tests.wire import payloads
from tests.wire.appliance import Appliance, Rest
from tests.wire.station import Station

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SOAK_EXAMPLES = 300
FITS, DOES_NOT = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@cache
def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(openapi.document())
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
async def known(csms: Appliance, rest: Rest, station: Station) -> dict[str, str]:
    """What is there, by the name it has in paths."""
    started = await station.call("StartTransaction", payloads.start())
    await station.call("StopTransaction", payloads.stop(started["transactionId"]))
    user = (await rest.ask("POST", "/users", {"email": "some@example.com", "role": "VIEWER"})).json()
    [transaction] = await csms.transactions()
    return {
        "stationId": "CP1",
        "uid": "TAG1",
        "tariffId": "energy",
        "transactionId": transaction["id"],
        "cdrId": transaction["cdrId"],
        "userId": user["id"],
        "tenantId": transaction["tenantId"],
        "action": "Reset",
    }


def fuzz(rest: Rest, operation: Any, known: dict[str, str], mode: GenerationMode, examples: int) -> None:
    """Send what the description allows (or, in the negative mode, forbids) and check what comes back."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {rest.api_key}"

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < SOAK_EXAMPLES,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode), st.booleans())
    def check(case: Any, there: bool) -> None:
        if there and case.method != "DELETE":
            names = case.path_parameters or {}
            case.path_parameters = {name: known.get(name, value) for name, value in names.items()}
            case.query = {name: value for name, value in (case.query or {}).items() if name != "tenant"}
        case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() != "authorization"}
        response = case.call(base_url=rest.url, session=session, timeout=20)
        case.validate_response(response, checks=CHECKS)

    check()


@pytest.mark.parametrize(
    ("dialect", "mode", "examples"),
    [("sqlite", FITS, 6), ("sqlite", DOES_NOT, 4), ("postgres", FITS, 3)],
    ids=["sqlite-fits", "sqlite-does-not", "postgres-fits"],
)
async def test_every_operation_answers_as_described(
    rest: Rest, known: dict[str, str], mode: GenerationMode, examples: int
) -> None:
    await _all(rest, known, mode, examples)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", [FITS, DOES_NOT], ids=["fits", "does-not"])
async def test_every_operation_answers_as_described_for_long(
    rest: Rest, known: dict[str, str], mode: GenerationMode
) -> None:
    await _all(rest, known, mode, SOAK_EXAMPLES)


async def _all(rest: Rest, known: dict[str, str], mode: GenerationMode, examples: int) -> None:
    failed: list[str] = []

    def work(run: Callable[..., None]) -> None:
        for operation in operations():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    run(rest, operation, known, mode, examples)
            except hypothesis.errors.Unsatisfiable:
                continue  # nothing can be wrong about it
            except BaseException as error:
                failed.append(f"{operation.method} {operation.path}: {str(error)[:2000]}")

    await trio.to_thread.run_sync(work, fuzz)
    assert failed == []
