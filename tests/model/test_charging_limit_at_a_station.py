"""What we think profiles allow is what a station makes of them: two independent hands at the same sum."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from csms.model.charging_limit import Circuit, allowed
from csms.model.charging_profile import (
    ChargingProfile,
    ChargingSchedule,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    Recurrency,
    SchedulePeriod,
)
from csms.model.station_command import Abilities, SetChargingProfile
from csms.ocpp.v201.charging import set_profile
from csms.simulator.v201.profiles import Profiles

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = (NOON, NOON + timedelta(hours=24))
MOMENTS = st.integers(-60, 60).map(lambda quarters: NOON + timedelta(minutes=15 * quarters))


@st.composite
def schedules(draw: st.DrawFn, relative: bool) -> ChargingSchedule:
    starts = sorted(draw(st.sets(st.integers(1, 48), max_size=3)) | {0})
    periods = tuple(
        SchedulePeriod(
            900 * start, Decimal(draw(st.integers(0, 630))) / 10, draw(st.sampled_from((None, 1, 3)))
        )
        for start in starts
    )
    unit = draw(st.sampled_from(RateUnit))
    duration = draw(st.one_of(st.none(), st.integers(starts[-1] + 1, 96).map(lambda n: 900 * n)))
    return ChargingSchedule(unit, periods, None if relative else draw(MOMENTS), duration)


@st.composite
def profiles(draw: st.DrawFn) -> list[ChargingProfile]:
    made: list[ChargingProfile] = []
    places = draw(st.sets(st.tuples(st.sampled_from((0, 1)), st.booleans(), st.integers(0, 2)), max_size=5))
    for number, (evse_id, of_station, level) in enumerate(sorted(places), 1):
        kinds = [ProfileKind.ABSOLUTE, ProfileKind.RECURRING] + [ProfileKind.RELATIVE] * (not of_station)
        kind = draw(st.sampled_from(kinds))
        valid = sorted(draw(st.lists(MOMENTS, min_size=2, max_size=2, unique=True)))
        made.append(
            ChargingProfile(
                id=number,
                evse_id=0 if of_station else evse_id,
                purpose=ProfilePurpose.STATION_MAX if of_station else ProfilePurpose.TX_DEFAULT,
                stack_level=level,
                kind=kind,
                schedules=(draw(schedules(kind is ProfileKind.RELATIVE)),),
                recurrency=draw(st.sampled_from(Recurrency)) if kind is ProfileKind.RECURRING else None,
                valid_from=draw(st.sampled_from((None, valid[0]))),
                valid_to=draw(st.sampled_from((None, valid[1]))),
            )
        )
    return [p for n, p in enumerate(made) if not any(_same_place(p, other) for other in made[:n])]


def _same_place(one: ChargingProfile, other: ChargingProfile) -> bool:
    return (one.evse_id, one.purpose, one.stack_level) == (other.evse_id, other.purpose, other.stack_level)


@given(profiles(), st.integers(0, 30))
def test_we_reckon_as_stations_do(held: list[ChargingProfile], began_before: int) -> None:
    began = NOON - timedelta(minutes=15 * began_before)
    station = Profiles()
    for profile in held:
        _, request = set_profile(SetChargingProfile(profile), Abilities())
        station.take(request["evseId"], request["chargingProfile"])
    steps = allowed(held, 1, SPAN, RateUnit.WATTS, Circuit(), began)
    for quarter in range(96):
        moment = NOON + timedelta(minutes=15 * quarter)
        ours = next(step.limit for step in reversed(steps) if step.at <= moment)
        theirs = station.limit_w(1, moment, began)
        if theirs is None:
            assert ours is None
        else:
            assert ours is not None
            assert abs(float(ours) - theirs) < 0.01
