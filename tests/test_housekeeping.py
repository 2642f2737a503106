"""A store that has ended ends the appliance, so that the service manager starts a new one; a failing one does not."""

import pytest
import trio

from csms import housekeeping
from csms.errors import StoreStopped, StoreUnavailable
from csms.ocpp.limits import Limits
from csms.store.connection import Crash, open_store
from tests.store.faults import Scripted
from tests.wire.appliance import SeededEntropy, SetClock, appliance


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "EXPIRY_EVERY_S", 0.05)


async def run_until_the_store_ends(store_url: str) -> None:
    faults = Scripted()
    async with (
        open_store(store_url, faults=faults) as store,
        appliance(store, SetClock(), SeededEntropy(), Limits()),
    ):
        faults.fail_at("before_work", Crash())
        await trio.sleep(30)


async def test_a_store_that_has_ended_ends_the_appliance(store_url: str) -> None:
    with pytest.raises(BaseExceptionGroup) as ended:
        await run_until_the_store_ends(store_url)
    assert ended.value.subgroup(StoreStopped) is not None


async def test_a_failing_store_is_tried_again(store_url: str) -> None:
    faults, token, committed = Scripted(), trio.lowlevel.current_trio_token(), trio.Event()
    async with (
        open_store(store_url, faults=faults) as store,
        appliance(store, SetClock(), SeededEntropy(), Limits()),
    ):
        faults.at("after_commit", lambda: token.run_sync_soon(committed.set))
        faults.fail_at("before_commit", StoreUnavailable("full"))
        with trio.fail_after(30):
            await committed.wait()
