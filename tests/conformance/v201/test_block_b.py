"""OCPP 2.0.1, block B: provisioning."""

from tests.conformance.cases import case
from tests.conformance.site import Site


@case("TC_B_20_CSMS")
async def test_tc_b_20_reset_on_idle(site: Site) -> None:
    station = await site.station201()
    sent = await site.call(station, "Reset", {"type": "OnIdle"})
    assert sent["outcome"] == "PENDING"
    await station.energy_transfer_started()
    await station.stop_authorized()
    await station.ev_connected_post_session()
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["energyWh"]) == ("ENDED", 5000)
    station = await site.reconnected(station, booted=False)
    await station.boot("RemoteReset")
    assert (await site.result(sent))["outcome"] == "DONE"
