"""What a reconnect costs at the gate: passwords and certificates of a whole fleet at once, in CPU time."""

import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from csms.services import admission
from csms.services.admission import Claim, Welcome
from csms.services.unit import Tx
from tests.security.charger import connected, leaf_of, request
from tests.wire.appliance import Appliance
from tests.wire.furniture import ARITHMETIC

PASSWORD = "the-Password-of-CP9-a"
ROUNDS = 400
MOST_MS = 2.0
"""Far above what it takes (0.1 to 0.2 ms), far below what a slow password hash or a search for a chain would."""


async def cost_ms(csms: Appliance, claim: Claim) -> float:
    def work(tx: Tx) -> float:
        began = time.thread_time()
        for _ in range(ROUNDS):
            assert isinstance(admission.admit(tx, claim), Welcome)
        return (time.thread_time() - began) / ROUNDS * 1000

    return await csms.unit.read(work)


@ARITHMETIC
async def test_ten_thousand_passwords_take_seconds(csms: Appliance) -> None:
    await csms.verb("station.add", station_id="CP9", security_profile=2, password=PASSWORD)
    claim = Claim("CP9", None, f"CP9:{PASSWORD}".encode(), True, {})
    assert await cost_ms(csms, claim) < MOST_MS


@ARITHMETIC
async def test_a_certificate_costs_no_more_than_a_password(pki: Appliance) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    station = await connected(pki)
    await station.sign(request(key))
    chain = (await station.signed())["certificateChain"]
    await pki.verb("station.update", station="CP1", security_profile=3)
    der = leaf_of(chain).public_bytes(Encoding.DER)
    assert await cost_ms(pki, Claim("CP1", None, None, True, {}, (der,))) < MOST_MS
