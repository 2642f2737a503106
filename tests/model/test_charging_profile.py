"""Which charging profiles are fit to be sent (OCPP 2.0.1 K01)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfileLimits,
    ProfilePurpose,
    RateUnit,
    Recurrency,
    SchedulePeriod,
    collides,
    rounded,
    violations,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANY = ProfileLimits()
STRICT = ProfileLimits(
    3, 2, frozenset({RateUnit.AMPS}), 2, True, needs_transaction=True, one_default_a_level=True
)


def schedule(*limits: str, **fields: Any) -> ChargingSchedule:
    periods = tuple(SchedulePeriod(60 * n, Decimal(limit)) for n, limit in enumerate(limits or ("16",)))
    return replace(ChargingSchedule(RateUnit.AMPS, periods), **fields)


def default(**fields: Any) -> ChargingProfile:
    good = ChargingProfile(1, 1, ProfilePurpose.TX_DEFAULT, 0, ProfileKind.RELATIVE, (schedule(),))
    return replace(good, **fields)


def station_max(**fields: Any) -> ChargingProfile:
    usual = {"evse_id": 0, "purpose": ProfilePurpose.STATION_MAX, "kind": ProfileKind.ABSOLUTE}
    return default(**usual | {"schedules": (schedule(start_at=NOON),)} | fields)


def of_transaction(**fields: Any) -> ChargingProfile:
    return default(**{"purpose": ProfilePurpose.TX, "transaction_id": "T1"} | fields)


def period(**fields: Any) -> ChargingProfile:
    return default(schedules=(replace(schedule(), periods=(SchedulePeriod(0, Decimal(8), **fields),)),))


@pytest.mark.parametrize(
    "profile",
    [
        default(),
        default(evse_id=0),
        station_max(),
        of_transaction(),
        of_transaction(schedules=(schedule(), schedule("8"), schedule("6"))),
        default(
            kind=ProfileKind.RECURRING, recurrency=Recurrency.DAILY, schedules=(schedule(start_at=NOON),)
        ),
        period(phases=1, phase_to_use=3),
        default(stack_level=3, valid_from=NOON, valid_to=NOON + timedelta(days=1)),
        default(schedules=(schedule("16", "8", duration_s=61),)),
    ],
)
def test_a_good_one_is_fit_for_a_station_that_takes_it(profile: ChargingProfile) -> None:
    assert violations(profile, STRICT) == []


BAD: list[tuple[ChargingProfile, str]] = [
    (default(purpose=ProfilePurpose.EXTERNAL), "K01.FR.22"),
    (station_max(evse_id=1), "for the whole station"),
    (station_max(kind=ProfileKind.RELATIVE, schedules=(schedule(),)), "K01.FR.38"),
    (of_transaction(evse_id=0), "K01.FR.16"),
    (of_transaction(transaction_id=None), "K01.FR.03"),
    (default(transaction_id="T1"), "only a TxProfile names a transaction"),
    (default(schedules=(schedule(start_at=NOON),)), "K01.FR.41"),
    (default(kind=ProfileKind.ABSOLUTE), "K01.FR.40"),
    (default(kind=ProfileKind.RECURRING, schedules=(schedule(start_at=NOON),)), "Daily or Weekly"),
    (default(recurrency=Recurrency.WEEKLY), "Daily or Weekly"),
    (default(valid_from=NOON, valid_to=NOON), "before it ends"),
    (default(schedules=()), "1 to 3 schedules"),
    (of_transaction(schedules=(schedule(),) * 4), "1 to 3 schedules"),
    (default(schedules=(schedule(), schedule())), "a choice of schedules"),
    (default(schedules=(replace(schedule(), periods=()),)), "at least one period"),
    (default(schedules=(replace(schedule(), periods=(SchedulePeriod(1, Decimal(1)),)),)), "K01.FR.31"),
    (default(schedules=(replace(schedule(), periods=(SchedulePeriod(0, Decimal(1)),) * 2),)), "K01.FR.35"),
    (default(schedules=(schedule("16", "8", duration_s=60),)), "lasts longer"),
    (default(schedules=(schedule("1", "2", "3"),)), "at most 2 periods, not 3"),
    (default(schedules=(schedule(unit=RateUnit.WATTS),)), "limits in A, not in W"),
    (default(schedules=(schedule("-1"),)), "0 or more"),
    (default(schedules=(schedule("NaN"),)), "0 or more"),
    (default(schedules=(schedule("8.15"),)), "one decimal"),
    (period(phases=4), "1, 2 or 3 phases"),
    (period(phases=3, phase_to_use=1), "K01.FR.19"),
    (period(phases=1, phase_to_use=4), "the phase to use is 1, 2 or 3"),
    (default(stack_level=4), "from 0 to 3, not 4"),
    (default(stack_level=-1), "not -1"),
]


@pytest.mark.parametrize(("profile", "complaint"), BAD, ids=[complaint for _, complaint in BAD])
def test_a_bad_one_is_told_why(profile: ChargingProfile, complaint: str) -> None:
    assert any(complaint in text for text in violations(profile, STRICT))


def test_what_a_station_has_not_said_does_not_bar_anything() -> None:
    generous = default(stack_level=99, schedules=(schedule(*["8"] * 50, unit=RateUnit.WATTS),))
    assert violations(generous, ANY) == []
    assert violations(of_transaction(transaction_id=None), ANY) == []


def test_a_phase_is_only_chosen_where_the_station_says_that_it_can() -> None:
    for said in (None, False):
        [complaint] = violations(period(phases=1, phase_to_use=2), replace(STRICT, phase_switching=said))
        assert "K01.FR.20" in complaint


def test_a_full_station_takes_only_what_replaces() -> None:
    held = [default(id=1), default(id=2, stack_level=1)]
    assert violations(default(id=2, stack_level=1), STRICT, held) == []
    assert "at most 2 profiles" in violations(default(id=3, stack_level=2), STRICT, held)[0]


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (default(), default(id=2), True),
        (default(), default(id=1), False),
        (default(), default(id=2, stack_level=1), False),
        (default(), default(id=2, evse_id=2), False),
        (default(), default(id=2, evse_id=0), True),
        (station_max(), station_max(id=2), True),
        (station_max(), default(id=2, evse_id=0), False),
        (of_transaction(), of_transaction(id=2), True),
        (of_transaction(), of_transaction(id=2, transaction_id="T2"), False),
        (default(valid_to=NOON), default(id=2, valid_from=NOON), False),
        (default(valid_to=NOON), default(id=2, valid_from=NOON - timedelta(seconds=1)), True),
        (default(valid_from=NOON), default(id=2), True),
    ],
)
def test_two_stand_beside_each_other_or_not(
    one: ChargingProfile, other: ChargingProfile, collide: bool
) -> None:
    assert collides(one, other, one_default_a_level=True) is collide
    assert collides(other, one, one_default_a_level=True) is collide
    assert bool(violations(one, replace(STRICT, profiles=None), [other])) is collide


def test_in_1_6_a_connector_may_have_its_own_default_beside_the_stations() -> None:
    assert not collides(default(), default(id=2, evse_id=0))


@given(st.decimals(0, 100_000, allow_nan=False, allow_infinity=False, places=3))
def test_rounding_never_allows_more(limit: Decimal) -> None:
    sent = rounded(default(schedules=(schedule(str(limit), min_rate=limit),)))
    [kept] = sent.schedules[0].periods
    assert 0 <= limit - kept.limit < Decimal("0.1")
    assert sent.schedules[0].min_rate == kept.limit
    assert violations(sent, STRICT) == []
