"""Passwords: slow hashes for people, fast salted ones for the long random passwords of stations.

Stations reconnect by the thousand at once, and their passwords are 16–40 random characters (OCPP 2.0.1 A01), which a
salted BLAKE2b protects as well as a slow hash would. People choose theirs, so they get argon2id.
"""

import hmac
import secrets
from hashlib import blake2b
from typing import Final

import argon2

_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


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
    return argon2.PasswordHasher().hash(password)


def check_person(password: str, stored: str) -> bool:
    """Compare a person's password with its argon2id hash."""
    try:
        return argon2.PasswordHasher().verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
