"""The one way to write: a unit of work commits its effects, events and audit rows together.

`work(tx)` is synchronous and touches nothing but `tx`; it may run again after a lost database connection. Events are
published on the bus only after the commit, and the caller is answered only after the commit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from csms.bus import Bus
from csms.clock import Clock, to_text
from csms.model.event import Event
from csms.model.station import StationRef
from csms.services.access import Caller
from csms.services.ocpi_policy import NO_OCPI, OcpiPolicy
from csms.services.pki_policy import NO_PKI, PkiPolicy
from csms.services.pnc_policy import NO_PNC, PncPolicy
from csms.store import audit, outbox, rows
from csms.store.connection import Database, Store

T = TypeVar("T")


class Entropy(Protocol):
    """Where unguessable numbers come from."""

    def hex(self) -> str:
        """Return 32 hex characters, unique for all time."""
        ...

    def below(self, bound: int) -> int:
        """Return a number in [0, bound) that nobody can guess."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decided about the business as a whole (config.toml)."""

    heartbeat_interval_s: int = 300
    boot_retry_s: int = 60
    quiet: bool = True
    """Whether stations are asked nothing of our own accord (services.station_jobs)."""
    inventory: bool = True
    """Whether everything a station has is read after its first boot and after its firmware changed."""
    offline_alert_s: int = 0
    """Seconds a station may be away before an alert is raised; 0 raises none."""
    onboarding: bool = False
    """Whether unknown stations may connect and wait for an operator (services.onboarding)."""
    public_url: str = ""
    """Under which stations reach us over HTTP; empty: as each of them found us (services.files)."""
    max_upload_bytes: int = 268_435_456
    cost_interval_s: int = 60
    """Seconds between the running costs that a station is told; 0 tells none."""
    pki: PkiPolicy = NO_PKI
    pnc: PncPolicy = NO_PNC
    ocpi: OcpiPolicy = NO_OCPI


@dataclass(slots=True)
class Tx:
    """What a rule works with: the open database transaction, the time, and the events it causes.

    `at` is `now` as the database writes it.
    """

    db: Database
    now: datetime
    entropy: Entropy
    policy: Policy = Policy()
    events: list[Event] = field(default_factory=list)
    at: str = ""

    def __post_init__(self) -> None:
        self.at = to_text(self.now)

    def emit(self, kind: str, station: StationRef, subject: str, body: dict[str, Any]) -> None:
        """Record a fact about a station; it reaches the outbox with this transaction and the bus after it."""
        self.events.append(Event(kind, station.tenant_id, station.station_id, subject, self.now, body))

    def audit(
        self, caller: Caller, tenant_id: str | None, action: str, subject: str, detail: dict[str, Any]
    ) -> None:
        """Record that `caller` changed something."""
        values = {
            "tenant_id": tenant_id,
            "at": self.at,
            "actor": caller.name,
            "action": action,
            "subject": subject,
            "origin": caller.origin,
            "detail": rows.to_json(detail),
        }
        audit.append(self.db, values)


class Unit:
    """Runs units of work against a store and publishes what they caused."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, entropy: Entropy, policy: Policy) -> None:
        self.store = store
        self.bus = bus
        self.clock = clock
        self.entropy = entropy
        self.policy = policy

    async def run(self, work: Callable[[Tx], T], *, brief: bool = False) -> T:
        """Run `work` in a transaction, wait until it is durable, publish its events, return its result.

        A `brief` work takes a millisecond at most (see `Store.write`).
        """
        now = self.clock.now()

        def transact(db: Database) -> tuple[T, list[Event]]:
            tx = Tx(db, now, self.entropy, self.policy)
            result = work(tx)
            if tx.events:
                outbox.append(db, tx.events, tx.at)
            return result, tx.events

        result, events = await self.store.write(transact, brief=brief)
        if events:
            self.bus.publish(events)
        return result

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on a read-only snapshot."""
        now = self.clock.now()
        return await self.store.read(lambda db: work(Tx(db, now, self.entropy, self.policy)))
