"""What drivers are told of the price before they charge: the tariff's own text, where stations show it (2.0.1 I01)."""

from dataclasses import replace
from typing import Final

from csms.model import driver_text, tariff_document
from csms.model.id_token import Authorization
from csms.model.station import StationRef
from csms.services import billing
from csms.services.unit import Tx
from csms.store import stations

CONTROLLER: Final = "TariffCostCtrlr"


def with_tariff(tx: Tx, station: StationRef, verdict: Authorization, evse_id: int = 0) -> Authorization:
    """Return a verdict with the text of the tariff that would hold now, where the driver's language has one."""
    if not verdict.accepted or not shows(tx, station.key, "Tariff"):
        return verdict
    plan = billing.plan(tx, station, evse_id, tx.now)
    if plan.tariff_json is None:
        return verdict
    texts = tariff_document.decode(plan.tariff_json).tariff_alt_text
    return replace(verdict, message=driver_text.fitting(texts, verdict.language))


def shows(tx: Tx, station_key: str, what: str) -> bool:
    """Whether a station has reported that it has a display of the Tariff or the Cost, and that it is switched on."""
    return all(
        (stations.setting(tx.db, station_key, f"{CONTROLLER}.{name}[{what}]") or "").strip().casefold()
        == "true"
        for name in ("Enabled", "Available")
    )
