"""Which desired settings count for a station, and what they are called in its version of OCPP."""

from datetime import UTC, datetime

import pytest

from csms.model import variable, well_known_setting
from csms.model.desired_setting import DesiredSetting, Scope, resolve
from csms.model.station import ChargingStation, Registration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def station(**more: str) -> ChargingStation:
    known = {"vendor": "ABL", "model": "eM4"} | more
    return ChargingStation("k", "t", "CP1", Registration.ACCEPTED, 0, NOON, NOON, **known)  # type: ignore[arg-type]


def wanted(name: str, value: str, scope: Scope = Scope.TENANT, subject: str = "") -> DesiredSetting:
    return DesiredSetting("t", scope, subject, name, value, NOON, "me")


def values(*desired: DesiredSetting, version: str = "1.6", **more: str) -> dict[str, str]:
    return {name: setting.value for name, setting in resolve(desired, station(**more), version).items()}


def test_the_nearest_wins_whatever_the_order() -> None:
    desired = (
        wanted("HeartbeatInterval", "3", Scope.STATION, "CP1"),
        wanted("HeartbeatInterval", "1"),
        wanted("heartbeatinterval", "2", Scope.MODEL, "em4"),
    )
    assert values(*desired) == {"HeartbeatInterval": "3"}
    assert values(*desired[1:]) == {"heartbeatinterval": "2"}
    assert values(desired[1]) == {"HeartbeatInterval": "1"}


def test_a_model_is_named_alone_or_with_its_vendor() -> None:
    for subject in ("eM4", "abl em4"):
        assert values(wanted("K", "1", Scope.MODEL, subject)) == {"K": "1"}
    assert values(wanted("K", "1", Scope.MODEL, "eM4"), model="other") == {}


def test_one_name_counts_in_both_versions() -> None:
    key, name = "HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval"
    assert values(wanted(key, "5"), version="2.0.1") == {name: "5"}
    assert values(wanted(name, "5"), version="1.6") == {key: "5"}
    both = (wanted(key, "5"), wanted(name, "6", Scope.STATION, "CP1"))
    assert values(*both, version="1.6") == {key: "6"}
    assert values(*both, version="2.0.1") == {name: "6"}


def test_what_a_version_does_not_have_is_left_out_unless_the_station_itself_is_named() -> None:
    assert values(wanted("VendorKey", "1"), version="2.0.1") == {}
    assert values(wanted("Vendor.Thing", "1"), version="1.6") == {}
    assert values(wanted("Vendor.Thing", "1", Scope.STATION, "CP1"), version="1.6") == {"Vendor.Thing": "1"}
    assert values(wanted("VendorKey", "1", Scope.STATION, "CP1"), version="2.0.1") == {}


def test_other_tenants_and_stations_are_not_concerned() -> None:
    foreign = DesiredSetting("other", Scope.TENANT, "", "K", "1", NOON, "me")
    assert values(foreign, wanted("K", "1", Scope.STATION, "CP2")) == {}


@pytest.mark.parametrize(("key", "name"), well_known_setting.WELL_KNOWN.items())
def test_every_well_known_setting_is_found_by_either_name(key: str, name: str) -> None:
    assert variable.parse(name) is not None
    assert not well_known_setting.is_variable(key)
    assert well_known_setting.variable_of(key.upper()) == name
    assert well_known_setting.key_of(name.upper()) == key


def test_what_nobody_sets_is_well_known() -> None:
    for name in ("SendLocalListMaxLength", "localauthlistctrlr.itemspermessage"):
        assert well_known_setting.is_read_only(name)
    for name in ("HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval", "VendorKey"):
        assert not well_known_setting.is_read_only(name)
