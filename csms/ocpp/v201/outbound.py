"""OCPP 2.0.1: what our requests to stations mean, and what the answers say about the station (blocks B–O)."""

from datetime import UTC, datetime, timedelta

from csms.log import redacted
from csms.model.command import (
    AvailabilityWanted,
    CustomerForgotten,
    LocalListAt,
    Purpose,
    Reply,
    ReservationCancelled,
    ReservationMade,
    Shape,
)
from csms.ocpp.moments import read_moment
from csms.ocpp.shapes import AVAILABLE_WITHIN, Payload, agreed, availability_changed, with_fact
from csms.ocpp.v201.device_model import REPORT_WITHIN


def discreet(request: Payload) -> Shape:
    """A request whose answer is its end, and that may carry secrets."""
    return Shape(redacted(request))


def network_profile(request: Payload) -> Shape:
    """SetNetworkProfile: the station may come with the profile's security from now on (A05, B09)."""
    return Shape(redacted(request), new_profile=int(request["connectionData"]["securityProfile"]))


def request_start(request: Payload) -> Shape:
    """RequestStartTransaction: done when a transaction with its remoteStartId follows (F01, F02)."""
    return Shape(
        redacted(request),
        Purpose.REMOTE_START,
        timedelta(minutes=3),
        id_token=str(request["idToken"]["idToken"]),
        evse_id=request.get("evseId"),
        request_id=int(request["remoteStartId"]),
    )


def request_stop(request: Payload) -> Shape:
    """RequestStopTransaction: done when the transaction's end arrives (F03)."""
    ocpp_id = str(request["transactionId"])
    return Shape(request, Purpose.REMOTE_STOP, timedelta(minutes=10), ocpp_id=ocpp_id)


def reset(request: Payload) -> Shape:
    """Reset: done when the station has booted; an EVSE boots without a word (B11, B12)."""
    if "evseId" in request:
        return Shape(request)
    return Shape(request, Purpose.RESET, timedelta(minutes=15))


def customer_information(request: Payload) -> Shape:
    """CustomerInformation: with `report` done when all of it has arrived (N09)."""
    if not request["report"]:
        return Shape(redacted(request))
    return Shape(redacted(request), Purpose.REPORT, REPORT_WITHIN, request_id=int(request["requestId"]))


def customer_informed(request: Payload, response: Payload) -> Reply:
    """CustomerInformationResponse: with `clear` the station deletes the customer's data (N10)."""
    if not request["clear"]:
        return agreed(request, response)
    token = request.get("idToken")
    return with_fact(request, response, CustomerForgotten(str(token["idToken"]) if token else None))


def change_availability(request: Payload) -> Shape:
    """ChangeAvailability: done at once, or when the running transaction ends (G03, G04)."""
    place = request.get("evse") or {}
    return Shape(request, Purpose.AVAILABILITY, AVAILABLE_WITHIN, evse_id=int(place.get("id", 0)))


def availability(request: Payload, response: Payload) -> Reply:
    """ChangeAvailabilityResponse: Scheduled means after the running transaction (G03, G04)."""
    place = request.get("evse") or {}
    available = request["operationalStatus"] == "Operative"
    wanted = AvailabilityWanted(int(place.get("id", 0)), available, int(place.get("connectorId", 0)))
    return availability_changed(request, response, wanted)


def reserved(request: Payload, response: Payload) -> Reply:
    """ReserveNowResponse (H01)."""
    group = request.get("groupIdToken")
    made = ReservationMade(
        id=int(request["id"]),
        evse_id=int(request.get("evseId", 0)),
        id_token=str(request["idToken"]["idToken"]),
        group_id=group["idToken"] if group else None,
        expires_at=read_moment(request["expiryDateTime"], datetime.now(UTC), []),
        connector_type=request.get("connectorType"),
    )
    return with_fact(request, response, made)


def reservation_cancelled(request: Payload, response: Payload) -> Reply:
    """CancelReservationResponse (H02)."""
    return with_fact(request, response, ReservationCancelled(int(request["reservationId"])))


def list_version(request: Payload, response: Payload) -> Reply:
    """GetLocalListVersionResponse: 0 means that there is none (D02.FR.03)."""
    version = max(0, int(response.get("versionNumber", 0)))
    return Reply(response, True, (LocalListAt(version),))


def list_sent(request: Payload, response: Payload) -> Reply:
    """SendLocalListResponse (D01)."""
    return with_fact(request, response, LocalListAt(int(request["versionNumber"])))
