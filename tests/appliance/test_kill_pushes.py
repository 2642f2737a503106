"""kill -9 while a partner has not answered yet: the next process tells it, and tells it once."""

import httpx
import trio

from tests.appliance.machine import Machine
from tests.ocpi.partner import Answer, Asked, Partner, enveloped
from tests.ocpi.site import data, in_base64
from tests.wire.furniture import TARIFF

WITHIN_S = 30.0


class Watched:
    """What a partner says to pushes of one tariff, and how many came; without `speaks` it is silent."""

    def __init__(self, partner: Partner, tariff: str) -> None:
        self.speaks = True
        self.count = 0
        self.came = trio.Event()
        partner.answers[f"PUT /2.2.1/tariffs/DE/CSM/{tariff}"] = self._answer

    def _answer(self, _asked: Asked) -> Answer | None:
        self.count += 1
        self.came.set()
        return enveloped() if self.speaks else None

    async def next(self) -> None:
        """Wait until it came, and wait for the next from then on."""
        with trio.fail_after(WITHIN_S):
            await self.came.wait()
        self.came = trio.Event()


async def test_a_push_arrives_after_the_kill(machine: Machine, nursery: trio.Nursery) -> None:
    machine.settings["CSMS_OCPI_ALLOW_PRIVATE_ADDRESSES"] = "true"
    partner = Partner()
    await nursery.start(partner.run)
    running = await trio.to_thread.run_sync(machine.serve)

    async def verb(name: str, **args: object) -> object:
        return await trio.to_thread.run_sync(lambda: running.verb(name, **args))

    invited = await verb("party.invite")
    assert isinstance(invited, dict)
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"http://{running.listeners['ocpi'][0]}/ocpi/2.2.1/credentials",
            json=partner.credentials(),
            headers={"Authorization": f"Token {in_base64(invited['token'])}"},
        )
    data(answer)
    first, second, third = (Watched(partner, tariff) for tariff in ("first", "second", "third"))
    second.speaks = False
    await verb("tariff.add", document=TARIFF | {"id": "first"})
    await first.next()
    await verb("tariff.add", document=TARIFF | {"id": "second"})
    await second.next()
    running.kill()
    second.speaks = True
    running = await trio.to_thread.run_sync(machine.serve)
    await second.next()
    await verb("tariff.add", document=TARIFF | {"id": "third"})
    await third.next()
    running.kill()
    assert [tariff.count for tariff in (first, second, third)] == [1, 2, 1]
    nursery.cancel_scope.cancel()
