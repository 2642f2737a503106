"""What charging profiles together allow, and the schedule a vehicle is offered within it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.model.charging_limit import (
    Circuit,
    Step,
    allowed,
    bounded,
    exceeds,
    fewest,
    limit_of,
    periods,
    whole_seconds,
)
from csms.model.charging_needs import HORIZON, ChargingNeeds, Frame, offer, unit_for, within
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfileLimits,
    ProfilePurpose,
    RateUnit,
    Recurrency,
    SchedulePeriod,
    violations,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = (NOON, NOON + timedelta(hours=24))
A, W = RateUnit.AMPS, RateUnit.WATTS


def profile(
    purpose: ProfilePurpose = ProfilePurpose.TX_DEFAULT,
    *periods: tuple[float, str],
    start: datetime | None = NOON,
    unit: RateUnit = A,
    duration_s: int | None = None,
    **fields: Any,
) -> ChargingProfile:
    steps = tuple(SchedulePeriod(int(3600 * hour), Decimal(limit)) for hour, limit in periods or [(0, "16")])
    kind = ProfileKind.RELATIVE if start is None else ProfileKind.ABSOLUTE
    if "recurrency" in fields:
        kind = ProfileKind.RECURRING
    made = ChargingProfile(1, 1, purpose, 0, kind, (ChargingSchedule(unit, steps, start, duration_s),))
    return replace(made, **fields)


def told(
    *profiles: ChargingProfile, began_h: float = 0, unit: RateUnit = A
) -> list[tuple[float, str | None]]:
    """Return the steps as hours after noon and limits."""
    began = NOON + timedelta(hours=began_h)
    steps = allowed(profiles, 1, SPAN, unit, Circuit(), began)
    return [
        (
            (step.at - NOON).total_seconds() / 3600,
            None if step.limit is None else str(step.limit.normalize() + 0),
        )
        for step in steps
    ]


STATION_MAX = ProfilePurpose.STATION_MAX
TX_DEFAULT = ProfilePurpose.TX_DEFAULT
EXTERNAL = ProfilePurpose.EXTERNAL


@pytest.mark.parametrize(
    ("profiles", "steps"),
    [
        ([], [(0, None)]),
        ([profile()], [(0, "16")]),
        ([profile(TX_DEFAULT, (0, "16"), (2, "8"))], [(0, "16"), (2, "8")]),
        ([profile(TX_DEFAULT, (0, "16"), duration_s=3600)], [(0, "16"), (1, None)]),
        ([profile(), profile(STATION_MAX, (0, "10"), evse_id=0, id=2)], [(0, "10")]),
        ([profile(), profile(TX_DEFAULT, (0, "6"), stack_level=1, id=2)], [(0, "6")]),
        ([profile(), profile(TX_DEFAULT, (0, "32"), stack_level=1, id=2)], [(0, "32")]),
        (
            [
                profile(),
                profile(TX_DEFAULT, (0, "32"), stack_level=1, id=2, valid_to=NOON + timedelta(hours=3)),
            ],
            [(0, "32"), (3, "16")],
        ),
        (
            [
                profile(),
                profile(TX_DEFAULT, (0, "6"), stack_level=1, id=2, valid_from=NOON + timedelta(hours=3)),
            ],
            [(0, "16"), (3, "6")],
        ),
        ([profile(evse_id=2)], [(0, None)]),
        ([profile(evse_id=0, id=2), profile(TX_DEFAULT, (0, "20"))], [(0, "20")]),
        ([profile(), profile(EXTERNAL, (0, "9"), id=2), profile(EXTERNAL, (0, "12"), id=3)], [(0, "9")]),
        ([profile(ProfilePurpose.TX, (0, "6"))], [(0, None)]),
        ([profile(TX_DEFAULT, (0, "16"), start=NOON + timedelta(hours=5))], [(0, None), (5, "16")]),
        (
            [
                profile(
                    TX_DEFAULT,
                    (0, "6"),
                    (8, "16"),
                    start=NOON - timedelta(hours=12),
                    recurrency=Recurrency.DAILY,
                )
            ],
            [(0, "16"), (12, "6"), (20, "16")],
        ),
        (
            [
                profile(
                    TX_DEFAULT,
                    (0, "6"),
                    start=NOON - timedelta(days=13),
                    duration_s=86_400,
                    recurrency=Recurrency.WEEKLY,
                )
            ],
            [(0, None)],
        ),
    ],
)
def test_what_profiles_allow_together(
    profiles: list[ChargingProfile], steps: list[tuple[float, str | None]]
) -> None:
    assert told(*profiles) == steps


def test_a_relative_profile_counts_from_the_begin_of_the_charge() -> None:
    relative = profile(TX_DEFAULT, (0, "32"), (2, "8"), start=None)
    assert told(relative, began_h=-1) == [(0, "32"), (1, "8")]
    assert told(relative, began_h=-9) == [(0, "8")]


def test_power_and_current_are_compared_at_the_nominal_voltage() -> None:
    watts = profile(STATION_MAX, (0, "6900"), unit=W, evse_id=0, id=2)
    assert told(profile(), watts) == [(0, "10")]
    assert told(profile(), watts, unit=W) == [(0, "6900")]


STEPS = st.lists(
    st.tuples(st.integers(0, 1439), st.one_of(st.none(), st.integers(0, 63))), min_size=1, max_size=20
)


def _steps(raw: list[tuple[int, int | None]]) -> list[Step]:
    by_minute = dict(raw) | {0: raw[0][1]}
    found = [
        Step(NOON + timedelta(minutes=m), None if x is None else Decimal(x))
        for m, x in sorted(by_minute.items())
    ]
    return [step for n, step in enumerate(found) if n == 0 or step.limit != found[n - 1].limit]


def _at(steps: list[Step], moment: datetime) -> Decimal:
    step = next(s for s in reversed(steps) if s.at <= moment)
    return Decimal(10**9) if step.limit is None else step.limit


@given(STEPS, st.integers(1, 12))
def test_fewer_steps_never_allow_more(raw: list[tuple[int, int | None]], most: int) -> None:
    before = _steps(raw)
    after = fewest(before, most, SPAN[1])
    assert len(after) <= most
    assert after[0].at == NOON
    for minute in range(0, 1440, 7):
        moment = NOON + timedelta(minutes=minute)
        assert _at(after, moment) <= _at(before, moment)
    if len(before) <= most:
        assert after == before


@given(STEPS, st.integers(0, 63))
def test_a_bound_holds_everywhere(raw: list[tuple[int, int | None]], most: int) -> None:
    after = bounded(_steps(raw), Decimal(most))
    assert all(step.limit is not None and step.limit <= most for step in after)
    assert all(one.limit != other.limit for one, other in pairwise(after))


def test_a_change_within_a_second_counts_from_the_second() -> None:
    steps = [
        Step(NOON + timedelta(seconds=s), None if x is None else Decimal(x))
        for s, x in [(0, 20), (0.004, 16), (0.9, 18), (2.5, None), (3, 6), (3.2, 6), (4.1, 6)]
    ]
    whole = whole_seconds(steps, NOON)
    assert [((s.at - NOON).total_seconds(), s.limit and int(s.limit)) for s in whole] == [
        (0, 16), (2, None), (3, 6)
    ]  # fmt: skip


@given(st.floats(-5, 5), st.integers(6, 32))
def test_an_offer_made_as_the_charge_begins_is_fit_to_be_sent(skew_s: float, amps: int) -> None:
    began = NOON + timedelta(seconds=skew_s)
    frame = Frame([profile(TX_DEFAULT, (0, str(amps)), start=None)], ProfileLimits(), began)
    made = offer(AC, frame, NOON, profile_id=9, stack_level=0, transaction_id="T1")
    assert violations(made, ProfileLimits(needs_transaction=True)) == []


def test_least_is_given_up() -> None:
    steps = [Step(NOON + timedelta(hours=h), Decimal(x)) for h, x in [(0, 32), (1, 6), (2, 31), (12, 16)]]
    kept = fewest(steps, 3, SPAN[1])
    assert [(s.at.hour, str(s.limit)) for s in kept] == [(12, "6"), (14, "31"), (0, "16")]


def test_a_schedule_says_nothing_before_and_after_it() -> None:
    schedule = profile(TX_DEFAULT, (0, "16"), (1, "8"), duration_s=7200).schedules[0]
    moments = [NOON + timedelta(hours=h) for h in (-1, 0, 1, 2)]
    found = [limit_of(schedule, NOON, moment) for moment in moments]
    assert [p and p.limit for p in found] == [None, 16, 8, None]


@pytest.mark.parametrize(
    ("limits", "wanted", "too_much"),
    [
        ([(0, 16)], [(0, "16.1")], False),
        ([(0, 16)], [(0, "16.2")], True),
        ([(0, 16), (2, 8)], [(0, "16")], True),
        ([(0, 16), (2, 8)], [(0, "16"), (2, "8")], False),
        ([(0, None)], [(0, "500")], False),
        ([(0, 8), (2, 16)], [(0, "6"), (1, "16")], True),
    ],
)
def test_a_plan_exceeds_its_limits(
    limits: list[tuple[int, int | None]], wanted: list[tuple[float, str]], too_much: bool
) -> None:
    steps = [Step(NOON + timedelta(hours=h), None if x is None else Decimal(x)) for h, x in limits]
    plan = profile(TX_DEFAULT, *wanted).schedules[0]
    assert exceeds(plan, NOON, steps, A, Circuit()) is too_much
    in_watts = replace(plan, unit=W, periods=tuple(replace(p, limit=p.limit * 690) for p in plan.periods))
    assert exceeds(in_watts, NOON, steps, A, Circuit()) is too_much


AC = ChargingNeeds(1, "AC_three_phase", most_periods=3, max_current_a=Decimal(32))
DC = ChargingNeeds(1, "DC", max_current_a=Decimal(200), max_voltage_v=Decimal(400))


def offered(needs: ChargingNeeds, *profiles: ChargingProfile, **limits: Any) -> ChargingSchedule:
    made = offer(
        needs,
        Frame(profiles, ProfileLimits(**limits), NOON),
        NOON,
        profile_id=9,
        stack_level=0,
        transaction_id="T1",
    )
    assert violations(made, ProfileLimits(needs_transaction=True, **limits)) == []
    assert (made.purpose, made.transaction_id, made.evse_id) == (ProfilePurpose.TX, "T1", 1)
    return made.schedules[0]


def _shown(schedule: ChargingSchedule) -> tuple[str, list[tuple[int, str]]]:
    return schedule.unit.value, [(p.start_s, str(p.limit)) for p in schedule.periods]


@pytest.mark.parametrize(
    ("needs", "profiles", "limits", "shown"),
    [
        (AC, [], {}, ("A", [(0, "32.0")])),
        (AC, [profile()], {}, ("A", [(0, "16.0")])),
        (replace(AC, max_current_a=None), [], {}, ("A", [(0, "32.0")])),
        (AC, [profile()], {"units": frozenset({W})}, ("W", [(0, "11040.0")])),
        (DC, [], {}, ("W", [(0, "80000.0")])),
        (replace(DC, max_power_w=Decimal(50)), [], {}, ("W", [(0, "50.0")])),
        (replace(DC, max_current_a=None), [], {}, ("W", [(0, "50000.0")])),
        (DC, [profile(TX_DEFAULT, (0, "20000"), unit=W)], {}, ("W", [(0, "20000.0")])),
        (AC, [profile(TX_DEFAULT, (0, "40"), (1, "10"))], {"periods": 1}, ("A", [(0, "10.0")])),
        (
            replace(AC, transfer="AC_single_phase"),
            [profile(TX_DEFAULT, (0, "2300"), unit=W)],
            {},
            ("A", [(0, "10.0")]),
        ),
    ],
)
def test_an_offer_keeps_within_everything(
    needs: ChargingNeeds,
    profiles: list[ChargingProfile],
    limits: dict[str, Any],
    shown: tuple[str, list[tuple[int, str]]],
) -> None:
    assert _shown(offered(needs, *profiles, **limits)) == shown


@given(st.lists(st.tuples(st.integers(0, 23), st.integers(0, 63)), min_size=1), st.integers(1, 5))
def test_an_offer_has_no_more_periods_than_the_vehicle_reads(raw: list[tuple[int, int]], most: int) -> None:
    hours = dict(raw) | {0: raw[0][1]}
    limit = profile(TX_DEFAULT, *[(h, str(x)) for h, x in sorted(hours.items())])
    needs = replace(AC, most_periods=most)
    schedule = offered(needs, limit)
    assert len(schedule.periods) <= most
    frame = Frame([limit], ProfileLimits(), NOON)
    steps = within(needs, frame, NOON)
    assert not exceeds(schedule, NOON, steps, A, needs.circuit)
    assert schedule.duration_s == HORIZON.total_seconds()


def test_units_follow_the_current_unless_the_station_takes_only_one() -> None:
    assert unit_for(AC, ProfileLimits()) is A
    assert unit_for(DC, ProfileLimits(units=frozenset({A, W}))) is W
    assert unit_for(DC, ProfileLimits(units=frozenset({A}))) is A


def test_steps_become_periods() -> None:
    steps = [Step(NOON, Decimal("16.29")), Step(NOON + timedelta(minutes=1), Decimal(0))]
    assert periods(steps, NOON) == (SchedulePeriod(0, Decimal("16.2")), SchedulePeriod(60, Decimal("0.0")))
