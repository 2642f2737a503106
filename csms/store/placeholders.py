"""Turns the product's `:named` parameters into psycopg's `%(named)s`, statement by statement, remembered."""

import re
from functools import lru_cache

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


def _replacement(match: re.Match[str]) -> str:
    name = match["name"]
    return f"%({name})s" if name else match[0].replace("%", "%%")
