"""OCSP answers: what they prove, and what they do not."""

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp

from csms.pki import hash_data, ocsp_client
from csms.pki.ocsp_client import Answer, Standing
from tests.pki import papers
from tests.pki.papers import NOON

ROOT = papers.certify("Root", ca=True, key=rsa.generate_private_key(65537, 2048))
SUB = papers.certify("Sub", ROOT, ca=True)
LEAF = papers.certify("SN-1", SUB, ocsp_url="http://ocsp.example/")
DATA = hash_data.of(LEAF.certificate, SUB.certificate)
RESPONDER = papers.certify("Responder", SUB, ocsp_signing=True)


def read(der: bytes, *issuers: papers.Paper, at: datetime = NOON) -> Answer:
    return ocsp_client.read(der, DATA, [each.certificate for each in issuers], at)


def test_the_request_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(ocsp_client.request(DATA))
    assert asked.serial_number == LEAF.certificate.serial_number
    assert asked.issuer_key_hash.hex() == DATA.issuer_key_hash
    assert isinstance(asked.hash_algorithm, hashes.SHA256)


def test_where_to_ask_stands_in_the_certificate() -> None:
    assert ocsp_client.responder_url(LEAF.certificate) == "http://ocsp.example/"
    assert ocsp_client.responder_url(SUB.certificate) is None


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        (ocsp.OCSPCertStatus.GOOD, Standing.GOOD),
        (ocsp.OCSPCertStatus.REVOKED, Standing.REVOKED),
        (ocsp.OCSPCertStatus.UNKNOWN, Standing.UNKNOWN),
    ],
)
@pytest.mark.parametrize("signer", [None, RESPONDER], ids=["issuer", "delegate"])
def test_a_signed_answer_is_believed(
    status: ocsp.OCSPCertStatus, standing: Standing, signer: papers.Paper | None
) -> None:
    answer = read(papers.ocsp_answer(LEAF, SUB, status=status, signer=signer), SUB)
    assert (answer.standing, answer.proven) == (standing, True)
    assert answer.fresh_until == NOON + timedelta(days=1)


def test_an_answer_by_an_rsa_issuer_is_believed() -> None:
    data = hash_data.of(SUB.certificate, ROOT.certificate)
    answer = ocsp_client.read(papers.ocsp_answer(SUB, ROOT), data, [ROOT.certificate], NOON)
    assert (answer.standing, answer.proven) == (Standing.GOOD, True)


def test_without_the_issuer_nothing_is_proven() -> None:
    answer = read(papers.ocsp_answer(LEAF, SUB), ROOT)
    assert (answer.standing, answer.proven) == (Standing.GOOD, False)


@pytest.mark.parametrize(
    "signer",
    [
        papers.certify("Responder", SUB),
        papers.certify("Responder", ROOT, ocsp_signing=True),
        papers.certify("Responder", SUB, ocsp_signing=True, end=NOON - timedelta(hours=1)),
        papers.certify("Sub", ca=True),
    ],
    ids=["no-right", "of-another", "expired", "forged"],
)
def test_a_stranger_proves_nothing(signer: papers.Paper) -> None:
    answer = read(papers.ocsp_answer(LEAF, SUB, signer=signer), SUB)
    assert answer.standing is Standing.FAILED


def test_an_answer_about_another_certificate_is_none() -> None:
    other = papers.certify("SN-2", SUB)
    assert "another certificate" in read(papers.ocsp_answer(other, SUB), SUB).reason


@pytest.mark.parametrize(
    ("begin", "end", "standing"),
    [
        (-1, 24, Standing.GOOD),
        (-0.5, None, Standing.GOOD),
        (-2, None, Standing.FAILED),
        (-48, -24, Standing.FAILED),
        (1, 24, Standing.FAILED),
    ],
)
def test_an_answer_has_its_time(begin: float, end: float | None, standing: Standing) -> None:
    der = papers.ocsp_answer(
        LEAF,
        SUB,
        this_update=NOON + timedelta(hours=begin),
        next_update=None if end is None else NOON + timedelta(hours=end),
    )
    assert read(der, SUB).standing is standing


def test_a_long_promise_is_believed_for_a_week() -> None:
    der = papers.ocsp_answer(LEAF, SUB, next_update=NOON + timedelta(days=300))
    assert read(der, SUB).fresh_until == NOON + timedelta(days=7)


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x0a\x01\x06", b"<html>", papers.ocsp_answer(LEAF, SUB)[:-9]])
def test_other_bytes_are_no_answer(der: bytes) -> None:
    assert read(der, SUB).standing is Standing.FAILED


def test_a_responders_refusal_is_told() -> None:
    refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert "TRY_LATER" in read(refused.public_bytes(serialization.Encoding.DER), SUB).reason
