"""What charging profiles allow at a moment (OCPP 1.6 §3.13)."""

from datetime import datetime, timedelta

import pytest

from csms.simulator.clock import from_wire, to_wire
from csms.simulator.v16.profiles import Profiles, parse
from tests.simulator.fake_csms import NOON


def raw(
    number: int, purpose: str, *periods: tuple[int, float], unit: str = "W", level: int = 0, **more
) -> dict:
    schedule = {
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    schedule.update({name: more.pop(name) for name in ("duration", "startSchedule") if name in more})
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
        **more,
    }


def installed(*pairs: tuple[int, dict]) -> Profiles:
    profiles = Profiles()
    for connector_id, one in pairs:
        profiles.install(parse(connector_id, one))
    return profiles


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_without_profiles_there_is_no_limit():
    assert Profiles().limit_w(1, NOON, NOON) is None


def test_periods_follow_the_start_of_the_transaction():
    profiles = installed((1, raw(1, "TxDefaultProfile", (0, 7000.0), (60, 3000.0), duration=120)))
    assert [profiles.limit_w(1, at(s), NOON) for s in (0, 59, 60, 119, 120)] == [7000, 7000, 3000, 3000, None]


def test_amperes_count_for_all_phases_given():
    profiles = installed((1, raw(1, "TxDefaultProfile", (0, 10.0), unit="A")))
    assert profiles.limit_w(1, NOON, NOON) == 6900
    single = raw(1, "TxDefaultProfile", (0, 10.0), unit="A")
    single["chargingSchedule"]["chargingSchedulePeriod"][0]["numberPhases"] = 1
    assert installed((1, single)).limit_w(1, NOON, NOON) == 2300


def test_the_transactions_own_profile_goes_before_the_default_and_the_maximum_caps_both():
    profiles = installed(
        (0, raw(1, "TxDefaultProfile", (0, 5000.0))),
        (1, raw(2, "TxProfile", (0, 9000.0))),
    )
    assert profiles.limit_w(1, NOON, NOON) == 9000
    assert profiles.limit_w(2, NOON, NOON) == 5000
    profiles.install(parse(0, raw(3, "ChargePointMaxProfile", (0, 8000.0))))
    assert profiles.limit_w(1, NOON, NOON) == 8000
    assert profiles.limit_w(1, NOON, NOON, sharers=2) == 4000
    profiles.forget_transaction(1)
    assert profiles.limit_w(1, NOON, NOON) == 5000


def test_the_higher_stack_level_wins_where_it_is_valid():
    profiles = installed(
        (1, raw(1, "TxDefaultProfile", (0, 5000.0))),
        (
            1,
            raw(
                2,
                "TxDefaultProfile",
                (0, 2000.0),
                level=3,
                validFrom=to_wire(at(100)),
                validTo=to_wire(at(200)),
            ),
        ),
    )
    assert [profiles.limit_w(1, at(s), NOON) for s in (99, 100, 199, 200)] == [5000, 2000, 2000, 5000]


@pytest.mark.parametrize(("kind", "days"), [("Daily", 1), ("Weekly", 7)])
def test_recurring_profiles_come_again(kind: str, days: int):
    recurring = raw(
        1,
        "TxDefaultProfile",
        (0, 1000.0),
        chargingProfileKind="Recurring",
        recurrencyKind=kind,
        startSchedule=to_wire(NOON),
        duration=3600,
    )
    profiles = installed((1, recurring))
    again = NOON + timedelta(days=3 * days)
    assert profiles.limit_w(1, again + timedelta(minutes=30), again) == 1000
    assert profiles.limit_w(1, again + timedelta(minutes=90), again) is None


def test_a_profile_replaces_its_like():
    profiles = installed((1, raw(1, "TxDefaultProfile", (0, 1.0))), (1, raw(2, "TxDefaultProfile", (0, 2.0))))
    assert len(profiles) == 1
    profiles.install(parse(2, raw(2, "TxDefaultProfile", (0, 3.0), level=5)))
    assert len(profiles) == 1


def test_clearing_by_id_and_by_criteria():
    profiles = installed(
        (1, raw(1, "TxDefaultProfile", (0, 1.0))),
        (2, raw(2, "TxDefaultProfile", (0, 1.0))),
        (0, raw(3, "ChargePointMaxProfile", (0, 1.0), level=2)),
    )
    assert profiles.clear_described({"id": 9}) == 0
    assert profiles.clear_described({"chargingProfilePurpose": "TxDefaultProfile", "connectorId": 2}) == 1
    assert profiles.clear_described({"stackLevel": 2}) == 1
    assert profiles.clear_described({}) == 1


def test_the_composite_schedule_joins_equal_limits():
    profiles = installed(
        (
            1,
            raw(1, "TxDefaultProfile", (0, 5000.0), (100, 5000.0), (200, 90_000.0), (300, 0.0), duration=400),
        ),
    )
    assert profiles.schedule({1: NOON}, NOON, 500, 22_000.0) == [
        (0, 5000),
        (200, 22_000),
        (300, 0),
        (400, 22_000),
    ]


def test_the_schedule_of_the_station_is_the_sum_within_its_own_maximum():
    profiles = installed((1, raw(1, "TxDefaultProfile", (0, 5000.0), (60, 1000.0))))
    both = {1: None, 2: None}
    assert profiles.schedule(both, NOON, 120, 11_000.0) == [(0, 16_000), (60, 12_000)]
    profiles.install(parse(0, raw(2, "ChargePointMaxProfile", (0, 13_000.0))))
    assert profiles.schedule(both, NOON, 120, 11_000.0) == [(0, 13_000), (60, 12_000)]


def test_times_without_a_zone_are_utc():
    assert from_wire("2026-03-02T12:00:00") == NOON
    assert from_wire("2026-03-02T13:00:00+01:00") == NOON
