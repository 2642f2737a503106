"""The appliance of tests/wire with a certificate authority of its own, and stations that hold keys."""

from dataclasses import replace

import pytest

from csms.services.pki_policy import PkiPolicy
from tests.wire.appliance import Appliance
from tests.wire.conftest import clock, csms, limits, logs, tmp_path

__all__ = ["clock", "csms", "limits", "logs", "tmp_path"]

SECRET = b"a secret for tests alone, of no use elsewhere"


def give_secret(appliance: Appliance) -> Appliance:
    """Let an appliance open its private keys."""
    policy = replace(appliance.unit.policy, pki=PkiPolicy(secret=lambda: SECRET))
    appliance.unit.policy = policy
    return appliance


@pytest.fixture
async def pki(csms: Appliance) -> Appliance:
    """The appliance with an authority of the operator Depot."""
    give_secret(csms)
    await csms.verb("pki.init", hosts=["localhost"], organization="Depot")
    return csms
