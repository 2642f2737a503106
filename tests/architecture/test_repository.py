"""What the repository ships: pinned dependencies, data files that get installed, no trace of anybody's machine."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.architecture import sources

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ \\;]+)(?: ; (?P<marker>[^\\]+?))? \\$", re.M)
PACKAGE_INDEX = re.compile(r"(?:extra-)?index-url|find-links|trusted-host|simple/$", re.M)
HERE = Path(__file__).name


def pins(lock):
    text = (sources.ROOT / lock).read_text()
    return {(found["name"], found["marker"]): found["version"] for found in PIN.finditer(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock):
    text = (sources.ROOT / lock).read_text()
    blocks = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert len(blocks) == len(pins(lock)) > 0
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_developers_test_what_operators_run():
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {key: dev.get(key) for key in runtime} == runtime


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_pinned(lock):
    asked = (sources.ROOT / lock.replace(".lock", ".in")).read_text()
    names = {re.split(r"[\[<>=]", line)[0] for line in asked.splitlines() if re.match(r"[a-z]", line)}
    assert names <= {name for name, _ in pins(lock)}


def test_cryptography_is_current_because_cffi_is():
    assert int(pins("requirements.lock")["cffi", None].split(".")[0]) >= 2


def test_data_files_of_the_product_are_installed():
    patterns = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]
    home = sources.ROOT / "csms"
    data = [
        str(p.relative_to(home)) for p in sources.tracked() if p.is_relative_to(home) and p.suffix != ".py"
    ]
    left_out = [
        name
        for name in data
        if not any(fnmatch(f"/{name}", f"*/{p.removeprefix('**/')}") for p in patterns["csms"])
    ]
    assert left_out == []


def test_no_package_index_is_named():
    found = [
        sources.name(path)
        for path in sources.tracked()
        if path.name != HERE and PACKAGE_INDEX.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_path_of_this_machine_is_named():
    mine = {f"{path}/" for path in (sources.ROOT, Path.home()) if len(path.parts) > 1}
    found = [
        f"{sources.name(path)}: {place}"
        for path in sources.tracked()
        if path.name != HERE
        for place in mine
        if place in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_tests_wait_for_something_never_for_a_time():
    """A sleep stands only in a loop that looks for what another process does."""
    sleeping = [
        f"{sources.name(path)}:{node.lineno}"
        for path in files_of_tests()
        if path.name != "postgres_server.py"  # gives its supervisor process the time to take a lock
        for node in outside_loops(sources.tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"
    ]
    assert sleeping == []


def outside_loops(parent):
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, ast.While | ast.For):
            yield node
            yield from outside_loops(node)


def test_tests_mock_nothing():
    mock = re.compile(r"unittest\.mock|\bMagicMock\b|\bmocker\b")
    found = {
        sources.name(path) for path in files_of_tests() if path.name != HERE and mock.search(path.read_text())
    }
    assert found == set()


def files_of_tests():
    return [p for p in sources.tracked() if p.suffix == ".py" and p.is_relative_to(sources.ROOT / "tests")]


def test_the_unit_file_runs_what_the_installer_installs():
    unit = (sources.ROOT / "systemd" / "csms.service").read_text()
    installer = (sources.ROOT / "install" / "service.sh").read_text()
    places = dict(re.findall(r"^(prefix|data|settings)=(\S+)$", installer, re.M))
    command = (
        f"{places['prefix']}/current/bin/csms --data-dir {places['data']} --config {places['settings']} serve"
    )
    assert f"ExecStart={command}\n" in unit
    assert re.search(r"^Type=notify$", unit, re.M)
