"""OCPP 1.6: configuration, the cache, data transfer (cases 019, 021, 040, 061, 064)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site


async def _known(site: Site, station_id: str) -> dict[str, str]:
    shown = await site.verb("station.config", station=station_id)
    return {entry["name"]: entry["value"] for entry in shown}


@case("TC_019_1")
async def test_tc_019_1_all_keys(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "GetConfiguration")
    assert station.asked_for("GetConfiguration")[-1] == {}
    assert sent["outcome"] == "DONE"
    assert await _known(site, station.id) == station.keys


@case("TC_019_2")
async def test_tc_019_2_one_key(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "GetConfiguration", {"key": ["SupportedFeatureProfiles"]})
    assert station.asked_for("GetConfiguration")[-1] == {"key": ["SupportedFeatureProfiles"]}
    assert sent["response"]["configurationKey"][0]["value"] == station.keys["SupportedFeatureProfiles"]
    known = await _known(site, station.id)
    assert known["SupportedFeatureProfiles"] == station.keys["SupportedFeatureProfiles"]


@case("TC_021")
async def test_tc_021_a_key_is_set(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "30"})
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")
    assert station.keys["MeterValueSampleInterval"] == "30"
    assert (await _known(site, station.id))["MeterValueSampleInterval"] == "30"


@pytest.mark.parametrize(
    "answer",
    [
        row("TC_040_1", "NotSupported"),
        row("TC_040_2", "Rejected"),
    ],
)
async def test_tc_040_a_key_is_not_set(site: Site, answer: str) -> None:
    station = await site.station16(answers={"ChangeConfiguration": {"status": answer}})
    before = await _known(site, station.id)
    sent = await site.call(station, "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "x"})
    assert (sent["response"], sent["outcome"]) == ({"status": answer}, "REFUSED")
    assert await _known(site, station.id) == before


@case("TC_061")
async def test_tc_061_clear_cache(site: Site) -> None:
    station = await site.station16()
    sent = await site.call(station, "ClearCache")
    assert station.asked_for("ClearCache") == [{}]
    assert (sent["response"], sent["outcome"]) == ({"status": "Accepted"}, "DONE")


@case("TC_064")
async def test_tc_064_data_of_an_unknown_vendor(site: Site) -> None:
    station = await site.station16()
    said = {"vendorId": "org.example.unheard-of", "messageId": "Hello", "data": "{}"}
    answer = await station.call("DataTransfer", said)
    assert answer["status"] in ("Rejected", "UnknownVendorId", "UnknownMessageId")
    assert await site.events(station, "data.transfer") == [said]
