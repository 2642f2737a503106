"""What is kept for those who sign in goes when its time is over."""

from csms.services import pruning
from tests.wire.appliance import Appliance, Rest, SetClock


async def test_kept_answers_and_sign_ins_go_in_time(csms: Appliance, rest: Rest, clock: SetClock) -> None:
    await csms.verb("user.add", email="ops@example.com", role="VIEWER", password="correct horse battery")
    form = {"grant_type": "password", "username": "ops@example.com", "password": "correct horse battery"}
    assert (await rest.client.post("/oauth2/token", data=form)).status_code == 200
    await rest.ask("POST", "/tokens", {"uid": "X"}, headers={"Idempotency-Key": "1"})
    assert await csms.unit.run(pruning.prune_access) == 0
    clock.forward(hours=25)
    assert await csms.unit.run(pruning.prune_access) == 1
    clock.forward(days=40)
    assert await csms.unit.run(pruning.prune_access) == 2
    assert await csms.rows("SELECT 1 AS n FROM refresh_tokens") == []
