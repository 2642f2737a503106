"""How often somebody may be turned away before nobody looks any more: guessing passwords and ids gets slow.

Only refusals count, by address and station id, so that a station that gets in never meets a limit; an address alone is
stopped only for ids that have not come in from there, for a whole depot may stand behind one.
"""

from collections import Counter
from typing import Final

REFUSALS_A_MINUTE: Final = 20
"""Of one station id from one address; a misconfigured station that tries every ten seconds stays below."""
REFUSALS_OF_AN_ADDRESS: Final = 600
_REMEMBERED: Final = 50_000


class Turnstile:
    """Counts refusals within the minute."""

    def __init__(self) -> None:
        """Know nobody."""
        self._minute = 0
        self._refused: Counter[tuple[str, str]] = Counter()
        self._addresses: Counter[str] = Counter()
        self._admitted: dict[tuple[str, str], None] = {}

    def stops(self, peer: str, station_id: str, now_s: float) -> int | None:
        """Return in how many seconds to come again when this one has been refused too often, None to go on."""
        self._turn(now_s)
        key = (_address(peer), station_id)
        too_often = self._refused[key] >= REFUSALS_A_MINUTE
        if not too_often and key not in self._admitted:
            too_often = self._addresses[key[0]] >= REFUSALS_OF_AN_ADDRESS
        return 60 - int(now_s) % 60 if too_often else None

    def refused(self, peer: str, station_id: str, now_s: float) -> None:
        """Count a refusal."""
        self._turn(now_s)
        key = (_address(peer), station_id)
        self._addresses[key[0]] += 1
        if len(self._refused) < _REMEMBERED:
            self._refused[key] += 1

    def admitted(self, peer: str, station_id: str) -> None:
        """Remember who has come in from where, the latest of them."""
        key = (_address(peer), station_id)
        self._admitted.pop(key, None)
        self._admitted[key] = None
        if len(self._admitted) > _REMEMBERED:
            del self._admitted[next(iter(self._admitted))]

    def _turn(self, now_s: float) -> None:
        minute = int(now_s // 60)
        if minute != self._minute:
            self._minute = minute
            self._refused.clear()
            self._addresses.clear()


def _address(peer: str) -> str:
    """Return the host of a peer; an IPv6 network of /64 is one host."""
    return ":".join(peer.split(":")[:4]) if ":" in peer else peer
