"""Private keys at rest."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.pki import keys
from csms.pki.keys import Algorithm, WrongSecretError
from csms.pki.pool import KeyPool, for_generation, for_servers
from tests.pki.openssl import OpenSSL

KEYS = {algorithm: keys.make(algorithm) for algorithm in Algorithm}


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_openssl_opens_a_sealed_key_with_the_secret_only(tmp_path: Path, algorithm: Algorithm) -> None:
    openssl, key = OpenSSL(tmp_path), KEYS[algorithm]
    file = openssl.file(keys.seal(key, b"s3cret-" * 6))
    assert "ENCRYPTED PRIVATE KEY" in Path(file).read_text()
    code, text = openssl.run("pkey", "-in", file, "-passin", "pass:" + "s3cret-" * 6, "-pubout")
    assert code == 0
    assert "BEGIN PUBLIC KEY" in text
    assert openssl.run("pkey", "-in", file, "-passin", "pass:wrong")[0] != 0


@given(secret=st.binary(min_size=1, max_size=64), algorithm=st.sampled_from(list(Algorithm)))
@settings(max_examples=40, deadline=None)
def test_what_is_sealed_opens_again_and_with_nothing_else(secret: bytes, algorithm: Algorithm) -> None:
    sealed = keys.seal(KEYS[algorithm], secret)
    assert keys.unseal(sealed, secret).private_numbers() == KEYS[algorithm].private_numbers()
    with pytest.raises(WrongSecretError):
        keys.unseal(sealed, secret + b"x")


def test_what_is_no_key_does_not_open() -> None:
    with pytest.raises(WrongSecretError):
        keys.unseal(b"no key", b"secret")


@pytest.mark.parametrize(
    ("root", "authority", "bits"), [(True, False, 384), (False, True, 256), (False, False, 256)]
)
def test_curves_are_as_long_as_they_live(root: bool, authority: bool, bits: int) -> None:
    assert keys.make(Algorithm.EC, root=root, authority=authority).key_size == bits


def test_rsa_keys_are_longer_for_authorities() -> None:
    assert KEYS[Algorithm.RSA].key_size == 2048
    assert keys.make(Algorithm.RSA, authority=True).key_size == 3072


def test_a_pool_gives_each_key_once_and_makes_what_is_missing() -> None:
    pool = KeyPool(for_servers())
    taken = [pool.take(algorithm) for algorithm in Algorithm] + [pool.take(Algorithm.EC)]
    assert len({key.public_key().public_numbers().__hash__() for key in taken}) == 3
    assert [keys.algorithm_of(key) for key in taken] == [Algorithm.EC, Algorithm.RSA, Algorithm.EC]


def test_a_generation_with_rsa_takes_a_second_root() -> None:
    assert len(for_generation(rsa=False)) == 1 + 2 + 2
    assert len(for_generation(rsa=True)) == 2 + 4 + 2
