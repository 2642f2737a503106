"""Which requests of stations are signed, and why others are not (OCPP 2.0.1 A02; X201-13)."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from csms.pki import csr
from csms.pki.csr import Policy, Problem
from tests.conformance.cases import case
from tests.pki import papers

POLICY = Policy("SN-1", "Depot")


def reason(pem: str, policy: Policy = POLICY) -> str | None:
    problem = csr.check(pem.encode(), policy)
    return problem.reason if problem else None


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP224R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=lambda key: f"{type(key).__name__}{key.key_size}",
)
def test_keys_of_the_standard_are_signed(key: papers.Key) -> None:
    assert reason(papers.csr(key=key)) is None


def test_line_ends_of_windows_and_escaped_ones_are_read() -> None:
    pem = papers.csr()
    assert reason(pem.replace("\n", "\r\n")) is None
    assert reason(pem.replace("\n", "\\n")) is None
    assert reason(f"\n {pem.strip()}") is None


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        ("", "PKCS #10"),
        ("no request at all", "PKCS #10"),
        (papers.certify("SN-1").pem, "PKCS #10"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "PKCS #10"),
        ("x" * 5_501, "5501 characters"),
        (papers.csr("SN-2"), "CN is SN-2"),
        (papers.csr("sn-1"), "CN is sn-1"),
        (papers.csr(organization="Somebody"), "O is Somebody"),
        (papers.csr(organization=None), "O is missing"),
        (papers.csr(key=rsa.generate_private_key(65537, 1024)), "1024 bits"),
        (papers.csr(key=ec.generate_private_key(ec.SECP192R1())), "192 bits"),
        (papers.csr(extensions=((x509.BasicConstraints(True, None), True),)), "CA:TRUE"),
        (
            papers.csr(extensions=((x509.SubjectAlternativeName([x509.DNSName("csms.example")]), False),)),
            "somebody else",
        ),
    ],
)
def test_other_requests_are_refused(pem: str, why: str) -> None:
    said = reason(pem)
    assert said is not None
    assert why in said


def test_a_request_for_the_right_to_sign_is_refused() -> None:
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    assert "sign certificates" in str(reason(papers.csr(extensions=((usage, True),))))


def test_its_own_name_may_be_an_alternative_name() -> None:
    own = x509.SubjectAlternativeName([x509.DNSName("SN-1")])
    assert reason(papers.csr(extensions=((own, False),))) is None


def test_an_odd_kind_of_key_is_refused() -> None:
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(papers.name("SN-1"))
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
    )
    pem = request.public_bytes(papers.serialization.Encoding.PEM).decode()
    assert reason(pem) is not None


@case("X201-13")
def test_a_bad_signature_is_found() -> None:
    pem = papers.csr()
    der = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
    der[-1] ^= 1
    spoiled = base64.encodebytes(bytes(der)).decode()
    said = reason(f"-----BEGIN CERTIFICATE REQUEST-----\n{spoiled}-----END CERTIFICATE REQUEST-----\n")
    assert said is not None
    assert "own key" in said or "PKCS" in said


def test_without_an_operators_name_any_is_signed() -> None:
    assert reason(papers.csr(organization="Somebody"), Policy("SN-1")) is None


def test_the_curve_may_be_bounded_further() -> None:
    weak = papers.csr(key=ec.generate_private_key(ec.SECP224R1()))
    assert "256" in str(reason(weak, Policy("SN-1", least_curve_bits=256)))


def test_what_a_request_says_of_itself() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first, again = csr.read(papers.csr(key=key).encode()), csr.read(papers.csr("other", key=key).encode())
    assert not isinstance(first, Problem)
    assert not isinstance(again, Problem)
    assert (first.common_name, first.organization) == ("SN-1", "Depot")
    assert first.key_fingerprint == again.key_fingerprint
    assert isinstance(csr.read(b"nothing"), Problem)
    assert hashes.SHA256.digest_size * 2 == len(first.key_fingerprint)
