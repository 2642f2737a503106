"""The door: turns a handshake into a claim, has it decided, and keeps why somebody was refused (OCPP-J 1.6 §3)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from csms.clock import Clock
from csms.errors import StoreUnavailable
from csms.model.station import StationRef
from csms.ocpp.handshake import Admitted, ConnectionOptions, Hello, Refused
from csms.ocpp.presence import Roll
from csms.ocpp.rpc import Version
from csms.ocpp.turnstile import Turnstile
from csms.pki.contract import Question
from csms.pki.ocsp_client import Answer, Standing
from csms.services import admission, onboarding, security_profiles, sign_on
from csms.services.admission import Claim, Denied, Welcome
from csms.services.unit import Unit

SUBPROTOCOLS: Final[dict[str, Version]] = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1"}
"""What is spoken here; a station's own order of preference decides (OCPP-J 1.6 §3.2)."""
_VERSION_PREFIXES: Final = frozenset({"1.6", "1.6j", "16", "2.0.1", "201", "v1.6", "v16"})
_REFUSALS_KEPT_A_MINUTE: Final = 120

log = structlog.get_logger(__name__)


Standings = Callable[[Question, Sequence[Any]], Awaitable[Answer]]


class StationGate:
    """Decides who may connect as a station."""

    def __init__(
        self,
        unit: Unit,
        roll: Roll,
        clock: Clock,
        options: ConnectionOptions,
        standing: Standings | None = None,
    ) -> None:
        """Take what decides; `standing` asks OCSP responders about certificates of other authorities."""
        self._standing = standing
        self._unit = unit
        self._roll = roll
        self._clock = clock
        self._options = options
        self._minute = 0
        self._kept = 0
        self._turnstile = Turnstile()

    async def admit(self, hello: Hello) -> Admitted | Refused:
        """Look the station up, check what it presents, and record a refusal; who was refused too often waits."""
        address = station_address(hello.path_segments)
        if address is None:
            log.warning("address_refused", path=hello.raw_path[:200], peer=hello.peer)
            return Refused(404, "connect to /ocpp/<station id>")
        tenant, station_id = address
        now_s = self._clock.now().timestamp()
        wait_s = self._turnstile.stops(hello.peer, station_id, now_s)
        if wait_s is not None:
            log.info("station_stopped", station=station_id, peer=hello.peer)
            return Refused(429, "refused too often: mend the station's settings", retry_after_s=wait_s)
        verdict = await self._decide(hello, tenant, station_id)
        if isinstance(verdict, Admitted):
            self._turnstile.admitted(hello.peer, station_id)
        elif verdict.http_status < 500:
            self._turnstile.refused(hello.peer, station_id, now_s)
        return verdict

    async def _decide(self, hello: Hello, tenant: str | None, station_id: str) -> Admitted | Refused:
        claim = Claim(
            station_id, tenant, hello.authorization, hello.tls, _handshake(hello), hello.client_chain
        )
        try:
            verdict = await self._unit.read(lambda tx: admission.admit(tx, claim))
        except StoreUnavailable as error:
            return Refused(503, f"the database cannot be read: {error}", retry_after_s=30)
        if isinstance(verdict, Denied) and verdict.unknown and choose_version(hello.subprotocols, {}):
            verdict = await self._queue(claim, verdict)
        if isinstance(verdict, Denied):
            await self._keep(claim, verdict)
            return Refused(verdict.http_status, verdict.said or verdict.reason)
        if verdict.question is not None and await self._is_revoked(verdict):
            denied = Denied(
                403,
                "the client certificate was revoked",
                bad_certificate_of=verdict.station,
                tenants=(verdict.station.tenant_id,),
            )
            await self._keep(claim, denied)
            return Refused(denied.http_status, denied.reason)
        if verdict.new_password_hash is not None:
            await self._confirm(verdict.station, verdict.new_password_hash)
        if verdict.news and not await self._note(verdict):
            return Refused(503, "the database cannot be written", retry_after_s=30)
        self._roll.admit(
            verdict.station,
            verdict.registration,
            verdict.quirks,
            restricted=verdict.restricted is not None,
        )
        version = choose_version(hello.subprotocols, verdict.quirks)
        if version is None:
            offered = ", ".join(hello.subprotocols) or "none"
            spoken = ", ".join(SUBPROTOCOLS)
            reason = f"no common subprotocol: offered {offered}, spoken here {spoken}"
            await self._keep(claim, Denied(101, reason, tenants=(verdict.station.tenant_id,)))
        return Admitted(verdict.station, version, self._station_options(verdict))

    async def _queue(self, claim: Claim, unknown: Denied) -> Welcome | Denied:
        """Let an unknown station wait for an operator, where the appliance is set to."""
        if not self._unit.policy.onboarding:
            return unknown
        try:
            return await self._unit.run(lambda tx: onboarding.queue(tx, claim))
        except StoreUnavailable as error:
            return Denied(503, f"the database cannot be written: {error}")

    async def _confirm(self, station: StationRef, new_hash: str) -> None:
        """Refuse the old password from now on; when that cannot be written, both go on being accepted."""
        try:
            await self._unit.run(lambda tx: sign_on.confirm(tx, station.key, new_hash))
        except StoreUnavailable as error:
            log.error("password_not_settled", station=station.station_id, error=str(error))

    async def _note(self, welcome: Welcome) -> bool:
        """Keep the profile a station has reached before it is let in: from then on the lower one is refused."""
        station, profile, restricted = welcome.station, welcome.security_profile, welcome.restricted
        try:
            await self._unit.run(lambda tx: security_profiles.reached(tx, station, profile, restricted))
        except StoreUnavailable as error:
            log.error("security_profile_not_kept", station=station.station_id, error=str(error))
            return False
        return True

    async def _is_revoked(self, welcome: Welcome) -> bool:
        """Ask the responder of another authority about a certificate; only a clear word keeps a station out."""
        if self._standing is None or welcome.question is None:
            return False
        answer = await self._standing(welcome.question, welcome.issuers)
        return answer.standing is Standing.REVOKED and answer.proven

    def _station_options(self, welcome: Welcome) -> ConnectionOptions:
        """Apply a station's quirks to the appliance's limits."""
        quirks, usual = welcome.quirks, self._options
        return ConnectionOptions(
            max_frame_bytes=int(quirks.get("max_frame_bytes", usual.max_frame_bytes)),
            call_timeout_s=float(quirks.get("call_timeout_s", usual.call_timeout_s)),
            ping_interval_s=float(quirks.get("ping_interval_s", usual.ping_interval_s)),
            strict=bool(quirks.get("strict", usual.strict)),
        )

    async def _keep(self, claim: Claim, denied: Denied) -> None:
        """Record a refusal, but never more of them than a scanner should be able to cause."""
        log.warning(
            "station_refused", station=claim.station_id, status=denied.http_status, reason=denied.reason
        )
        minute = int(self._clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._kept = minute, 0
        self._kept += 1
        if self._kept > _REFUSALS_KEPT_A_MINUTE:
            return
        try:
            await self._unit.run(lambda tx: admission.deny(tx, claim, denied))
        except StoreUnavailable as error:
            log.error("refusal_not_kept", station=claim.station_id, error=str(error))


def station_address(segments: tuple[str, ...]) -> tuple[str | None, str] | None:
    """Return (tenant or None, station id) from what installers type after the host.

    `/ocpp/<id>`, `/ocpp/<tenant>/<id>`, a version somewhere before the id, a trailing slash, or just `/<id>`.
    """
    rest = [s for s in segments if s]
    if not all(s.isprintable() for s in rest):
        return None
    if rest and rest[0].casefold() == "ocpp":
        rest = rest[1:]
    while len(rest) > 1 and rest[0].casefold().removeprefix("ocpp") in _VERSION_PREFIXES:
        rest = rest[1:]
    if len(rest) == 1:
        return None, rest[0]
    if len(rest) == 2:
        return rest[0], rest[1]
    return None


def choose_version(offered: tuple[str, ...], quirks: dict[str, object]) -> Version | None:
    """Return the first version the station prefers that is spoken here, None when there is none.

    A station that offers nothing is taken for the version its `assume` quirk names.
    """
    wanted = offered or ((f"ocpp{quirks['assume']}",) if "assume" in quirks else ())
    for name in wanted:
        if name.casefold() in SUBPROTOCOLS:
            return SUBPROTOCOLS[name.casefold()]
    return None


def _handshake(hello: Hello) -> dict[str, object]:
    return {
        "path": hello.raw_path[:500],
        "peer": hello.peer,
        "tls": hello.tls,
        "subprotocols": list(hello.subprotocols),
        "headers": [list(header) for header in hello.headers],
    }
