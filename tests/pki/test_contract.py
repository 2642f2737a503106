"""Contract certificates: what a chain is worth, with and without a responder's word (OCPP 2.0.1 C07)."""

from datetime import timedelta

import pytest

from csms.pki import contract, hash_data
from csms.pki.contract import CertificateStatus as Status
from csms.pki.ocsp_client import Answer, Standing
from tests.pki import papers
from tests.pki.papers import NOON

ROOT = papers.certify("MO Root", ca=True)
SUB = papers.certify("MO Sub", ROOT, ca=True, ocsp_url="http://root.example/")
CONTRACT = papers.certify("DE8AA1A2B3C4D59", SUB, ocsp_url="http://sub.example/")
ROOTS = [ROOT.certificate]
GOOD, UNPROVEN = Answer(Standing.GOOD, proven=True), Answer(Standing.GOOD)


def test_a_whole_chain_leaves_only_the_responders_to_ask() -> None:
    checked = contract.check_chain(CONTRACT.chain.encode(), ROOTS, NOON)
    assert checked.status is None
    assert checked.emaid == "DE8AA1A2B3C4D59"
    assert [question.url for question in checked.questions] == ["http://sub.example/", "http://root.example/"]
    assert checked.questions[0].data == hash_data.of(CONTRACT.certificate, SUB.certificate)
    assert checked.issuers == (SUB.certificate, ROOT.certificate)


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        ("nothing", Status.CHAIN_ERROR),
        (CONTRACT.pem, Status.CHAIN_ERROR),
        (papers.certify("DE8AA1A2B3C4D59").pem, Status.CHAIN_ERROR),
        (papers.certify("DE8AA1A2B3C4D59", SUB, end=NOON - timedelta(hours=1)).chain, Status.EXPIRED),
    ],
    ids=["no-pem", "incomplete", "own-root", "expired"],
)
def test_a_broken_chain_is_judged_at_once(chain: str, status: Status) -> None:
    checked = contract.check_chain(chain.encode(), ROOTS, NOON)
    assert checked.status is status
    assert checked.reason
    assert not checked.questions


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([], Status.ACCEPTED),
        ([GOOD, GOOD], Status.ACCEPTED),
        ([GOOD, Answer(Standing.REVOKED, proven=True)], Status.REVOKED),
        ([Answer(Standing.FAILED), Answer(Standing.REVOKED)], Status.REVOKED),
        ([GOOD, Answer(Standing.UNKNOWN, proven=True)], Status.CHAIN_ERROR),
        ([Answer(Standing.FAILED, "timeout")], Status.CHAIN_ERROR),
        ([UNPROVEN], Status.CHAIN_ERROR),
    ],
)
def test_what_responders_say_decides(answers: list[Answer], status: Status) -> None:
    assert contract.judge(answers)[0] is status


def test_an_unproven_word_can_be_enough() -> None:
    assert contract.judge([UNPROVEN], must_be_proven=False) == (Status.ACCEPTED, "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("DE-8AA-1A2B3C4D5-9", "de8aa1a2b3c4d59", True),
        ("DE8AA1A2B3C4D5", "DE8AA1A2B3C4D59", True),
        ("DE8AA1A2B3C4D5", "DE8AA1A2B3C4D6", False),
        ("", "", False),
    ],
)
def test_contract_ids_are_compared_as_people_write_them(one: str, other: str, same: bool) -> None:
    assert contract.same_emaid(one, other) is same
