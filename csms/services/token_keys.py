"""The keys that sign access tokens: P-256, a new one every week, published before it signs, kept encrypted.

The private keys stand in the database, encrypted with the appliance's secret (csms.master_key), so that every node
on one database signs and believes alike.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog

from csms.errors import CsmsError, StoreUnavailable
from csms.pki import keys as pki_keys
from csms.services.unit import Tx, Unit
from csms.store import sign_ins as store
from csms.store.sign_ins import SigningKey

SIGNS_FOR: Final = timedelta(days=7)
PUBLISHED_BEFORE: Final = timedelta(days=1)
"""Whoever keeps our public keys has a day to fetch the next one."""
BELIEVED_AFTER: Final = timedelta(hours=1)
READ_AGAIN: Final = timedelta(seconds=30)
"""How often another node's new key is looked for at most."""

log = structlog.get_logger(__name__)


class Keyring:
    """The signing keys of one database, as this process knows them."""

    def __init__(self, unit: Unit, secret: Callable[[], bytes]) -> None:
        self._unit = unit
        self._secret = secret
        self._keys: list[SigningKey] = []
        self._opened: dict[str, Any] = {}
        self._read_at = unit.clock.now() - 2 * READ_AGAIN

    async def signer(self) -> tuple[str, Any]:
        """Return id and private key (a joserfc ECKey) of the key that signs now; makes the next one in time."""
        now = self._unit.clock.now()
        usable = [key for key in self._keys if key.retires_at > now]
        if not usable or usable[-1].retires_at - now < PUBLISHED_BEFORE:
            self._keys = await self._unit.run(self._ensure)
            self._read_at = now
            usable = [key for key in self._keys if key.retires_at > now]
        for key in usable:
            private = self._private(key)
            if private is not None:
                return key.id, private
        self._keys = await self._unit.run(partial(self._ensure, anew=True))
        return self._keys[-1].id, self._private(self._keys[-1])

    async def public(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        await self.signer()
        now = self._unit.clock.now()
        return {"keys": [_jwk(key) for key in self._keys if key.expires_at > now]}

    async def find(self, key_id: object) -> Any | None:
        """Return a public key by its id, None where no key that is still believed has it."""
        now = self._unit.clock.now()
        if all(key.id != key_id for key in self._keys) and now - self._read_at >= READ_AGAIN:
            self._read_at = now
            self._keys = await self._unit.read(lambda tx: store.keys(tx.db, tx.at))
        found = next((key for key in self._keys if key.id == key_id and key.expires_at > now), None)
        if found is None:
            return None
        from joserfc.jwk import ECKey  # here: an appliance nobody signs in to does not need it

        return ECKey.import_key(found.public_key)

    def _ensure(self, tx: Tx, *, anew: bool = False) -> list[SigningKey]:
        """Make a key where none signs, the next one where the last retires soon, or one in any case."""
        known = store.keys(tx.db, tx.at)
        last = max((key.retires_at for key in known), default=tx.now)
        if anew or last - tx.now < PUBLISHED_BEFORE:
            key = pki_keys.make(pki_keys.Algorithm.EC)
            retires_at = (tx.now if anew else max(last, tx.now)) + SIGNS_FOR
            made = SigningKey(
                secrets.token_hex(8),
                _public_pem(key),
                pki_keys.seal(key, self._read_secret()).decode(),
                tx.now,
                retires_at,
                retires_at + BELIEVED_AFTER,
            )
            store.insert_key(tx.db, made)
            known = [*known, made]
        return known

    def _private(self, key: SigningKey) -> Any | None:
        """Return a private key, None where it was encrypted with a secret that we no longer have."""
        if key.id not in self._opened:
            from joserfc.jwk import ECKey

            try:
                opened = pki_keys.unseal(key.private_key.encode(), self._read_secret())
                self._opened[key.id] = ECKey.import_key(pki_keys.bare(opened))
            except pki_keys.WrongSecretError:
                log.warning("signing_key_does_not_open", key=key.id)
                self._opened[key.id] = None
        return self._opened[key.id]

    def _read_secret(self) -> bytes:
        """Return the secret; whoever signs in is not told where it lies and what is wrong with it."""
        try:
            return self._secret()
        except (CsmsError, OSError) as error:
            log.error("secret_of_private_keys_unusable", error=str(error))
            raise StoreUnavailable("nobody can sign in now: the appliance's log says why") from None


def _public_pem(key: pki_keys.PrivateKey) -> str:
    from joserfc.jwk import ECKey

    return ECKey.import_key(pki_keys.bare(key)).as_pem(private=False).decode()


def _jwk(key: SigningKey) -> dict[str, Any]:
    from joserfc.jwk import ECKey

    public = ECKey.import_key(key.public_key).as_dict(private=False)
    return public | {"kid": key.id, "use": "sig", "alg": "ES256"}
