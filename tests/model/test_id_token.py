"""Whether an id token may charge (OCPP 1.6 §4.1, §7.27)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.model.id_token import Authorization, AuthorizationStatus, IdToken, decide, fold

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = IdToken("1", "t", "Tag1", "ISO14443", None, None, False, None, NOW, NOW)


@pytest.mark.parametrize("spelling", ["TAG1", "tag1", "Tag1", " tag1 "])
def test_ids_are_compared_without_regard_to_case(spelling: str) -> None:
    assert fold(spelling) == fold(TOKEN.uid)


def test_different_ids_stay_different() -> None:
    assert len({fold(uid) for uid in ("04AA", "04AB", "4AA", "04 AA", "")}) == 5


@pytest.mark.parametrize(
    ("token", "active", "status"),
    [
        (None, 0, AuthorizationStatus.INVALID),
        (TOKEN, 0, AuthorizationStatus.ACCEPTED),
        (TOKEN, 99, AuthorizationStatus.ACCEPTED),
        (replace(TOKEN, blocked=True), 0, AuthorizationStatus.BLOCKED),
        (replace(TOKEN, expires_at=NOW), 0, AuthorizationStatus.EXPIRED),
        (replace(TOKEN, expires_at=NOW + timedelta(seconds=1)), 0, AuthorizationStatus.ACCEPTED),
        (replace(TOKEN, blocked=True, expires_at=NOW), 0, AuthorizationStatus.BLOCKED),
        (replace(TOKEN, max_active=1), 0, AuthorizationStatus.ACCEPTED),
        (replace(TOKEN, max_active=1), 1, AuthorizationStatus.CONCURRENT_TX),
        (replace(TOKEN, max_active=1, expires_at=NOW), 1, AuthorizationStatus.EXPIRED),
    ],
)
def test_verdict(token: IdToken | None, active: int, status: AuthorizationStatus) -> None:
    verdict = decide(token, NOW, active)
    assert verdict.status is status
    assert verdict.accepted is (status is AuthorizationStatus.ACCEPTED)


def test_group_and_expiry_are_told_whatever_the_verdict() -> None:
    token = replace(TOKEN, group_id="FLEET", expires_at=NOW, blocked=True)
    assert decide(token, NOW) == Authorization(AuthorizationStatus.BLOCKED, NOW, "FLEET")


@pytest.mark.parametrize(
    ("places", "evse_id", "status", "told"),
    [
        ((), 0, AuthorizationStatus.NOT_AT_THIS_LOCATION, ()),
        ((), 1, AuthorizationStatus.NOT_AT_THIS_LOCATION, ()),
        ((0,), 1, AuthorizationStatus.ACCEPTED, ()),
        ((0, 2), 1, AuthorizationStatus.ACCEPTED, ()),
        ((3, 2), 0, AuthorizationStatus.ACCEPTED, (2, 3)),
        ((3, 2), 2, AuthorizationStatus.ACCEPTED, (2, 3)),
        ((3, 2), 1, AuthorizationStatus.NOT_AT_THIS_LOCATION, ()),
    ],
)
def test_a_bound_token_is_valid_at_its_places(
    places: tuple[int, ...], evse_id: int, status: AuthorizationStatus, told: tuple[int, ...]
) -> None:
    bound = decide(replace(TOKEN, bound=True), NOW, places=frozenset(places), evse_id=evse_id)
    assert bound == Authorization(status, evse_ids=told)
    blocked = decide(replace(TOKEN, bound=True, blocked=True), NOW, places=frozenset(places), evse_id=evse_id)
    assert blocked == Authorization(AuthorizationStatus.BLOCKED)
    free = decide(TOKEN, NOW, places=frozenset(places), evse_id=evse_id)
    assert free == Authorization(AuthorizationStatus.ACCEPTED)
