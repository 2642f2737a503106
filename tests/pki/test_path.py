"""Ways to a trusted root, and everything that must not be one."""

from datetime import timedelta

import pytest

from csms.pki import path
from csms.pki.path import Broken, Fault, Path
from tests.pki import papers
from tests.pki.papers import NOON, Paper

ROOT = papers.certify("Root", ca=True)
SUB = papers.certify("Sub", ROOT, ca=True, path_length=0)
LEAF = papers.certify("SN-1", SUB)


def find(leaf: Paper, others: list[Paper], anchors: list[Paper], at: object = NOON) -> Path | Broken:
    return path.find(
        leaf.certificate,
        [each.certificate for each in others],
        [each.certificate for each in anchors],
        NOON if at is NOON else at,  # type: ignore[arg-type]
    )


def test_a_way_is_found_in_whatever_order_the_certificates_come() -> None:
    found = find(LEAF, [ROOT, SUB, LEAF], [ROOT])
    assert isinstance(found, Path)
    assert found.certificates == (LEAF.certificate, SUB.certificate, ROOT.certificate)
    assert (found.leaf, found.root) == (LEAF.certificate, ROOT.certificate)


def test_an_authority_below_a_root_may_be_trusted_itself() -> None:
    assert isinstance(find(LEAF, [], [SUB]), Path)


def test_the_certificate_itself_may_be_trusted() -> None:
    assert isinstance(find(LEAF, [], [LEAF]), Path)


def untrusted(leaf: Paper, others: list[Paper], anchors: list[Paper]) -> bool:
    found = find(leaf, others, anchors)
    return isinstance(found, Broken) and found.fault is Fault.UNTRUSTED


def test_without_the_authority_between_there_is_no_way() -> None:
    assert untrusted(LEAF, [], [ROOT])


def test_a_root_of_the_same_name_is_another() -> None:
    assert untrusted(LEAF, [SUB], [papers.certify("Root", ca=True)])


def test_a_leaf_signs_nobody() -> None:
    assert untrusted(papers.certify("SN-2", LEAF), [LEAF, SUB], [ROOT])


def test_the_path_length_is_kept() -> None:
    deeper = papers.certify("Deeper", SUB, ca=True)
    assert untrusted(papers.certify("SN-2", deeper), [deeper, SUB], [ROOT])
    free = papers.certify("Free", ROOT, ca=True)
    below = papers.certify("Below", free, ca=True)
    assert isinstance(find(papers.certify("SN-2", below), [below, free], [ROOT]), Path)


def test_a_chain_of_seven_is_too_long() -> None:
    last, between = ROOT, []
    for number in range(6):
        last = papers.certify(f"Sub {number}", last, ca=True)
        between.append(last)
    assert untrusted(papers.certify("SN-1", last), between, [ROOT])


@pytest.mark.parametrize(("days", "word"), [(400, "expired"), (-2, "not valid yet")])
def test_the_time_is_told_from_the_trust(days: int, word: str) -> None:
    found = find(LEAF, [SUB], [ROOT], NOON + timedelta(days=days))
    assert isinstance(found, Broken)
    assert found.fault is Fault.EXPIRED
    assert word in found.reason
    assert found.path[-1] == ROOT.certificate


def test_an_expired_authority_spoils_what_it_has_signed() -> None:
    old = papers.certify("Old", ROOT, ca=True, end=NOON - timedelta(hours=1))
    found = find(papers.certify("SN-1", old), [old], [ROOT])
    assert isinstance(found, Broken)
    assert found.fault is Fault.EXPIRED


def test_a_crowd_of_namesakes_costs_little() -> None:
    crowd = [papers.certify("Root", ca=True) for _ in range(80)]
    assert untrusted(papers.certify("SN-1", papers.certify("Root", ca=True)), [], crowd)


def test_chains_are_read_from_pem_and_are_bounded() -> None:
    assert path.read_chain(LEAF.chain.encode()) == (LEAF.certificate, SUB.certificate)
    assert path.read_chain(LEAF.chain.replace("\n", "\r\n").encode())[0] == LEAF.certificate
    with pytest.raises(ValueError, match="PEM"):
        path.read_chain(b"nothing")
    with pytest.raises(ValueError, match="13 certificates"):
        path.read_chain(LEAF.pem.encode() * 13)
