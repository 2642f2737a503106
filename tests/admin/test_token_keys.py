"""Signing keys whose secret changed, or cannot be read."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from csms.errors import NotAllowed, StoreUnavailable
from csms.services.token_keys import Keyring
from tests.wire.appliance import Appliance


async def test_a_new_secret_makes_a_new_key_and_the_old_tokens_stay_good(csms: Appliance) -> None:
    before = Keyring(csms.unit, lambda: b"one secret of the appliance")
    old, _ = await before.signer()
    after = Keyring(csms.unit, lambda: b"another secret of the appliance")
    new, _ = await after.signer()
    assert new != old
    assert (await after.signer())[0] == new
    assert [key["kid"] for key in (await after.public())["keys"]] == [old, new]
    assert await after.find(old) is not None


async def test_another_node_believes_what_this_one_signs(csms: Appliance) -> None:
    here, there = (Keyring(csms.unit, lambda: b"the secret that both have") for _ in range(2))
    await there.signer()
    kid, _ = await here.signer()
    assert await there.find(kid) is not None
    assert (await there.signer())[0] == kid


async def test_a_secret_that_cannot_be_read_is_not_talked_about(
    csms: Appliance, logs: list[MutableMapping[str, Any]]
) -> None:
    def refused() -> bytes:
        raise NotAllowed("/var/lib/csms/csms.key can be read by others")

    with pytest.raises(StoreUnavailable) as told:
        await Keyring(csms.unit, refused).signer()
    assert "csms.key" not in str(told.value)
    assert [entry["error"] for entry in logs if entry["log_level"] == "error"] == [
        "/var/lib/csms/csms.key can be read by others"
    ]
