"""Hash data of certificates, as stations spell them."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp

from csms.pki import hash_data
from tests.pki import papers

ROOT = papers.certify("Root", ca=True)
LEAF = papers.certify("SN-1", ROOT, serial=0x0A0B)
BIG = papers.certify("RSA", ca=True, key=rsa.generate_private_key(65537, 2048))


@pytest.mark.parametrize("paper", [(LEAF, ROOT), (ROOT, ROOT), (BIG, BIG)], ids=["leaf", "root", "rsa"])
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_the_hashes_are_those_of_ocsp(paper: tuple[papers.Paper, papers.Paper], algorithm: str) -> None:
    certificate, issuer = (each.certificate for each in paper)
    ours = hash_data.of(certificate, issuer, algorithm)
    theirs = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer, hash_data.ALGORITHMS[algorithm]())
        .build()
    )
    assert ours.issuer_name_hash == theirs.issuer_name_hash.hex()
    assert ours.issuer_key_hash == theirs.issuer_key_hash.hex()
    assert ours.serial == theirs.serial_number


def test_a_stations_spelling_is_made_ours() -> None:
    ours = hash_data.of(LEAF.certificate, ROOT.certificate)
    wire = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": ours.issuer_name_hash.upper(),
        "issuerKeyHash": f" {ours.issuer_key_hash}",
        "serialNumber": "0x00000A0B",
    }
    assert hash_data.from_wire(wire) == ours
    assert ours.serial_number == "a0b"
    assert hash_data.names(hash_data.from_wire(wire), LEAF.certificate, ROOT.certificate)
    assert not hash_data.names(replace(ours, serial_number="b"), LEAF.certificate, ROOT.certificate)


def test_it_goes_out_as_it_came_in() -> None:
    ours = hash_data.of(LEAF.certificate, ROOT.certificate, "SHA384")
    assert hash_data.from_wire(ours.to_wire()) == ours


@pytest.mark.parametrize(
    "spoiled",
    [{"hashAlgorithm": "MD5"}, {"serialNumber": ""}, {"serialNumber": "xyz"}, {"issuerKeyHash": None}],
)
def test_what_is_no_hash_data_is_refused(spoiled: dict[str, str]) -> None:
    good = hash_data.of(LEAF.certificate, ROOT.certificate).to_wire()
    with pytest.raises(ValueError, match=r"hexadecimal|algorithm"):
        hash_data.from_wire(good | spoiled)


def test_zero_stays_a_number() -> None:
    wire = hash_data.of(LEAF.certificate, ROOT.certificate).to_wire() | {"serialNumber": "000"}
    assert hash_data.from_wire(wire).serial_number == "0"


def test_a_key_has_one_fingerprint() -> None:
    same = papers.certify("other", ROOT, key=LEAF.key)
    assert hash_data.key_fingerprint(LEAF.certificate) == hash_data.key_fingerprint(same.certificate)
    assert hash_data.key_fingerprint(LEAF.certificate) != hash_data.key_fingerprint(ROOT.certificate)
    assert hashes.SHA256.digest_size == 32
