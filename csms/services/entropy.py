"""Unguessable numbers from the operating system."""

import secrets
import uuid


class SystemEntropy:
    """The operating system's random source."""

    def hex(self) -> str:
        """Return 32 hex characters, unique for all time."""
        return uuid.uuid4().hex

    def below(self, bound: int) -> int:
        """Return a number in [0, bound) that nobody can guess."""
        return secrets.randbelow(bound)
