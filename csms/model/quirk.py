"""Quirks: what an operator says of one station's oddities, by name; some are yes or no (requirement of no standard)."""

from collections.abc import Mapping
from typing import Any, Final

SWITCHES: Final = frozenset({"expired_certificate", "inventory", "local_list_sync", "quiet", "strict"})
"""Quirks that are true or false."""
TEXTS: Final = frozenset({"assume", "organization"})
"""Quirks that are text, whatever it reads like."""
_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def switch(value: Any) -> bool | None:
    """Return what true or false, yes or no, on or off means in any case; None for anything else."""
    if isinstance(value, bool):
        return value
    return _WORDS.get(value.strip().casefold()) if isinstance(value, str) else None


def is_on(quirks: Mapping[str, Any], name: str, usual: bool = False) -> bool:
    """Whether a switch is on; the usual counts where it is not set, or to something that is neither."""
    meant = switch(quirks.get(name))
    return usual if meant is None else meant
