"""Plug & Charge on the wire, in both OCPP versions alike: 1.6 wraps the messages of 2.0.1 (C07, M01, M02, M06)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from csms.model.id_token import Authorization
from csms.model.station import StationRef
from csms.pki import hash_data
from csms.pki.contract import CertificateStatus, Question
from csms.pki.ocsp_client import Answer, Standing
from csms.services import contract_certificates, driver_texts, stations, tokens
from csms.services.contract_certificates import ContractCertificates, EvAnswer, EvRequest, Presented
from csms.services.unit import Tx

Payload = Mapping[str, Any]
EMAID: Final = "eMAID"
"""The type of a contract id: the one that some OCPP 1.6 stations leave out."""
_MOST_HASHES: Final = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """An id token as it is presented, with its contract certificate where one came, and what that is worth."""

    uid: str
    type: str
    contract: Presented | None = None
    status: CertificateStatus | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on what was presented."""

    authorization: Authorization
    status: CertificateStatus | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the outside about certificates, and the answer once there is one."""

    body: Payload
    question: Question | EvRequest | None
    answer: Answer | EvAnswer | None = None


def read_authorize(payload: Payload, _now: datetime, notes: list[str]) -> Shown:
    """AuthorizeRequest (C01, C07)."""
    token = payload.get("idToken")
    if not isinstance(token, Mapping):
        token = {"idToken": token or "", "type": EMAID}
    uid = str(token.get("idToken", ""))
    chain = payload.get("certificate")
    hashes = payload.get("iso15118CertificateHashData") or ()
    presented = None
    if chain or hashes:
        questions = tuple(q for entry in hashes[:_MOST_HASHES] if (q := _question(entry, notes)) is not None)
        presented = Presented(uid, str(chain) if chain else None, questions)
    return Shown(uid, str(token.get("type", "")), presented)


async def judge(contracts: ContractCertificates, station: StationRef, shown: Shown) -> Shown:
    """Have a contract certificate judged before its id token is."""
    if shown.contract is None:
        return shown
    return replace(shown, status=await contracts.judge(station, shown.contract))


def authorize(tx: Tx, station: StationRef, shown: Shown) -> Judged:
    """Judge an id token; a contract whose certificate is not good lets nobody charge (C07.FR.13–17)."""
    verdict = driver_texts.with_tariff(tx, station, tokens.authorize(tx, station, shown.uid, type=shown.type))
    if shown.status is None:
        return Judged(verdict, None)
    return Judged(*contract_certificates.combine(verdict, shown.status))


def read_ev_request(payload: Payload, _now: datetime, _notes: list[str]) -> Asked:
    """Get15118EVCertificateRequest (M01, M02): the EXI is the vehicle's and its provider's own matter."""
    request = EvRequest(
        str(payload.get("action", "Install")),
        str(payload.get("iso15118SchemaVersion", "")),
        str(payload.get("exiRequest", "")),
    )
    return Asked({name: value for name, value in payload.items() if name != "exiRequest"}, request)


async def ask_provider(contracts: ContractCertificates, station: StationRef, asked: Asked) -> Asked:
    """Have the provider answer the vehicle."""
    assert isinstance(asked.question, EvRequest)
    return replace(asked, answer=await contracts.ev_certificate(station, asked.question))


def ev_answer(answer: EvAnswer) -> dict[str, Any]:
    """Get15118EVCertificateResponse."""
    if answer.reason is None:
        return {"status": "Accepted", "exiResponse": answer.exi}
    return {"status": "Failed", "exiResponse": answer.exi} | _why("NoContract", answer.reason)


def read_status_request(payload: Payload, _now: datetime, notes: list[str]) -> Asked:
    """GetCertificateStatusRequest (M06)."""
    return Asked(dict(payload), _question(payload["ocspRequestData"], notes))


async def ask_responder(contracts: ContractCertificates, station: StationRef, asked: Asked) -> Asked:
    """Have the responder asked that the request names."""
    if not isinstance(asked.question, Question):
        return replace(asked, answer=Answer(Standing.FAILED, "the hash data cannot be read"))
    return replace(asked, answer=await contracts.certificate_status(station, asked.question))


def status_answer(answer: Answer) -> dict[str, Any]:
    """GetCertificateStatusResponse: the responder's own words, whatever they say (M06.FR.03)."""
    if answer.standing is Standing.FAILED:
        return {"status": "Failed"} | _why("NoOcspAnswer", answer.reason)
    return {"status": "Accepted", "ocspResult": base64.b64encode(answer.der).decode()}


def keep(tx: Tx, station: StationRef, asked: Asked) -> Any:
    """Keep that something was asked, and hand on what came of it."""
    failed = getattr(asked.answer, "reason", None)
    stations.record(
        tx, station, "certificate.requested", dict(asked.body) | ({"failed": failed} if failed else {})
    )
    return asked.answer


def _question(entry: Payload, notes: list[str]) -> Question | None:
    try:
        data = hash_data.from_wire(entry)
    except ValueError as error:
        notes.append(str(error))
        return None
    url = entry.get("responderURL")
    return Question(data, str(url) if url else None)


def _why(code: str, reason: str) -> dict[str, Any]:
    return {"statusInfo": {"reasonCode": code, "additionalInfo": reason[:512]}}
