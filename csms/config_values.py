"""The kinds of value a setting may have: each reads what was given, or says what it expects.

`read` raises ValueError; its text completes the sentence "… is not".
"""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener binds; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Kind(Protocol):
    """How the value of a setting is read and written."""

    def read(self, given: object) -> Any:
        """Return the value; ValueError says what was expected."""
        ...

    def write(self, value: Any) -> str:
        """Return the value as it stands in csms.toml."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both included."""

    low: int
    high: int

    def read(self, given: object) -> int:
        """Return the number."""
        try:
            number = int(given) if isinstance(given, str) else given
        except ValueError:
            number = None
        if not isinstance(number, int) or isinstance(number, bool) or not self.low <= number <= self.high:
            raise ValueError(f"a whole number from {self.low} to {self.high}")
        return number

    def write(self, value: int) -> str:
        """Return the number in digits."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def read(self, given: object) -> bool:
        """Return the flag; the environment may also say yes, no, on, off, 1 or 0."""
        word = str(given).strip().lower()
        if isinstance(given, bool | str) and word in ("true", "yes", "on", "1"):
            return True
        if isinstance(given, bool | str) and word in ("false", "no", "off", "0"):
            return False
        raise ValueError("true or false")

    def write(self, value: bool) -> str:
        """Return the flag in TOML."""
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Text:
    """Any text that passes the optional test of its beginning."""

    starts: tuple[str, ...] = ("",)
    expected: str = "a text"
    or_nothing: bool = False

    def read(self, given: object) -> str:
        """Return the text."""
        if given == "" and self.or_nothing:
            return ""
        if not isinstance(given, str) or not given.startswith(self.starts):
            raise ValueError(self.expected)
        return given

    def write(self, value: str) -> str:
        """Return the text in quotes."""
        return f'"{value}"'


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, given: object) -> str:
        """Return the word in lower case."""
        word = given.strip().lower() if isinstance(given, str) else ""
        if word not in self.words:
            raise ValueError(f"one of {', '.join(self.words)}")
        return word

    def write(self, value: str) -> str:
        """Return the word in quotes."""
        return f'"{value}"'


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to listen: a text with commas, or a list of texts; nothing turns the listener off."""

    def read(self, given: object) -> tuple[Address, ...]:
        """Return the addresses in the order given."""
        if isinstance(given, str):
            given = given.split(",") if given.strip() else []
        if not isinstance(given, list):
            raise ValueError(_ADDRESS)
        return tuple(_address(item) for item in given)

    def write(self, value: tuple[Address, ...]) -> str:
        """Return the addresses as one quoted text."""
        return f'"{", ".join(map(str, value))}"'


_ADDRESS = 'host:port (such as "0.0.0.0:9000" or "[::]:9000"), several with commas, or "" for off'


def _address(given: object) -> Address:
    host, separator, port = given.strip().rpartition(":") if isinstance(given, str) else ("", "", "")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError('an address with its port: IPv6 is written "[::1]:9000"')
    if not separator or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError(_ADDRESS)
    return Address(host, int(port))
