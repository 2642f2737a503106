"""The files of the repository, as the tests of its shape see them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_GENERATED = {".venv", "var", "build", "dist", ".git"}
_BINARY = {".png", ".ico", ".woff2", ".gz"}


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files under version control; without git, those that look like it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        paths = [ROOT / path for path in found if not path.parts[0].startswith((*_GENERATED, "."))]
        paths = [path for path in paths if "__pycache__" not in path.parts and ".egg-info" not in str(path)]
    return tuple(path for path in paths if path.is_file() and path.suffix not in _BINARY)


def product() -> tuple[Path, ...]:
    """Return the Python files of the product."""
    return tuple(path for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / "csms"))


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(parent: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield the dotted name and node of every function and class below a node."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Definition):
            yield f"{prefix}{node.name}", node
            yield from definitions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from definitions(node, prefix)


def name(path: Path) -> str:
    """Return a path as people write it."""
    return str(path.relative_to(ROOT))
