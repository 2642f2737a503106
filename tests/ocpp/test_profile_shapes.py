"""Charging profiles as stations report them, sane or not: what is read can be reckoned with, the rest is left out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from csms.model.charging_limit import exceeds
from csms.model.charging_needs import ChargingNeeds, Frame, offer, unit_for, within
from csms.model.charging_profile import ProfileLimits, ProfilePurpose, RateUnit, violations
from csms.ocpp.v16 import charging as v16
from csms.ocpp.v201 import charging as v201

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBERS = st.one_of(
    st.integers(0, 100),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([0, -1, 2**31, 1e308, 0.15]),
)
MOMENTS = st.sampled_from(
    [
        "2026-03-02T10:00:00Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "soon",
    ]
)
LIMITS = ProfileLimits(needs_transaction=True)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PERIODS = st.builds(
    lambda a, b: a | b,
    st.fixed_dictionaries({"startPeriod": NUMBERS, "limit": NUMBERS}),
    _some(numberPhases=NUMBERS, phaseToUse=NUMBERS),
)
SCHEDULES = st.builds(
    lambda a, b: a | b,
    st.fixed_dictionaries(
        {
            "id": NUMBERS,
            "chargingRateUnit": st.sampled_from("AW"),
            "chargingSchedulePeriod": st.lists(PERIODS, max_size=4),
        }
    ),
    _some(startSchedule=MOMENTS, duration=NUMBERS, minChargingRate=NUMBERS),
)
PROFILES = st.builds(
    lambda a, b: a | b,
    st.fixed_dictionaries(
        {
            "id": NUMBERS,
            "stackLevel": NUMBERS,
            "chargingProfilePurpose": st.sampled_from([*ProfilePurpose, "Other"]),
            "chargingProfileKind": st.sampled_from(["Absolute", "Recurring", "Relative"]),
            "chargingSchedule": st.lists(SCHEDULES, max_size=2),
        }
    ),
    _some(
        recurrencyKind=st.sampled_from(["Daily", "Weekly"]),
        validFrom=MOMENTS,
        validTo=MOMENTS,
        transactionId=st.just("T1"),
    ),
)


@given(st.lists(PROFILES, max_size=4), st.sampled_from(["AC_single_phase", "AC_three_phase", "DC"]))
def test_whatever_a_station_reports_an_offer_can_be_made(raw: list[dict[str, Any]], transfer: str) -> None:
    payload = {"requestId": 1, "chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": raw}
    read = v201.read_report(payload, NOON, [])
    needs = ChargingNeeds(1, transfer, most_periods=3)
    frame = Frame(read.profiles, LIMITS, NOON)
    made = offer(needs, frame, NOON, profile_id=5, stack_level=0, transaction_id="T1")
    wrong = violations(made, LIMITS)
    assert all("0 or more" in text for text in wrong)  # a station may report a negative limit, we send none


@given(SCHEDULES, MOMENTS)
def test_whatever_a_vehicle_plans_it_can_be_compared(raw: dict[str, Any], begin: str) -> None:
    told = v201.read_schedule_told({"timeBase": begin, "evseId": 1, "chargingSchedule": raw}, NOON, [])
    if told.schedule is not None:
        needs = ChargingNeeds(1, "AC_three_phase", max_current_a=Decimal(16))
        steps = within(needs, Frame((), LIMITS), NOON)
        exceeds(told.schedule, told.begin_at, steps, unit_for(needs, LIMITS), needs.circuit)


@given(PROFILES)
def test_whatever_was_sent_to_a_1_6_station_the_answer_can_be_taken(raw: dict[str, Any]) -> None:
    names = {ProfilePurpose.STATION_MAX: "ChargePointMaxProfile"}
    profile = raw | {
        "chargingProfileId": raw["id"],
        "chargingProfilePurpose": names.get(raw["chargingProfilePurpose"], raw["chargingProfilePurpose"]),
        "chargingSchedule": next(iter(raw["chargingSchedule"]), {}),
    }
    reply = v16.profile_set({"connectorId": 1, "csChargingProfiles": profile}, {"status": "Accepted"})
    assert reply.agreed
    assert len(reply.facts) <= 1


def test_noise_of_floats_is_no_part_of_a_limit() -> None:
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.100000381}],
    }
    told = v201.read_schedule_told(
        {"timeBase": "2026-03-02T12:00:00Z", "evseId": 1, "chargingSchedule": schedule}, NOON, []
    )
    assert told.schedule is not None
    assert told.schedule.unit is RateUnit.AMPS
    assert str(told.schedule.periods[0].limit) == "8.1"
