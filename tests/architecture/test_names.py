"""Names say what a thing is, and everything public says what it is for."""

import ast
import re

import pytest

from tests.architecture import sources

VAGUE = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "managers",
    "misc",
    "base",
    "core",
    "stuff",
}
VAGUE_CLASS = re.compile(r"(Manager|Helper|Utils?|Impl)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def test_modules_are_not_called_vague_names():
    named = {
        part for path in sources.product() for part in path.relative_to(sources.ROOT).with_suffix("").parts
    }
    assert {name for name in named if name.strip("_") in VAGUE} == set()


def test_classes_are_not_called_vague_names():
    found = [
        f"{sources.name(path)}: {name}"
        for path in sources.product()
        for name, node in sources.definitions(sources.tree(path))
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(name)
    ]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [sources.name(p) for p in sources.product() if not ast.get_docstring(sources.tree(p))]
    assert silent == []


def test_everything_public_says_what_it_does():
    silent = [
        f"{sources.name(path)}: {node.name}"
        for path in sources.product()
        for node in public(sources.tree(path))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def public(parent):
    """Yield the public definitions of a module or class; what is defined inside a function is nobody else's."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, sources.Definition):
            if node.name.startswith("_"):
                continue
            yield node
        if isinstance(node, ast.ClassDef | ast.If | ast.With | ast.Try):
            yield from public(node)


@pytest.mark.parametrize("suffix", [".py", ".sh", ".md", ".toml", ".graphql"])
def test_nothing_is_left_unfinished(suffix):
    found = [
        f"{sources.name(path)}: {line.strip()}"
        for path in sources.tracked()
        if path.suffix == suffix and path.name != "test_names.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if UNFINISHED.search(line)
    ]
    assert found == []
