"""Scopes narrow what a key or a token may do: permissions of services.access, `station.*`, or `*.read`."""

from typing import Final

from csms.errors import InvalidInput
from csms.services.access import PERMISSIONS

MOST_CHARACTERS: Final = 1000


def checked_scope(text: str | None) -> str | None:
    """Return a scope in its normal form, None for everything the role may; InvalidInput names a word nobody knows."""
    if text is None or not text.split():
        return None
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(f"a scope has at most {MOST_CHARACTERS} characters")
    words = sorted(set(text.split()))
    for word in words:
        if not _permissions_of(word):
            raise InvalidInput(
                f"unknown scope {word}: write permissions like station.read, station.* or *.read"
            )
    return " ".join(words)


def allowed(scope: str | None) -> frozenset[str] | None:
    """Return the permissions a scope grants; None grants all that the role has."""
    if scope is None:
        return None
    return frozenset(each for word in scope.split() for each in _permissions_of(word))


def narrowed(scope: str | None, within: str | None) -> str | None:
    """Return a scope asked for, if it lies within another; raises InvalidInput where it asks for more."""
    wanted = checked_scope(scope)
    if within is None:
        return wanted
    if wanted is None:
        return within
    more = (allowed(wanted) or frozenset()) - (allowed(within) or frozenset())
    if more:
        raise InvalidInput(f"the scope asks for more than was granted: {', '.join(sorted(more))}")
    return wanted


def _permissions_of(word: str) -> list[str]:
    noun, _, verb = word.partition(".")
    return [
        name
        for name in PERMISSIONS
        if noun in ("*", name.partition(".")[0]) and verb in ("*", name.partition(".")[2])
    ]
