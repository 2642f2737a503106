"""Prometheus metrics of the running appliance; labels never name a tenant."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from csms.services.house import House


def registry(house: House) -> CollectorRegistry:
    """Return a registry that reads the appliance's own counters when it is scraped."""
    collectors = CollectorRegistry()
    collectors.register(_Appliance(house))
    return collectors


class _Appliance(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        house = self._house
        versions: dict[str, int] = {}
        for link in house.link.links():
            versions[link.version] = versions.get(link.version, 0) + 1
        connected = GaugeMetricFamily(
            "csms_stations_connected", "Connected charging stations", labels=["ocpp_version"]
        )
        for version, count in versions.items():
            connected.add_metric([version], count)
        yield connected
        started = GaugeMetricFamily("csms_start_time_seconds", "When the appliance started")
        started.add_metric([], house.started_at.timestamp())
        yield started
        events = CounterMetricFamily(
            "csms_bus_readers_dropped", "Slow readers of the event bus that were dropped"
        )
        events.add_metric([], house.unit.bus.dropped)
        yield events
        lost = CounterMetricFamily(
            "csms_message_log_dropped", "Message log records dropped because too many waited"
        )
        lost.add_metric([], house.message_log.dropped)
        yield lost
