"""Passwords: slow hashes for people, fast salted ones for the long random passwords of stations.

Stations reconnect by the thousand at once, and their passwords are 16–40 random characters (OCPP 2.0.1 A01), which a
salted BLAKE2b protects as well as a slow hash would. People choose theirs, so they get argon2id.
"""

import hmac
import secrets
from functools import cache
from hashlib import blake2b
from typing import Final

import argon2
import trio

from csms.errors import InvalidInput, TooBusy

_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


LEAST_OF_A_PERSON: Final = 12
MOST_OF_A_PERSON: Final = 256
_HASHER: Final = argon2.PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
"""One of OWASP's equivalent choices for argon2id; what is above 32 MiB, glibc gives back at once."""
AT_ONCE: Final = 1
"""A check takes 46 MiB and some 40 ms of one core; the machine has stations to serve."""
MOST_WAITING: Final = 64
"""Whoever comes when so many wait is asked to come again: the appliance has stations to serve."""


def generate(length: int = 20) -> str:
    """Return a random password without characters that look alike."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def hash_station(password: bytes) -> str:
    """Return the salted fast hash of a station's password."""
    salt = secrets.token_bytes(16)
    return f"blake2b${salt.hex()}${blake2b(password, salt=salt, digest_size=32).hexdigest()}"


def check_station(password: bytes, stored: str | None) -> bool:
    """Compare a station's password with its stored hash in constant time."""
    kind, salt, digest = (stored or "blake2b$00$00").split("$")
    given = blake2b(password, salt=bytes.fromhex(salt), digest_size=32).hexdigest()
    return kind == "blake2b" and hmac.compare_digest(given, digest)


def hash_person(password: str) -> str:
    """Return the argon2id hash of a person's password."""
    return _HASHER.hash(password)


def check_person(password: str, stored: str) -> bool:
    """Compare a person's password with its argon2id hash."""
    try:
        return _HASHER.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def checked_person(password: str) -> str:
    """Return a password that a person chose, if it is long enough (NIST SP 800-63B §3.1.1: length, no rules)."""
    if not LEAST_OF_A_PERSON <= len(password) <= MOST_OF_A_PERSON:
        raise InvalidInput(f"a password has {LEAST_OF_A_PERSON} to {MOST_OF_A_PERSON} characters")
    return password


async def hash_person_aside(password: str) -> str:
    """Do what `hash_person` does in a worker thread; raises TooBusy where too many wait."""
    return await trio.to_thread.run_sync(hash_person, password, limiter=_limiter())


async def check_person_aside(password: str, stored: str | None) -> bool:
    """Do what `check_person` does in a worker thread; no stored hash takes as long, and is never right."""
    right = await trio.to_thread.run_sync(check_person, password, stored or _nobody(), limiter=_limiter())
    return right and stored is not None


def _limiter() -> trio.CapacityLimiter:
    try:
        limiter = _limiters.get()
    except LookupError:
        limiter = trio.CapacityLimiter(AT_ONCE)
        _limiters.set(limiter)
    if limiter.statistics().tasks_waiting >= MOST_WAITING:
        raise TooBusy("too many passwords are being checked: come again in a few seconds", retry_after_s=5)
    return limiter


_limiters: Final[trio.lowlevel.RunVar[trio.CapacityLimiter]] = trio.lowlevel.RunVar("argon2")


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody has."""
    return hash_person(secrets.token_hex(16))
