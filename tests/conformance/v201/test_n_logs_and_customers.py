"""Block N: logs, and what a station knows of a customer (OCPP 2.0.1 Part 2 §N01, §N09, §N10, Part 6 TC_N)."""

from typing import Any

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v201.station import TAG1, Station201
from tests.wire.station import Payload

HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "1f",
}


async def _log(site: Site, station: Station201, number: int, kind: str = "DiagnosticsLog") -> Payload:
    asked = {"requestId": number, "logType": kind, "log": {"remoteLocation": "https://files.example/up"}}
    sent = await site.call(station, "GetLog", asked)
    assert station.asked_for("GetLog")[-1] == asked
    return sent


async def _uploads(station: Station201, number: int, *statuses: str) -> None:
    for status in statuses:
        assert await station.call("LogStatusNotification", {"status": status, "requestId": number}) == {}


async def _outcome(site: Site, sent: Payload) -> str:
    return str((await site.result(sent))["outcome"])


@pytest.mark.parametrize("kind", [row("TC_N_25_CSMS", "DiagnosticsLog"), row("TC_N_35_CSMS", "SecurityLog")])
async def test_a_log_is_uploaded(site: Site, kind: str) -> None:
    told = {"status": "Accepted", "filename": "log.zip"}
    station = await site.station201(answers={"GetLog": told})
    sent = await _log(site, station, 5, kind)
    assert (sent["response"], sent["outcome"]) == (told, "PENDING")
    await _uploads(station, 5, "Uploading")
    assert await _outcome(site, sent) == "PENDING"
    await _uploads(station, 5, "Uploaded")
    assert await _outcome(site, sent) == "DONE"


@case("TC_N_34_CSMS")
async def test_tc_n_34_a_log_is_refused(site: Site) -> None:
    station = await site.station201(answers={"GetLog": {"status": "Rejected"}})
    sent = await _log(site, station, 5)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": "Rejected"})


@case("TC_N_36_CSMS")
async def test_tc_n_36_a_second_request_cancels_the_first(site: Site) -> None:
    station = await site.station201()
    first = await _log(site, station, 5)
    await _uploads(station, 5, "Uploading")
    station.answers["GetLog"] = {"status": "AcceptedCanceled", "filename": "second.zip"}
    second = await _log(site, station, 6)
    assert second["outcome"] == "PENDING"
    await _uploads(station, 5, "AcceptedCanceled")
    await _uploads(station, 6, "Uploading", "Uploaded")
    assert await _outcome(site, first) in ("FAILED", "CANCELLED", "CANCELED")
    assert await _outcome(site, second) == "DONE"


async def _customer(site: Site, station: Station201, report: bool, clear: bool, **who: Any) -> Payload:
    """Ask about one customer, or have everything about one cleared, and see what was asked."""
    asked = {"requestId": 8, "report": report, "clear": clear} | who
    sent = await site.call(station, "CustomerInformation", asked)
    assert station.asked_for("CustomerInformation") == [asked]
    return sent


async def _told(site: Site, station: Station201, sent: Payload, *parts: str) -> None:
    """Report in so many parts; only with the last one it is done."""
    for number, data in enumerate(parts):
        assert await _outcome(site, sent) == "PENDING"
        said = {"requestId": 8, "seqNo": number, "tbc": number + 1 < len(parts), "data": data,
                "generatedAt": station.at()}  # fmt: skip
        assert await station.call("NotifyCustomerInformation", said) == {}
    assert await _outcome(site, sent) == "DONE"
    shown = await site.verb("station.customer", station=station.id, request=8)
    assert shown["data"] == "".join(parts)


REPORTED: list[Any] = [
    row("TC_N_27_CSMS", False, {"idToken": TAG1}, ["name=A. Driver;", "charges=3"]),
    row("TC_N_28_CSMS", False, {"idToken": TAG1}, [""]),
    row("TC_N_30_CSMS", True, {"idToken": TAG1}, ["name=A. Driver;", "charges=3"]),
    row("TC_N_31_CSMS", True, {"idToken": TAG1}, [""]),
    row("TC_N_62_CSMS", True, {"customerIdentifier": "C-4711"}, ["charges=3"]),
    row("TC_N_63_CSMS", True, {"customerCertificate": HASHES}, ["charges=3"]),
]


@pytest.mark.parametrize(("clear", "who", "parts"), REPORTED)
async def test_a_customer_is_reported(site: Site, clear: bool, who: Payload, parts: list[str]) -> None:
    station = await site.station201()
    sent = await _customer(site, station, True, clear, **who)
    assert sent["response"] == {"status": "Accepted"}
    await _told(site, station, sent, *parts)


@pytest.mark.parametrize("status", [row("TC_N_29_CSMS", "Rejected")])
async def test_a_question_about_a_customer_is_refused(site: Site, status: str) -> None:
    station = await site.station201(answers={"CustomerInformation": {"status": status}})
    sent = await _customer(site, station, True, False, idToken=TAG1)
    assert (sent["outcome"], sent["response"]) == ("REFUSED", {"status": status})


@case("TC_N_32_CSMS")
async def test_tc_n_32_a_customer_is_cleared_without_a_report(site: Site) -> None:
    station = await site.station201()
    sent = await _customer(site, station, False, True, idToken=TAG1)
    assert sent["outcome"] == "DONE"
    said = {"requestId": 8, "seqNo": 0, "data": "", "generatedAt": station.at()}
    assert await station.call("NotifyCustomerInformation", said) == {}
    assert (await site.result(sent))["outcome"] == "DONE"


@case("TC_N_46_CSMS")
async def test_tc_n_46_a_cleared_customer_leaves_the_local_list(site: Site) -> None:
    """Cleared data must not come back with the list: it is sent anew without the token (N10.FR.02)."""
    station = await site.station201()
    await site.command(station, "local-list.sync")
    assert "TAG1" in _listed(station.asked_for("SendLocalList")[0])
    sent = await _customer(site, station, True, True, idToken=TAG1)
    await _told(site, station, sent, "charges=3")
    await site.forward(minutes=2)
    assert len(station.asked_for("SendLocalList")) == 2
    update = station.asked_for("SendLocalList")[1]
    assert (update["updateType"], update["versionNumber"]) == ("Differential", 2)
    assert update["localAuthorizationList"] == [{"idToken": TAG1}]


def _listed(sent: Payload) -> list[str]:
    return [entry["idToken"]["idToken"] for entry in sent.get("localAuthorizationList", [])]
