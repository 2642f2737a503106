"""Who signs charging stations' requests: our own authority, or a service of the operator's behind HTTP.

The service is asked with POST and JSON: `csr` (PEM), `kind`, `stationId`, `tenantId`, `validDays`; it answers 200 with
`{"chain": PEM}` or PEM alone, leaf first. Time and size are bounded, redirects are not followed, and what comes back
must be for the key that was asked about.
"""

from datetime import datetime
from typing import Any, Final, Protocol

import httpx
import msgspec
import trio
from cryptography import x509

from csms.errors import FarEndFailed
from csms.model.certificate import CertificateKind
from csms.model.station import StationRef
from csms.pki import authority as pki
from csms.services.pki_policy import PkiPolicy

MOST_BYTES: Final = 64 * 1024
MOST_CERTIFICATES: Final = 5
AT_ONCE: Final = trio.CapacityLimiter(4)
"""A fleet that renews must not overrun the service."""


class Signer(Protocol):
    """Signs requests of charging stations."""

    async def sign(self, station: StationRef, csr_pem: bytes, kind: CertificateKind, now: datetime) -> bytes:
        """Return the chain as PEM, leaf first, without the root; raises FarEndFailed."""
        ...


class HttpSigner:
    """A signer behind HTTP."""

    def __init__(self, policy: PkiPolicy, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take the address from the configuration; `transport` is for streams that are not sockets."""
        self._policy = policy
        self._transport = transport

    async def sign(self, station: StationRef, csr_pem: bytes, kind: CertificateKind, now: datetime) -> bytes:
        """Return the chain as PEM, leaf first, without the root; raises FarEndFailed."""
        asked = {
            "csr": csr_pem.decode(),
            "kind": kind.value,
            "stationId": station.station_id,
            "tenantId": station.tenant_id,
            "validDays": self._policy.station_life.days,
        }
        async with AT_ONCE:
            try:
                with trio.fail_after(self._policy.signer_timeout_s):
                    body = await self._post(asked)
            except trio.TooSlowError:
                raise FarEndFailed(
                    f"the signer took longer than {self._policy.signer_timeout_s:g} s"
                ) from None
            except httpx.HTTPError as error:
                raise FarEndFailed(f"the signer cannot be reached: {error}") from None
        return checked_chain(body, csr_pem, now)

    async def _post(self, asked: dict[str, Any]) -> bytes:
        headers = {"Accept": "application/json, application/x-pem-file"} | self._authorization()
        async with (
            httpx.AsyncClient(transport=self._transport, timeout=self._policy.signer_timeout_s) as client,
            client.stream("POST", self._policy.signer_url, json=asked, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise FarEndFailed(f"the signer answered {response.status_code}")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise FarEndFailed(f"the signer's answer is longer than {MOST_BYTES} bytes")
            return bytes(body)

    def _authorization(self) -> dict[str, str]:
        file = self._policy.signer_token_file
        if file is None:
            return {}
        try:
            return {"Authorization": f"Bearer {file.read_text().strip()}"}
        except OSError as error:
            raise FarEndFailed(f"pki.signer_token_file {file}: {error.strerror}") from None


def checked_chain(body: bytes, csr_pem: bytes, now: datetime) -> bytes:
    """Return the chain of a signer's answer as PEM; FarEndFailed says why it is of no use."""

    try:
        pem = msgspec.json.decode(body)["chain"].encode() if body.lstrip().startswith(b"{") else body
        chain = x509.load_pem_x509_certificates(pem)
        request = pki.read_request(csr_pem)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.DecodeError):
        raise FarEndFailed("the signer's answer is no certificate chain in PEM") from None
    if len(chain) > 1 and chain[-1].subject == chain[-1].issuer:
        chain = chain[:-1]
    if len(chain) > MOST_CERTIFICATES:
        raise FarEndFailed(f"the signer's chain has more than {MOST_CERTIFICATES} certificates")
    if chain[0].public_key() != request.public_key():
        raise FarEndFailed("the signer's certificate is not for the key that was asked about")
    if not all(
        c.not_valid_before_utc <= now + pki.CLOCKS_DIFFER and now < c.not_valid_after_utc for c in chain
    ):
        raise FarEndFailed("the signer's certificate is not valid now")
    wrong = pki.check_chain(chain)
    if wrong:
        raise FarEndFailed(f"the signer's chain does not hold: {wrong}")
    return b"".join(map(pki.to_pem, chain))
