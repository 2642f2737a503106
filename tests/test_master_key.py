"""The secret that private keys are encrypted with: where it comes from, and what is wrong with it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from csms import master_key
from csms.errors import CsmsError, NotAllowed, NotFound

SECRET = "x" * 43


def test_it_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "csms.key"
    made = master_key.ensure(file, {})
    assert len(made) >= master_key.LEAST_CHARACTERS
    assert file.stat().st_mode & 0o777 == 0o600
    assert master_key.ensure(file, {}) == master_key.read(file, {}) == made
    assert [path.name for path in tmp_path.iterdir()] == ["csms.key"]


def test_whoever_makes_it_at_the_same_time_gets_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: master_key.ensure(tmp_path / "csms.key", {}), range(16)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["csms.key"]


def test_a_credential_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("f" * 40)
    file.chmod(0o600)
    (tmp_path / "credentials").mkdir()
    assert master_key.read(file, {}) == b"f" * 40
    environ = {"CSMS_MASTER_KEY": "e" * 40, "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert master_key.read(file, environ) == b"e" * 40
    (tmp_path / "credentials" / "csms.key").write_text("c" * 40 + "\n")
    assert master_key.read(file, environ) == b"c" * 40
    assert master_key.ensure(tmp_path / "none", environ) == b"c" * 40
    assert not (tmp_path / "none").exists()


def test_without_one_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="CSMS_MASTER_KEY"):
        master_key.read(tmp_path / "csms.key", {})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "csms.key"
    file.write_text(SECRET)
    file.chmod(mode)
    with pytest.raises(NotAllowed, match="chmod 600"):
        master_key.read(file, {})


@pytest.mark.parametrize("content", ["", "\n", "short", " " * 50])
def test_a_short_secret_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "csms.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(CsmsError, match="fewer than 32"):
        master_key.ensure(file, {})
    assert file.read_text() == content
