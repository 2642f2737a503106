"""Times of day at a location: daylight saving in both directions, windows over midnight, days and dates."""

from datetime import timedelta
from decimal import Decimal

import pytest

from csms.errors import InvalidInput
from csms.model.local_time import clock_changes, zone_named
from csms.model.pricing import price
from csms.model.tariff import Tariff
from tests.model.samples import at, charge, element, part, tariff

BERLIN = "Europe/Berlin"
SPRING = "2026-03-29"  # 02:00 local becomes 03:00 at 01:00 UTC
AUTUMN = "2026-10-25"  # 03:00 local becomes 02:00 at 01:00 UTC


def an_hour_each(**restrictions: object) -> Tariff:
    """A tariff by which one hour of charging costs 1 where the restrictions match."""
    return tariff(element(part("TIME", "1"), **restrictions))


def hours(curve_start: str, minutes: int, zone: str, **restrictions: object) -> Decimal:
    """Return how many hours of a charge match the restrictions."""
    return price(an_hour_each(**restrictions), zone, charge(curve_start, minutes)).total_cost.excl_vat


def test_window_is_local_time() -> None:
    assert hours("2026-01-10T12:00", 180, BERLIN, start_time="14:00", end_time="15:00") == 1
    assert hours("2026-01-10T12:00", 60, BERLIN, start_time="12:00", end_time="13:00") == 0
    assert hours("2026-07-10T12:00", 60, BERLIN, start_time="14:00", end_time="15:00") == 1


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        (SPRING, "02:00", "03:00", 0),
        (SPRING, "01:30", "02:30", Decimal("0.5")),
        (SPRING, "02:30", "04:00", 1),
        (SPRING, "00:00", "06:00", 5),
        (SPRING, "22:00", "06:00", 7),
        (AUTUMN, "02:00", "03:00", 2),
        (AUTUMN, "01:30", "02:30", Decimal("1.5")),
        (AUTUMN, "02:15", "02:45", 1),
        (AUTUMN, "00:00", "06:00", 7),
        (AUTUMN, "22:00", "06:00", 9),
    ],
)
def test_windows_when_the_clock_is_changed(day: str, start: str, end: str, expected: Decimal) -> None:
    """The charge lasts from local midnight to the next: 23 hours in spring, 25 in autumn."""
    offset = "+01:00" if day == SPRING else "+02:00"
    minutes = (23 if day == SPRING else 25) * 60
    assert hours(f"{day}T00:00{offset}", minutes, BERLIN, start_time=start, end_time=end) == expected


def test_window_opens_where_its_own_time_is_skipped() -> None:
    """02:30 is never shown in spring: the window opens when the clock jumps from 02:00 to 03:00."""
    priced = price(
        an_hour_each(start_time="02:30", end_time="04:00"), BERLIN, charge(f"{SPRING}T00:30", 90, (90, 9_000))
    )
    assert [period.started_at for period in priced.periods] == [at(f"{SPRING}T00:30"), at(f"{SPRING}T01:00")]


def test_half_an_hour_of_daylight_saving() -> None:
    """Lord Howe puts the clock back by 30 minutes at 02:00 local on 2026-04-05, 15:00 UTC the day before."""
    assert hours("2026-04-04T14:00", 120, "Australia/Lord_Howe", start_time="01:30", end_time="02:00") == 1


def test_midnight_that_does_not_exist() -> None:
    """São Paulo jumped from 00:00 to 01:00 on 2018-11-04 (03:00 UTC): the new date begins there."""
    expected = {"start_date": 2, "end_date": 1}
    for name, matching in expected.items():
        assert hours("2018-11-04T02:00", 180, "America/Sao_Paulo", **{name: "2018-11-04"}) == matching


def test_changes_are_found_to_the_second_from_any_start() -> None:
    begin = at(f"{AUTUMN}T00:17:23.456789")
    changes = sorted(set(clock_changes(begin, begin + timedelta(hours=3), zone_named(BERLIN), [150])))
    assert changes == [at(f"{AUTUMN}T00:30"), at(f"{AUTUMN}T01:00"), at(f"{AUTUMN}T01:30")]


def test_window_over_midnight() -> None:
    night = {"start_time": "22:00", "end_time": "06:00"}
    assert hours("2026-01-10T20:00", 12 * 60, "UTC", **night) == 8
    assert hours("2026-01-10T05:00", 120, "UTC", **night) == 1


def test_end_of_day_and_open_ends() -> None:
    for end in ("00:00", "24:00"):
        assert hours("2026-01-10T22:00", 240, "UTC", start_time="23:00", end_time=end) == 1
    assert hours("2026-01-10T22:00", 240, "UTC", start_time="23:00") == 1
    assert hours("2026-01-10T22:00", 240, "UTC", end_time="01:00") == 1
    assert hours("2026-01-10T22:00", 240, "UTC", start_time="00:00", end_time="00:00") == 4


def test_days_of_week_are_local() -> None:
    """2026-01-12 is a Monday; in Auckland it begins at 11:00 UTC on Sunday."""
    assert hours("2026-01-11T10:00", 120, "Pacific/Auckland", day_of_week=["MONDAY"]) == 1
    assert hours("2026-01-11T10:00", 120, "Pacific/Auckland", day_of_week=["SUNDAY"]) == 1
    assert hours("2026-01-11T10:00", 120, "Pacific/Auckland", day_of_week=["TUESDAY", "SATURDAY"]) == 0


def test_day_of_week_in_a_wrapping_window_is_the_current_day() -> None:
    """Fridays 22:00–06:00: the first six and the last two hours of Friday, nothing of Saturday."""
    friday = {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}
    assert hours("2026-01-09T00:00", 48 * 60, "UTC", **friday) == 8


def test_dates_are_local_first_inclusive_last_exclusive() -> None:
    dates = {"start_date": "2026-01-10", "end_date": "2026-01-12"}
    assert hours("2026-01-09T00:00", 5 * 24 * 60, BERLIN, **dates) == 48
    assert hours("2026-01-09T22:30", 60, BERLIN, **dates) == Decimal("0.5")


def test_a_charge_over_many_days() -> None:
    assert hours("2026-01-01T00:00", 100 * 24 * 60, BERLIN, start_time="08:00", end_time="10:00") == 200


def test_unknown_zone_matters_only_to_tariffs_that_read_clocks() -> None:
    curve = charge("2026-01-10T12:00", 60)
    assert price(an_hour_each(), "Mars/Olympus", curve).total_cost.excl_vat == 1
    never_read = tariff(element(part("TIME", "1")), element(part("TIME", "2"), start_time="14:00"))
    assert price(never_read, "Mars/Olympus", curve).total_cost.excl_vat == 1
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(InvalidInput, match="time zone"):
            price(an_hour_each(start_time="14:00"), name, curve)
