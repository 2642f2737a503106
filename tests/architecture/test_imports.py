"""The import contract covers every part of the house; `make check` enforces it with import-linter."""

import ast
import tomllib

from tests.architecture import sources

EDGES = {"ocpp", "ocpi", "graphql", "push", "admin"}
APART = {"simulator", "__init__", "__main__"}
LINTER = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}


def present():
    """Names of the packages and modules directly below csms."""
    return {
        path.relative_to(sources.ROOT / "csms").parts[0].removesuffix(".py") for path in sources.product()
    }


def modules(names):
    return {f"csms.{name}" for name in names}


def test_every_part_stands_on_a_floor():
    floors = {
        part.strip("() ")
        for layer in CONTRACTS["floors"]["layers"]
        for part in layer.replace(":", "|").split("|")
    }
    assert modules(present() - APART) <= floors


def test_every_edge_is_kept_from_the_store():
    assert set(CONTRACTS["edges"]["source_modules"]) == modules(EDGES & present())


def test_every_ocpp_version_is_kept_from_the_others():
    versions = {path.parent.name for path in sources.product() if path.parent.parent.name == "ocpp"}
    assert set(CONTRACTS["versions"]["modules"]) == {f"csms.ocpp.{version}" for version in versions}


def test_everything_but_the_command_line_is_kept_from_the_simulator():
    below = present() - APART - {"cli"}
    packages = {name for name in below if (sources.ROOT / "csms" / name).is_dir()}
    assert modules(packages) <= set(CONTRACTS["simulator-users"]["source_modules"])


def test_no_cycle_hides_behind_type_checking():
    hidden = [sources.name(path) for path in sources.product() if "TYPE_CHECKING" in path.read_text()]
    assert hidden == []


def test_only_the_engine_knows_tartiflette():
    assert importers("tartiflette") <= {"csms/graphql/engine.py"}


def test_nothing_runs_on_asyncio():
    assert importers("asyncio") <= {"csms/graphql/engine.py"}


def importers(library):
    found = set()
    for path in sources.product():
        for node in ast.walk(sources.tree(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {sources.name(path) for name in names if name.partition(".")[0] == library}
    return found
