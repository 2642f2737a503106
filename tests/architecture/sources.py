"""The files of the repository, as the tests of its shape see them."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_GENERATED = {".venv", "var", "build", "dist", ".git", ".hypothesis"}
_BINARY = {".png", ".ico", ".woff2", ".gz"}


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files under version control; without git, those that look like it."""
    paths = _known_to_git() or [path for path in ROOT.rglob("*") if not _is_generated(path)]
    return tuple(path for path in paths if path.is_file() and path.suffix not in _BINARY)


def _known_to_git() -> list[Path]:
    if shutil.which("git") is None:
        return []
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def _is_generated(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[0] in _GENERATED or any(
        part.endswith(("_cache", "__pycache__", ".egg-info")) for part in parts
    )


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
