"""Names of variables as people write them, and when two values mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.model import variable
from csms.model.variable import ATTRIBUTES, VariableName, same_value

WORDS = st.text(st.characters(codec="ascii", categories=("L", "Nd")), min_size=1, max_size=20)
PLACES = st.integers(0, 99_999)


@given(
    st.builds(
        VariableName,
        component=WORDS,
        variable=WORDS,
        component_instance=st.one_of(st.just(""), WORDS),
        variable_instance=st.one_of(st.just(""), WORDS),
        evse_id=st.integers(1, 99_999),
        connector_id=PLACES,
        attribute=st.sampled_from(ATTRIBUTES),
    )
)
def test_what_is_written_reads_as_it_was_meant(name: VariableName) -> None:
    assert variable.parse(str(name)) == name


@pytest.mark.parametrize(
    "text", ["HeartbeatInterval", "A.", ".B", "A.B:Wrong", "A[.B", "A@x.B", "", "A@1/2/3.B"]
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert variable.parse(text) is None


def test_attributes_are_read_whatever_their_case() -> None:
    found = variable.parse(" EVSE@1.Power:maxset ")
    assert found == VariableName("EVSE", "Power", evse_id=1, attribute="MaxSet")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("true", "True", True),
        ("300", "300.0", True),
        ("a,b", "A, B", True),
        ("", "", True),
        ("300", "301", False),
        ("a,b", "b,a", False),
        ("a,b", "a", False),
        ("1e400", "x", False),
        ("NaN", "1", False),
    ],
)
def test_values_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same
