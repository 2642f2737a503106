"""What EVSEs are called, and their state as partners see it."""

import pytest

from csms.model import evse
from csms.model.location_words import EvseStatus
from csms.model.station import Connector, ConnectorStatus

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("station_id", "number", "placing", "expected"),
    [
        ("CP1", 1, 1, "CP1-1"),
        ("CP1", 2, 3, "CP1-2~3"),
        ("x" * 34, 1, 1, "x" * 34 + "-1"),
        ("x" * 35, 1, 1, KEY + "-1"),
        ("säule", 1, 1, KEY + "-1"),
        ("a/b", 12, 100, "0123456789abcdef0123456789abc-12~100"),
    ],
)
def test_a_uid_fits_into_36_characters_of_a_path(
    station_id: str, number: int, placing: int, expected: str
) -> None:
    assert evse.uid(station_id, KEY, number, placing) == expected
    assert len(expected) <= evse.LONGEST_UID


@pytest.mark.parametrize(
    ("station_id", "expected"),
    [("cp-1_b", "DE*ABC*ECP*1*B*2"), ("--", None), ("x" * 48, None), ("Ä1", "DE*ABC*E1*2")],
)
def test_an_evse_id_is_made_of_what_is_known(station_id: str, expected: str | None) -> None:
    assert evse.emi3_id("de", "abc", station_id, 2) == expected


@pytest.mark.parametrize(
    ("states", "whole", "expected"),
    [
        (["AVAILABLE"], None, EvseStatus.AVAILABLE),
        (["AVAILABLE", "CHARGING"], None, EvseStatus.CHARGING),
        (["FAULTED", "AVAILABLE"], None, EvseStatus.AVAILABLE),
        (["FAULTED", "UNAVAILABLE"], None, EvseStatus.INOPERATIVE),
        (["PREPARING"], "UNAVAILABLE", EvseStatus.CHARGING),
        (["AVAILABLE"], "UNAVAILABLE", EvseStatus.INOPERATIVE),
        (["AVAILABLE"], "FAULTED", EvseStatus.OUTOFORDER),
        (["RESERVED"], "AVAILABLE", EvseStatus.RESERVED),
        (["UNKNOWN"], "AVAILABLE", EvseStatus.UNKNOWN),
        ([], None, EvseStatus.UNKNOWN),
    ],
)
def test_the_state_of_an_evse(states: list[str], whole: str | None, expected: EvseStatus) -> None:
    connectors = [Connector(KEY, 1, n, ConnectorStatus(state)) for n, state in enumerate(states, 1)]
    assert evse.status(connectors, ConnectorStatus(whole) if whole else None) is expected
