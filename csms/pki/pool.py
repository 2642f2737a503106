"""Keys made ahead: an RSA key takes a tenth of a second, which nobody should wait for in a transaction."""

from collections.abc import Iterable

from csms.pki import keys
from csms.pki.keys import Algorithm, PrivateKey

Want = tuple[Algorithm, bool, bool]
"""Algorithm, whether for an authority, whether for a root."""


class KeyPool:
    """Hands out keys; what was not made ahead is made when it is asked for."""

    def __init__(self, wanted: Iterable[Want] = ()) -> None:
        """Make the keys that will be wanted."""
        self._made = [(want, keys.make(want[0], authority=want[1], root=want[2])) for want in wanted]

    def take(self, algorithm: Algorithm, *, authority: bool = False, root: bool = False) -> PrivateKey:
        """Return a key that nobody else gets."""
        want = (algorithm, authority, root)
        for index, (kind, key) in enumerate(self._made):
            if kind == want:
                del self._made[index]
                return key
        return keys.make(algorithm, authority=authority, root=root)


def for_servers() -> list[Want]:
    """Return what a pair of server certificates takes."""
    return [(algorithm, False, False) for algorithm in Algorithm]


def for_generation(*, rsa: bool) -> list[Want]:
    """Return what a root with its authorities takes, and the servers' certificates below it."""
    algorithms = [Algorithm.EC, Algorithm.RSA] if rsa else [Algorithm.EC]
    roots = [(algorithm, False, True) for algorithm in algorithms]
    authorities = [(algorithm, True, False) for algorithm in algorithms for _ in range(2)]
    return roots + authorities + for_servers()
