"""What every test finds registered: a tenant, station CP1 with two connectors, token TAG1, 0.30 EUR a kWh."""

import pytest

from csms.services import stations, tariffs, tenants, tokens
from csms.services.access import LOCAL_OPERATOR
from csms.services.unit import Tx

ARITHMETIC = pytest.mark.parametrize("dialect", ["sqlite"])
"""For tables of values that no database sees the difference of: one dialect is enough."""


TARIFF = {
    "id": "energy",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19.0, "step_size": 1}]}],
}


def furnish(tx: Tx) -> None:
    """Register what every test needs."""
    tenants.add(tx, LOCAL_OPERATOR, name="default")
    stations.add(tx, LOCAL_OPERATOR, station_id="CP1", security_profile=0, connectors=2)
    tokens.add(tx, LOCAL_OPERATOR, uid="TAG1", group="FLEET")
    tariffs.add(tx, LOCAL_OPERATOR, document=TARIFF)
    tariffs.assign(tx, LOCAL_OPERATOR, tariff="energy")
