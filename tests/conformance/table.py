"""The published verdict on every case, from the tests that bear its mark: docs/reference/ocpp-conformance.md.

`passes` means that every test of the case is there, is not skipped and not expected to fail; that it passes is what the
test run says, which fails otherwise. Run by `make docs`.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conformance.cases import PENDING
from tests.conformance.catalogue import Case, cases

ROOT: Final = Path(__file__).parent.parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "ocpp-conformance.md"
_NOT_RUN: Final = ("skip", "skipif", "xfail")
_TITLES: Final = {
    "1.6": "OCPP 1.6: the cases of the certification test tool",
    "2.0.1": "OCPP 2.0.1: the cases of Part 6, Test cases",
    "ours": "Our own cases, beyond certification",
}


@dataclass
class Proof:
    """The tests of one case, and why one of them does not count."""

    tests: list[str] = field(default_factory=list)
    reason: str | None = None


class _Collector:
    """A pytest plugin that notes which test bears which case."""

    def __init__(self) -> None:
        self.found: dict[str, Proof] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for mark in item.iter_markers("case"):
                for named in mark.args:
                    _note(self.found.setdefault(named, Proof()), item, mark.kwargs.get("pending"))


def _note(proof: Proof, item: Any, pending: str | None) -> None:
    test = item.nodeid.partition("[")[0]
    if test not in proof.tests:
        proof.tests.append(test)
    unsure = [mark for name in _NOT_RUN for mark in item.iter_markers(name)]
    if pending or unsure:
        proof.reason = pending or str(unsure[0].kwargs.get("reason", "not run"))


def collect() -> dict[str, Proof]:
    """Return what proves each case, for all tests that bear the mark."""
    files = [
        str(path)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if "tests.conformance.cases import" in path.read_text(encoding="utf-8")
    ]
    collector = _Collector()
    quietly = ["--collect-only", "-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"]
    status = pytest.main([*quietly, "--rootdir", str(ROOT), *files], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise SystemExit(f"the tests cannot be collected: {status!r}")
    return collector.found


def unproved(proofs: dict[str, Proof]) -> dict[str, str]:
    """Return the cases that do not pass yet, and why; the reason is empty where nobody has given one."""
    return {
        named: (proofs[named].reason or "") if named in proofs else PENDING.get(named, "")
        for named in cases()
        if named not in proofs or proofs[named].reason
    }


def page(proofs: dict[str, Proof]) -> str:
    """Return the page."""
    why = unproved(proofs)
    lines = [
        "# OCPP conformance",
        "",
        "Every case of the certification tests for a CSMS, with the test that proves it: a station of raw frames over",
        "a real socket (for some of our own cases over a stream in memory), the operator's side through the public",
        "call interface, every message in either direction checked against the standard's schemas.",
        "Generated from the marks of the tests by `make docs`; a test fails when this page and the tests differ.",
        "",
        "| | cases | pass | not yet |",
        "|---|---|---|---|",
        *_totals(why),
        "",
        "Levels: *mandatory* for every CSMS; *conditional* with an optional feature or feature profile; *unlisted*:",
        "described by the test documents, but not asked of a CSMS.",
    ]
    for group, title in _TITLES.items():
        lines += ["", f"## {title}", "", "| case | level | title | verdict | test |", "|---|---|---|---|---|"]
        lines += [_row(case, proofs.get(case.id), why) for case in cases().values() if case.group == group]
    return "\n".join(lines) + "\n"


def _totals(why: dict[str, str]) -> list[str]:
    rows = []
    for group in _TITLES:
        levels = Counter(case.level for case in cases().values() if case.group == group)
        for level, count in levels.items():
            found = [cases()[named] for named in why]
            open_ = sum((case.group, case.level) == (group, level) for case in found)
            name = "ours" if group == "ours" else f"OCPP {group} {level}"
            rows.append(f"| {name} | {count} | {count - open_} | {open_} |")
    rows.append(f"| **all** | **{len(cases())}** | **{len(cases()) - len(why)}** | **{len(why)}** |")
    return rows


def _row(case: Case, proof: Proof | None, why: dict[str, str]) -> str:
    verdict = f"not yet: {why[case.id]}" if case.id in why else "passes"
    tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in proof.tests) if proof else ""
    return f"| {case.id} | {case.level} | {_cell(case.title)} | {_cell(verdict)} | {tests} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page(collect()))
