"""Small files, small functions: what does not fit on a screen or two is two things."""

import ast

from tests.architecture import sources

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
MEDIAN_LINES = 160


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_short():
    written = [p for p in sources.tracked() if p.suffix in (".py", ".sh", ".graphql") or p.name == "Makefile"]
    too_long = {sources.name(p): lines(p) for p in written if lines(p) > MOST_LINES_OF_A_FILE}
    assert too_long == {}


def test_the_usual_file_is_shorter_still():
    counts = sorted(lines(path) for path in sources.product() if path.name != "__init__.py")
    assert counts[len(counts) // 2] <= MEDIAN_LINES


def test_functions_are_short():
    too_long = {
        f"{sources.name(path)}: {name}": length(node)
        for path in sources.product()
        for name, node in sources.definitions(sources.tree(path))
        if not isinstance(node, ast.ClassDef) and length(node) > MOST_LINES_OF_A_FUNCTION
    }
    assert too_long == {}


def length(node):
    """Lines from `def` to the end, without the docstring and without the parameters' lines."""
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
    return node.end_lineno - first.lineno + 1 - docstring + 1
