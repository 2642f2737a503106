"""Block I: what the driver is told of the cost (OCPP 2.0.1 Part 2 §I, Part 6 TC_I)."""

from decimal import Decimal

from tests.conformance.cases import case
from tests.conformance.site import Site


@case("TC_I_02_CSMS")
async def test_tc_i_02_the_final_cost_is_that_of_the_cdr(site: Site) -> None:
    station = await site.station201()
    await station.energy_transfer_started()
    station.wh += 10_000
    await site.forward(minutes=30)
    answer = await station.ev_disconnected(end=True)
    assert answer is not None
    [shown] = await site.transactions(station)
    cdr = await site.cdr(shown)
    assert cdr["totalCostInclVat"] == Decimal("3.57")
    assert Decimal(str(answer["totalCost"])) == cdr["totalCostInclVat"]
