"""OCPP 2.0.1: what our requests to stations mean, and what the answers say about the station (blocks B–O)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from csms.log import is_secret, redacted
from csms.model.command import (
    AvailabilityWanted,
    Fact,
    LocalListAt,
    PasswordTaken,
    Purpose,
    Reply,
    ReservationCancelled,
    ReservationMade,
    SettingReported,
    Shape,
)
from csms.ocpp.moments import read_moment
from csms.ocpp.shapes import HIDDEN, Payload, agreed, with_fact
from csms.ocpp.v201 import names

REPORT_WITHIN: Final = timedelta(minutes=10)
_PASSWORD: Final = "basicauthpassword"  # noqa: S105 (the name of a variable)
_TAKEN: Final = ("Accepted", "RebootRequired")


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


def set_variables(request: Payload) -> Shape:
    """SetVariables: the new BasicAuthPassword is nobody's business (A01)."""
    passwords = [
        str(entry["attributeValue"])
        for entry in request["setVariableData"]
        if str(entry["variable"]["name"]).casefold() == _PASSWORD
    ]
    return Shape(redacted(request), new_password=passwords[-1].encode() if passwords else None)


def variables_set(request: Payload, response: Payload) -> Reply:
    """SetVariablesResponse: what the station now holds; it agrees when it took every value."""
    values = {_asked(entry): str(entry["attributeValue"]) for entry in request["setVariableData"]}
    results = response.get("setVariableResult") or []
    facts: list[Fact] = []
    for result in results:
        name, value = _asked(result), values.get(_asked(result))
        if result.get("attributeStatus") not in _TAKEN or value is None:
            continue
        shown = HIDDEN if is_secret(str(result["variable"]["name"])) else value
        facts.append(SettingReported(_written(result), shown, False))
        if name[1] == _PASSWORD and result["attributeStatus"] == "Accepted":
            facts.append(PasswordTaken())
    taken = bool(results) and all(result.get("attributeStatus") in _TAKEN for result in results)
    return Reply(response, taken, tuple(facts))


def variables_got(request: Payload, response: Payload) -> Reply:
    """GetVariablesResponse: the values the station tells; whether they may be changed it does not say."""
    told = [
        result
        for result in response.get("getVariableResult") or ()
        if result.get("attributeStatus") == "Accepted"
    ]
    facts = [
        SettingReported(
            _written(result),
            HIDDEN if is_secret(str(result["variable"]["name"])) else result.get("attributeValue", ""),
            False,
        )
        for result in told
    ]
    return Reply(response, True, tuple(facts))


def availability(request: Payload, response: Payload) -> Reply:
    """ChangeAvailabilityResponse: Scheduled means after the running transaction (G03, G04)."""
    evse_id = int((request.get("evse") or {}).get("id", 0))
    return with_fact(
        request, response, AvailabilityWanted(evse_id, request["operationalStatus"] == "Operative")
    )


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


def each_agreed(results: str) -> Any:
    """Return the reply of answers that list one status per part of the request: it agrees when all do."""

    def reply(request: Payload, response: Payload) -> Reply:
        said = [agreed(request, result).agreed for result in response.get(results) or ()]
        return Reply(response, bool(said) and all(said))

    return reply


def _asked(entry: Payload) -> tuple[str, ...]:
    """Return what tells one attribute from another, whatever the case of its name."""
    attribute = str(entry.get("attributeType", "Actual"))
    name = names.written(entry["component"], entry["variable"], attribute).casefold()
    return name, str(entry["variable"]["name"]).casefold()


def _written(entry: Payload) -> str:
    return names.written(entry["component"], entry["variable"], str(entry.get("attributeType", "Actual")))
