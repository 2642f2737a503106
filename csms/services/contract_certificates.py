"""Plug & Charge: contract certificates for vehicles, their standing, what they are worth (2.0.1 C07, M01, M02, M06).

Whoever is asked outside has a few seconds: a station waits for the answer. What a responder has said is kept as long
as it says it holds, so that a vehicle that charges every night costs one question a day.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
import trio
from cryptography import x509

from csms.clock import to_text
from csms.errors import FarEndFailed, StoreUnavailable
from csms.model.certificate import TrustStore
from csms.model.id_token import Authorization, AuthorizationStatus
from csms.model.station import StationRef
from csms.pki import contract, ocsp_client
from csms.pki.contract import CertificateStatus, Question
from csms.pki.hash_data import HashData
from csms.pki.ocsp_client import Answer, Standing
from csms.services import trust
from csms.services.outward import Bounds, Outward
from csms.services.unit import Unit
from csms.store import station_security as store

LONGEST_EXI: Final = 7_500
"""Characters of exiResponse in OCPP 2.0.1."""
LONGEST_OCSP_RESULT: Final = 5_500
MOST_ANSWERS_KEPT: Final = 2_000
_MOST_BYTES: Final = 64 * 1024
_CANCELLED: Final = frozenset(
    {AuthorizationStatus.BLOCKED, AuthorizationStatus.EXPIRED, AuthorizationStatus.INVALID}
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EvRequest:
    """What a vehicle asks its contract certificate provider for, in the EXI of ISO 15118 (base64)."""

    action: str
    schema_version: str
    exi: str


@dataclass(frozen=True, slots=True)
class EvAnswer:
    """The provider's answer; `reason` says why there is none."""

    exi: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """What comes with a contract id: the chain itself, or the hashes of its certificates with their responders."""

    emaid: str
    chain: str | None = None
    questions: tuple[Question, ...] = ()


class ContractCertificates:
    """Asks the outside about contracts; one for the whole appliance."""

    def __init__(self, unit: Unit, outward: Outward | None = None) -> None:
        """Take the house's way to the database, and to the outside."""
        self._unit = unit
        self._outward = outward or Outward()

    async def ev_certificate(self, station: StationRef, request: EvRequest) -> EvAnswer:
        """Have the provider answer a vehicle (M01, M02)."""
        policy = self._unit.policy.pnc
        if not policy.provider_url:
            return EvAnswer(reason="no contract certificate provider is configured (pnc.provider_url)")
        asked = {
            "action": request.action,
            "iso15118SchemaVersion": request.schema_version,
            "exiRequest": request.exi,
            "stationId": station.station_id,
            "tenantId": station.tenant_id,
        }
        bounds = Bounds(policy.provider_timeout_s, _MOST_BYTES, private=True)
        try:
            token = await self._token()
            answer = await self._outward.post(
                policy.provider_url, msgspec.json.encode(asked), "application/json", bounds, bearer=token
            )
        except FarEndFailed as error:
            log.warning("contract_provider_failed", station=station.station_id, reason=str(error))
            return EvAnswer(reason=f"the contract certificate provider {error}")
        return read_provider(answer)

    async def _token(self) -> str | None:
        file = self._unit.policy.pnc.provider_token_file
        if file is None:
            return None
        try:
            return (await trio.Path(file).read_text()).strip()
        except OSError as error:
            raise FarEndFailed(f"pnc.provider_token_file {file}: {error.strerror}") from None

    async def certificate_status(self, station: StationRef, question: Question) -> Answer:
        """Return a responder's answer about a certificate of the station's or vehicle's, in full (M06)."""
        answer = await self.standing(question, await self._known(station))
        if len(base64.b64encode(answer.der)) > LONGEST_OCSP_RESULT:
            return Answer(Standing.FAILED, "the responder's answer is too long for OCPP")
        return answer

    async def judge(self, station: StationRef, presented: Presented) -> CertificateStatus:
        """Return what the certificate of a contract is worth (C07.FR.05, FR.13–17)."""
        known = await self._known(station)
        questions, issuers = presented.questions, known
        if presented.chain is not None:
            roots = await self._anchors(station, TrustStore.MO)
            checked = contract.check_chain(presented.chain.encode(), roots, self._unit.clock.now())
            if checked.status is not None:
                return self._said(station, presented, checked.status, checked.reason)
            if not contract.same_emaid(checked.emaid or "", presented.emaid):
                reason = f"the certificate is for {checked.emaid}"
                return self._said(station, presented, CertificateStatus.CHAIN_ERROR, reason)
            questions = checked.questions or questions
            issuers = [*checked.issuers, *known]
        elif not questions:
            return CertificateStatus.NONE_AVAILABLE
        answers = await self._all(questions, issuers)
        return self._said(station, presented, *contract.judge(answers))

    async def standing(self, question: Question, issuers: Sequence[Any]) -> Answer:
        """Return what is known of a certificate: kept from before, or asked for now; never raises."""
        if question.url is None:
            return Answer(Standing.FAILED, "no responder is named")
        key, now = question_key(question), self._unit.clock.now()
        kept = await self._kept(key)
        if kept is not None:
            answer = ocsp_client.read(kept, question.data, issuers, now)
            if answer.standing is not Standing.FAILED and answer.proven:
                return answer
        policy = self._unit.policy.pnc
        bounds = Bounds(
            policy.ocsp_timeout_s, ocsp_client.LARGEST_ANSWER, policy.ocsp_hosts, policy.ocsp_private
        )
        try:
            asked = ocsp_client.request(question.data)
            der = await self._outward.post(question.url, asked, "application/ocsp-request", bounds)
        except (FarEndFailed, ValueError) as error:
            return Answer(Standing.FAILED, f"the responder {error}")
        answer = ocsp_client.read(der, question.data, issuers, now)
        if answer.proven and answer.fresh_until is not None and answer.standing is not Standing.FAILED:
            await self._keep(key, der, answer.fresh_until)
        return answer

    async def _all(self, questions: Sequence[Question], issuers: Sequence[Any]) -> list[Answer]:
        """Ask all responders at once."""
        answers: dict[int, Answer] = {}

        async def ask(number: int, question: Question) -> None:
            answers[number] = await self.standing(question, issuers)

        async with trio.open_nursery() as nursery:
            for number, question in enumerate(questions):
                nursery.start_soon(ask, number, question)
        return [answers[number] for number in sorted(answers)]

    def _said(
        self, station: StationRef, presented: Presented, status: CertificateStatus, reason: str
    ) -> CertificateStatus:
        if status is not CertificateStatus.ACCEPTED:
            log.info(
                "contract_refused",
                station=station.station_id,
                emaid=presented.emaid,
                status=status,
                reason=reason,
            )
        return status

    async def _known(self, station: StationRef) -> list[x509.Certificate]:
        """Return the certificates a tenant trusts in Plug & Charge: whoever signs may have to be found among them."""
        stores = (TrustStore.MO, TrustStore.V2G, TrustStore.OEM)
        return [each for name in stores for each in await self._anchors(station, name)]

    async def _anchors(self, station: StationRef, name: TrustStore) -> list[x509.Certificate]:
        tenant_id = station.tenant_id
        pems = await self._unit.read(lambda tx: trust.anchors(tx, tenant_id, name))
        return [_load(pem) for pem in pems]

    async def _kept(self, key: str) -> bytes | None:
        found = await self._unit.read(lambda tx: store.ocsp_answer(tx.db, key, tx.at))
        return base64.b64decode(found) if found else None

    async def _keep(self, key: str, der: bytes, until: datetime) -> None:
        text, fresh_until = base64.b64encode(der).decode(), to_text(until)
        try:
            await self._unit.run(
                lambda tx: store.keep_ocsp_answer(tx.db, key, text, fresh_until, tx.at, MOST_ANSWERS_KEPT)
            )
        except StoreUnavailable as error:
            log.error("ocsp_answer_not_kept", error=str(error))


def combine(verdict: Authorization, status: CertificateStatus) -> tuple[Authorization, CertificateStatus]:
    """Return what a station is told of a contract id whose certificate has this status (C07.FR.13–17)."""
    if status is CertificateStatus.ACCEPTED:
        cancelled = verdict.status in _CANCELLED
        return verdict, CertificateStatus.CONTRACT_CANCELLED if cancelled else status
    expired = status is CertificateStatus.EXPIRED
    worth = AuthorizationStatus.EXPIRED if expired else AuthorizationStatus.INVALID
    return Authorization(worth, verdict.expires_at, verdict.group_id), status


def read_provider(body: bytes) -> EvAnswer:
    """Return a provider's answer: JSON with `status` and `exiResponse`."""
    try:
        found = msgspec.json.decode(body)
        status, exi = found.get("status"), found.get("exiResponse", "")
    except (msgspec.DecodeError, AttributeError):
        return EvAnswer(reason="the contract certificate provider's answer cannot be read")
    if status != "Accepted" or not isinstance(exi, str) or not exi:
        return EvAnswer(
            exi if isinstance(exi, str) and len(exi) <= LONGEST_EXI else "",
            reason=f"the contract certificate provider says {str(status)[:50]}",
        )
    if len(exi) > LONGEST_EXI:
        return EvAnswer(reason=f"the provider's answer has {len(exi)} characters, OCPP takes {LONGEST_EXI}")
    return EvAnswer(exi)


def question_key(question: Question) -> str:
    """Return what answers about a certificate are kept under."""
    data: HashData = question.data
    parts = (data.algorithm, data.issuer_name_hash, data.issuer_key_hash, data.serial_number)
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


@lru_cache(maxsize=512)
def _load(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)
