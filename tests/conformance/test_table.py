"""Every case has a test or a reason, no test names a case that does not exist, and the published page is true."""

import json
import subprocess
import sys

from tests.conformance.cases import PENDING
from tests.conformance.catalogue import cases
from tests.conformance.table import PAGE, ROOT, Proof, page, unproved

_COLLECT = """
import json
from tests.conformance.table import collect, page, unproved
proofs = collect()
print(json.dumps([page(proofs), sorted(proofs), unproved(proofs)]))
"""


def test_the_catalogue_is_whole() -> None:
    counted = {
        group: sum(case.group == group for case in cases().values()) for group in ("1.6", "2.0.1", "ours")
    }
    assert counted == {"1.6": 77, "2.0.1": 245, "ours": 49}
    assert {case.level for case in cases().values()} == {"mandatory", "conditional", "unlisted", "ours"}
    assert all(case.title for case in cases().values())


def test_a_reason_is_given_only_for_a_case_that_exists() -> None:
    assert set(PENDING) <= set(cases())


def test_a_case_passes_only_if_all_its_tests_count() -> None:
    proofs = {named: Proof(["tests/test_x.py::test_y"]) for named in cases()}
    assert unproved(proofs) == {}
    proofs["TC_B_01_CSMS"].reason = "not built"
    del proofs["TC_001"]
    assert unproved(proofs) == {"TC_001": PENDING.get("TC_001", ""), "TC_B_01_CSMS": "not built"}
    shown = page(proofs)
    assert (
        "| TC_B_01_CSMS | mandatory | Cold Boot Charging Station - Accepted | not yet: not built |" in shown
    )
    assert "| **all** | **371** | **369** | **2** |" in shown


def test_the_page_says_what_the_tests_prove() -> None:
    """In a process of its own: the marks are collected from all tests, whichever are run here."""
    command = [sys.executable, "-c", _COLLECT]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    shown, proved, missing = json.loads(made.stdout)
    assert set(proved) <= set(cases()), "a test names a case that does not exist"
    assert [named for named, why in missing.items() if not why] == [], "neither a test nor a reason"
    assert set(PENDING) & set(proved) == set(), "a case with a test needs no reason"
    assert PAGE.read_text(encoding="utf-8") == shown, "make docs"
