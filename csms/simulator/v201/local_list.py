"""The local authorization list and the authorization cache (OCPP 2.0.1 C10 to C14, D)."""

from csms.simulator.frames import Payload
from csms.simulator.v201.id_tokens import key_of

Key = tuple[str, str]


class LocalList:
    """Who may charge without asking the CSMS."""

    def __init__(self) -> None:
        self.version = 0
        self._entries: dict[Key, Payload] = {}
        self._cache: dict[Key, Payload] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def update(self, version: int, update_type: str, entries: list[Payload], most: int) -> str:
        """Do what SendLocalList asks; return its status."""
        if update_type == "Differential" and version <= self.version:
            return "VersionMismatch"
        updated = {} if update_type == "Full" else dict(self._entries)
        for entry in entries:
            key = key_of(entry["idToken"])
            if "idTokenInfo" in entry:
                updated[key] = entry["idTokenInfo"]
            elif update_type == "Full":
                return "Failed"  # a full list tells of every token what it may
            else:
                updated.pop(key, None)
        if len(updated) > most or version <= 0:
            return "Failed"
        self._entries, self.version = updated, version
        return "Accepted"

    def remember(self, id_token: Payload, info: Payload) -> None:
        """Keep the CSMS's answer about a token in the cache."""
        self._cache[key_of(id_token)] = info

    def clear_cache(self) -> None:
        """Forget what the CSMS answered about tokens."""
        self._cache.clear()

    def forget(self, id_token: Payload) -> None:
        """Forget a token, as CustomerInformation asks; the list stays the CSMS's affair (N10)."""
        self._cache.pop(key_of(id_token), None)

    def known(self, id_token: Payload, *, with_list: bool = True, with_cache: bool = True) -> Payload | None:
        """Return what is known about a token, the list before the cache."""
        key = key_of(id_token)
        listed = self._entries.get(key) if with_list else None
        return listed or (self._cache.get(key) if with_cache else None)
