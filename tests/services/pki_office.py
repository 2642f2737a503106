"""An operator with certificate authorities: a unit on a fresh store, two tenants, stations CP1 to CP3 with TLS."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509

from csms.bus import Bus
from csms.model.station import StationRef
from csms.services import pki_setup, rollover, server_certificates, stations, tenants
from csms.services.access import LOCAL_OPERATOR
from csms.services.pki_policy import PkiPolicy
from csms.services.unit import Policy, Tx, Unit
from csms.store.connection import Store
from tests.wire.appliance import SeededEntropy, SetClock

SECRET = b"test-secret-" * 4
HOSTS = ["csms.example", "192.0.2.1"]
OPERATOR = LOCAL_OPERATOR


@dataclass
class Office:
    """What an operator does, without an appliance."""

    unit: Unit
    clock: SetClock
    stations: dict[str, StationRef] = field(default_factory=dict)

    async def do(self, rule: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a rule in a unit."""
        return await self.unit.run(lambda tx: rule(tx, *args, **kwargs))

    async def see(self, rule: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a rule on a snapshot."""
        return await self.unit.read(lambda tx: rule(tx, *args, **kwargs))

    async def init(self, **more: Any) -> dict[str, Any]:
        """Make the infrastructure."""
        return await pki_setup.init(self.unit, OPERATOR, hosts=HOSTS, **more)

    async def status(self) -> dict[str, Any]:
        """Return what `csms pki status` shows."""
        found: dict[str, Any] = await self.see(pki_setup.status, OPERATOR)
        return found

    async def shown(self) -> list[x509.Certificate]:
        """Return the server certificates that listeners show."""
        identities = await self.see(server_certificates.identities)
        return [x509.load_pem_x509_certificate(identity.chain) for identity in identities]

    async def roll(self, **more: Any) -> dict[str, Any]:
        """Go one step of the rollover."""
        return await rollover.step(self.unit, OPERATOR, **more)

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """Return what the database holds."""
        return await self.unit.store.read(lambda db: db.all(sql, params))


def furnish(tx: Tx) -> dict[str, StationRef]:
    """Register two tenants and three stations with TLS of the first."""
    tenants.add(tx, OPERATOR, name="default")
    tenants.add(tx, OPERATOR, name="other", party_id="OTH")
    made = [
        stations.add(tx, OPERATOR, station_id=f"CP{number}", tenant="default", security_profile=3)
        for number in (1, 2, 3)
    ]
    return {one.station.station_id: one.station.ref for one in made}


async def open_office(store: Store, clock: SetClock, **policy: Any) -> Office:
    """Open an office on a fresh store."""
    pki = PkiPolicy(secret=lambda: SECRET, **policy)
    unit = Unit(store, Bus(), clock, SeededEntropy(), Policy(pki=pki))
    office = Office(unit, clock)
    office.stations = await unit.run(furnish)
    return office


def day(text: str) -> datetime:
    """Return midnight of a date in UTC."""
    return datetime.fromisoformat(f"{text}T00:00:00+00:00")
