"""Revocation lists and OCSP answers, as OpenSSL reads them."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.clock import to_text
from csms.pki import authority, revocation
from csms.pki.keys import Algorithm
from csms.pki.links import Links
from csms.pki.revocation import Answer, Revoked, Verdict
from tests.pki import house
from tests.pki.openssl import OpenSSL

TRUST = {"EC": house.trust(), "RSA-PSS": house.trust(Algorithm.RSA)}
AT = to_text(house.NOW - timedelta(hours=2))
LEAF = authority.sign_station(TRUST["EC"].stations, house.request(), house.span(0xABCD), Links())


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSSL:
    return OpenSSL(tmp_path)


@pytest.mark.parametrize("kind", list(TRUST))
def test_openssl_reads_a_list_and_verifies_against_it(openssl: OpenSSL, kind: str) -> None:
    trust = TRUST[kind]
    leaves = [
        authority.sign_station(trust.stations, house.request(), house.span(serial), Links())
        for serial in (0xAA, 0xBB)
    ]
    entries = [Revoked(0xAA, AT, "keyCompromise"), Revoked(0xCC, AT, "unspecified")]
    crl = revocation.sign_crl(trust.stations, entries, 7, house.NOW, timedelta(days=7))
    chain = openssl.file(trust.root.pem + trust.stations.pem)
    code, text = openssl.run("crl", "-noout", "-text", "-CAfile", chain, "-in", openssl.file(crl))
    assert code == 0
    assert "verify OK" in text
    for line in ("Serial Number: AA", "Key Compromise", "Serial Number: CC", "X509v3 CRL Number"):
        assert line in text
    assert text.count("CRL Reason Code") == 1  # unspecified is not said (RFC 5280 §5.3.1)
    for leaf, verdict in zip(leaves, ("certificate revoked", "OK"), strict=True):
        _, said = openssl.run(
            "verify", "-crl_check", "-CAfile", chain, "-CRLfile", openssl.file(crl), openssl.file(leaf)
        )
        assert verdict in said


def question(
    leaf: bytes = LEAF, algorithm: hashes.HashAlgorithm | None = None, nonce: bytes | None = None
) -> bytes:
    issuer = TRUST["EC"].stations.certificate
    builder = ocsp.OCSPRequestBuilder()
    builder = builder.add_certificate(authority.load_certificate(leaf), issuer, algorithm or hashes.SHA256())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_question_is_matched_to_its_issuer(algorithm: hashes.HashAlgorithm) -> None:
    asked = revocation.read_question(question(algorithm=algorithm))
    assert asked is not None
    assert asked.serial == 0xABCD
    assert revocation.asks_about(asked, TRUST["EC"].stations.certificate)
    assert not revocation.asks_about(asked, TRUST["EC"].servers.certificate)
    assert not revocation.asks_about(asked, TRUST["EC"].root.certificate)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(Verdict.GOOD), "good"),
        (Answer(Verdict.REVOKED, Revoked(0xABCD, AT, "keyCompromise")), "revoked"),
        (Answer(Verdict.REVOKED, Revoked(0xABCD, AT, "unspecified")), "revoked"),
        (Answer(Verdict.UNKNOWN), "unknown"),
    ],
)
@pytest.mark.parametrize("nonce", [None, b"n" * 16])
def test_openssl_believes_our_answers(
    openssl: OpenSSL, answer: Answer, said: str, nonce: bytes | None
) -> None:
    trust = TRUST["EC"]
    der = question(algorithm=hashes.SHA1(), nonce=nonce)
    asked = revocation.read_question(der)
    assert asked is not None
    response = openssl.file(revocation.sign_answer(trust.stations, asked, answer, house.NOW))
    believed = openssl.file(trust.root.pem + trust.stations.pem)
    code, text = openssl.run(
        "ocsp",
        "-reqin",
        openssl.file(der),
        "-respin",
        response,
        "-CAfile",
        believed,
        "-text",
        "-verify_other",
        believed,
    )
    assert code == 0, text
    assert "Response verify OK" in text
    assert f"Cert Status: {said}" in text
    assert ("OCSP Nonce" in text.partition("OCSP Response Data")[2]) is (nonce is not None)


def test_an_answer_by_an_rsa_authority_holds_too(openssl: OpenSSL) -> None:
    trust = TRUST["RSA-PSS"]
    leaf = authority.sign_station(trust.stations, house.request(), house.span(5), Links())
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(authority.load_certificate(leaf), trust.stations.certificate, hashes.SHA1())
        .build()
        .public_bytes(serialization.Encoding.DER)
    )
    asked = revocation.read_question(request)
    assert asked is not None
    response = revocation.sign_answer(trust.stations, asked, Answer(Verdict.GOOD), house.NOW)
    _, text = openssl.run(
        "ocsp",
        "-respin", openssl.file(response),
        "-issuer", openssl.file(trust.stations.pem),
        "-cert", openssl.file(leaf),
        "-CAfile", openssl.file(trust.root.pem + trust.stations.pem),
    )  # fmt: skip
    assert "Response verify OK" in text
    assert ": good" in text


def test_a_nonce_comes_back_and_is_never_kept() -> None:
    asked = revocation.read_question(question(nonce=b"x" * 20))
    assert asked is not None
    assert asked.key is None
    response = ocsp.load_der_ocsp_response(
        revocation.sign_answer(TRUST["EC"].stations, asked, Answer(Verdict.GOOD), house.NOW)
    )
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"x" * 20
    again = revocation.read_question(question())
    assert again is not None
    assert again.key is not None


@given(junk=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_junk_is_no_question(junk: bytes) -> None:
    assert revocation.read_question(junk) is None


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_a_question_with_one_byte_changed_never_crashes(at: int, flip: int) -> None:
    der = bytearray(question(nonce=b"n" * 8))
    der[at % len(der)] ^= flip
    asked = revocation.read_question(bytes(der))
    if asked is not None:
        revocation.asks_about(asked, TRUST["EC"].stations.certificate)


def test_a_long_question_is_not_read() -> None:
    assert revocation.read_question(question() + b"\0" * 5000) is None


@pytest.mark.parametrize("reason", list(revocation.Refusal))
def test_refusals_say_which(reason: revocation.Refusal) -> None:
    response = ocsp.load_der_ocsp_response(revocation.refusal(reason))
    assert response.response_status is reason.value
