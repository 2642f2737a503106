"""The local authorization list and the authorization cache (OCPP 1.6 §3.5)."""

from csms.simulator.frames import Payload


class LocalList:
    """Who may charge without asking the CSMS; id tags are compared without regard to case (CiString20)."""

    def __init__(self) -> None:
        self.version = 0
        self._entries: dict[str, Payload] = {}
        self._cache: dict[str, Payload] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def update(self, version: int, update_type: str, entries: list[Payload], max_length: int) -> str:
        """Do what SendLocalList asks; return its status."""
        if update_type == "Differential" and version <= self.version:
            return "VersionMismatch"
        updated = {} if update_type == "Full" else dict(self._entries)
        for entry in entries:
            key = entry["idTag"].lower()
            if "idTagInfo" in entry:
                updated[key] = entry["idTagInfo"]
            elif update_type == "Full":
                return "Failed"  # a full list tells of every id tag what it may
            else:
                updated.pop(key, None)
        if len(updated) > max_length or version <= 0:
            return "Failed"
        self._entries = updated
        self.version = version
        return "Accepted"

    def remember(self, id_tag: str, info: Payload) -> None:
        """Keep the CSMS's answer about an id tag in the cache."""
        self._cache[id_tag.lower()] = info

    def clear_cache(self) -> None:
        """Forget what the CSMS answered about id tags."""
        self._cache.clear()

    def known(self, id_tag: str, *, with_cache: bool) -> Payload | None:
        """Return what is known about an id tag, the list before the cache."""
        key = id_tag.lower()
        return self._entries.get(key) or (self._cache.get(key) if with_cache else None)
