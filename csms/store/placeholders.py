"""Turns the product's `:named` parameters into each driver's own, statement by statement, remembered.

psycopg wants `%(named)s`. sqlite3 takes names as they are, but looks each one up again at every execution; counted off
beforehand they cost a quarter of that.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

Pick = Callable[[Mapping[str, Any]], Sequence[Any]]

_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*'                  # 'string'
    | "(?:[^"]|"")*"                  # "identifier"
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ # $$string$$
    | --[^\n]*                        # -- comment
    | /\*.*?\*/                       # /* comment */
    | ::                              # a cast
    | :(?P<name>[A-Za-z_]\w*)         # :named
    | %                               # psycopg's own escape character
    """,
    re.VERBOSE | re.DOTALL,
)
_READS = re.compile(r"\s*(?:SELECT|VALUES|SHOW)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def translated(sql: str) -> tuple[bytes, bool]:
    """Return the statement as psycopg wants it, and whether it may change something.

    Strings, quoted identifiers, comments and `::` casts stay as they are; `%` is doubled everywhere.
    """
    return _TOKEN.sub(_replacement, sql).encode(), _READS.match(sql) is None


@lru_cache(maxsize=4096)
def counted(sql: str) -> tuple[str, Pick]:
    """Return the statement with `?` for its parameters, and what picks their values in that order."""
    names: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        if not name:
            return match[0]
        names.append(name)
        return "?"

    text = _TOKEN.sub(replacement, sql)
    return text, _picking(names)


def _picking(names: Sequence[str]) -> Pick:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        [only] = names
        return lambda params: (params[only],)
    return itemgetter(*names)


def _replacement(match: re.Match[str]) -> str:
    name = match["name"]
    return f"%({name})s" if name else match[0].replace("%", "%%")
