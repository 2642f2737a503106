"""csms transaction show, as people read it: why there is no CDR."""

from tests.cli.conftest import Cli
from tests.wire import payloads
from tests.wire.appliance import Appliance
from tests.wire.station import Station
from tests.wire.v201.conftest import connected
from tests.wire.v201.payloads import boot, ended, started


async def _shown(cli: Cli, transaction: str) -> str:
    done = await cli("transaction", "show", transaction)
    assert done.code == 0
    return next(line for line in done.out.splitlines() if line.startswith("cdr"))


async def test_an_end_without_a_start_says_what_its_cdr_waits_for(csms: Appliance, cli: Cli) -> None:
    station = await connected(csms)
    await station.call("BootNotification", boot())
    await station.call("TransactionEvent", ended(2))
    line = await _shown(cli, "T1")
    assert "none yet: its start has not arrived" in line
    assert "csms transaction close" in line
    await station.call("TransactionEvent", started())
    [shown] = await csms.transactions()
    assert "none" not in await _shown(cli, shown["id"])


async def test_one_that_runs_has_no_cdr_yet(cli: Cli, station: Station) -> None:
    begun = await station.call("StartTransaction", payloads.start())
    assert (await _shown(cli, str(begun["transactionId"]))).endswith("none yet: it has not ended")
    await station.call("StartTransaction", payloads.start(30, idTag="TAG2"))
    assert "its stop has not arrived" in await _shown(cli, str(begun["transactionId"]))


async def test_a_stop_without_a_transaction_has_none(cli: Cli, station: Station) -> None:
    await station.call("StopTransaction", payloads.stop(4711))
    assert "none: it is a stop whose transaction is not known" in await _shown(cli, "4711")
