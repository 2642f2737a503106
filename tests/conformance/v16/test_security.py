"""OCPP 1.6: passwords, subprotocols, security events (cases 073, 077, 078, 085, 088)."""

import pytest

from tests.conformance.cases import case, row
from tests.conformance.site import Site
from tests.conformance.v16.station import Station16
from tests.ocpp.station import basic
from tests.wire.station import Station

OLD, NEW = "correct-horse-battery", bytes(range(0x80, 0x94))
"""A password as operators type it, and one of bytes that no text has."""


async def _knock(site: Site, **handshake: str | None) -> tuple[int, dict[str, str], Station]:
    """Return the HTTP status and headers that CP16 gets, and its connection."""
    station = await site.line(Station16, "CP16")
    reply = await station.handshake("/ocpp/CP16", **{"protocols": "ocpp1.6"} | handshake)
    return reply.status, reply.headers, station


@case("TC_073")
async def test_tc_073_a_new_password(site: Site) -> None:
    signed = {"Authorization": basic(f"CP16:{OLD}".encode())}
    station = await site.station16(profile=1, password=OLD, **signed)
    station.keys["AuthorizationKey"] = OLD
    asked = {"key": "AuthorizationKey", "value": NEW.hex()}
    sent = await site.call(station, "ChangeConfiguration", asked)
    assert station.asked_for("ChangeConfiguration")[-1] == asked
    assert sent["outcome"] == "DONE"
    await station.drop()
    assert (await _knock(site, **signed))[0] == 401
    status, _, again = await _knock(site, Authorization=basic(b"CP16:" + NEW))
    assert status == 101
    again.listen()
    assert list(await again.call("Heartbeat")) == ["currentTime"]
    kept = await site.verb("station.commands", station="CP16")
    assert NEW.hex() not in str(kept) + str(await site.verb("audit.list"))
    assert NEW.hex() not in str(await site.csms.messages(station="CP16"))


@pytest.mark.parametrize(
    "event",
    [row("TC_077", "InvalidChargePointCertificate"), row("TC_078", "InvalidCentralSystemCertificate")],
)
async def test_tc_077_078_security_events(site: Site, event: str) -> None:
    station = await site.station16()
    said = {"type": event, "timestamp": station.at(), "techInfo": "signature algorithm not accepted"}
    assert await station.call("SecurityEventNotification", said) == {}
    assert await site.events(station, "security.event") == [said]


@case("TC_085")
async def test_tc_085_basic_authentication(site: Site) -> None:
    await site.verb("station.add", station_id="CP16", security_profile=1, password=OLD)
    for wrong in (f"CP17:{OLD}", "CP16:wrong-horse-battery"):
        status, headers, _ = await _knock(site, Authorization=basic(wrong.encode()))
        assert status == 401
        assert headers["www-authenticate"].startswith("Basic ")
    assert (await _knock(site))[0] == 401
    status, _, station = await _knock(site, Authorization=basic(f"CP16:{OLD}".encode()))
    assert status == 101
    station.listen()
    boot = {"chargePointVendor": "ABL", "chargePointModel": "eMH1"}
    assert (await station.call("BootNotification", boot))["status"] == "Accepted"
    refused = await site.verb("station.refusals", station="CP16")
    assert {entry["httpStatus"] for entry in refused} == {401}


@case("TC_088")
async def test_tc_088_subprotocol(site: Site) -> None:
    await site.verb("station.add", station_id="CP16", security_profile=0)
    status, headers, _ = await _knock(site, protocols="ocpp0.9, ocpp1.6")
    assert (status, headers["sec-websocket-protocol"]) == (101, "ocpp1.6")
    status, headers, station = await _knock(site, protocols="ocpp0.9")
    assert status == 101
    assert "sec-websocket-protocol" not in headers
    station.listen()
    await station.ended.wait()
    assert station.close_frame is not None
