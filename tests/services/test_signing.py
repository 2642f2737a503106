"""An external signer behind HTTP: a small one of our own on a real socket, and every way it can disappoint."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import h11
import pytest
import trio
from cryptography import x509

from csms.errors import FarEndFailed
from csms.model.certificate import CertificateKind
from csms.pki import authority
from csms.pki.links import Links
from csms.services import certificates, signing
from csms.store.connection import Dialect, Store
from tests.pki import house
from tests.services.pki_office import Office, open_office
from tests.wire.appliance import SetClock

CA = house.trust(organization="External")
OTHER = house.trust(organization="Other")


@pytest.fixture
def dialect() -> Dialect:
    """The signer knows nothing of the database."""
    return "sqlite"


def certificate(csr: str, days: float = 365, trust: house.Trust = CA) -> bytes:
    return authority.sign_station(trust.stations, csr.encode(), house.span(len(csr), days), Links())


@dataclass
class Signer:
    """What the service answers, and what it was asked."""

    answer: Callable[[dict[str, Any]], tuple[int, bytes]] = lambda asked: (
        200,
        json.dumps({"chain": (certificate(asked["csr"]) + CA.stations.pem).decode()}).encode(),
    )
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    wait: Callable[[], Awaitable[None]] | None = None

    async def serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        body = b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                self.headers.append({k.decode(): v.decode() for k, v in event.headers})
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        self.asked.append(json.loads(body))
        if self.wait is not None:
            await self.wait()
        status, content = self.answer(self.asked[-1])
        head = h11.Response(
            status_code=status,
            headers=[("Content-Length", str(len(content))), ("Location", "http://127.0.0.1:1/")],
        )
        await stream.send_all(connection.send(head) + connection.send(h11.Data(data=content)))


@pytest.fixture
async def signer() -> AsyncIterator[Signer]:
    made = Signer()
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    made.port = listener.socket.getsockname()[1]

    async def answer(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # the client has heard enough
            await made.serve(stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        yield made
        nursery.cancel_scope.cancel()


@pytest.fixture
async def office(store: Store, signer: Signer, tmp_path: Path) -> Office:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    return await open_office(
        store,
        SetClock(house.NOW),
        signer_url=f"http://127.0.0.1:{signer.port}/sign",
        signer_token_file=token,
        signer_timeout_s=5.0,
        station_life=timedelta(days=200),
    )


async def sign(office: Office, csr: bytes | None = None) -> bytes:
    return await certificates.sign_for_station(
        office.unit, office.stations["CP1"], csr or house.request(), CertificateKind.V2G
    )


async def test_is_asked_in_the_documented_words_and_its_chain_is_kept(office: Office, signer: Signer) -> None:
    csr = house.request("SN-9")
    chain = await sign(office, csr)
    assert [c.subject.rfc4514_string() for c in x509.load_pem_x509_certificates(chain)] == [
        "CN=SN-9,O=External",
        "CN=External Station CA,O=External",
    ]
    assert signer.asked == [
        {
            "csr": csr.decode(),
            "kind": "V2GCertificate",
            "stationId": "CP1",
            "tenantId": office.stations["CP1"].tenant_id,
            "validDays": 200,
        }
    ]
    assert signer.headers[0]["authorization"] == "Bearer s3cret"
    [kept] = await office.rows("SELECT issuer_id, common_name FROM pki_certificates")
    assert (kept["issuer_id"], kept["common_name"]) == (None, "SN-9")


async def test_the_same_request_is_asked_once(office: Office, signer: Signer) -> None:
    csr = house.request()
    assert await sign(office, csr) == await sign(office, csr)
    assert len(signer.asked) == 1


@pytest.mark.parametrize("with_root", [True, False])
async def test_may_answer_in_plain_pem_and_with_the_root(
    office: Office, signer: Signer, with_root: bool
) -> None:
    root = CA.root.pem if with_root else b""
    signer.answer = lambda asked: (200, certificate(asked["csr"]) + CA.stations.pem + root)
    assert len(x509.load_pem_x509_certificates(await sign(office))) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda asked: (503, b"later"), "answered 503"),
        (lambda asked: (302, b""), "answered 302"),
        (lambda asked: (200, b"x" * 70_000), "longer than 65536 bytes"),
        (lambda asked: (200, b"{}"), "no certificate chain"),
        (lambda asked: (200, b'{"chain": 7}'), "no certificate chain"),
        (lambda asked: (200, b"{"), "no certificate chain"),
        (lambda asked: (200, b""), "no certificate chain"),
        (lambda asked: (200, certificate(house.request().decode())), "not for the key"),
        (lambda asked: (200, certificate(asked["csr"], days=-0.01)), "not valid now"),
        (lambda asked: (200, certificate(asked["csr"]) + OTHER.stations.pem), "has not signed"),
        (lambda asked: (200, certificate(asked["csr"]) + CA.stations.pem * 5), "more than 5"),
    ],
)
async def test_what_is_of_no_use_is_refused_and_not_kept(
    office: Office, signer: Signer, answer: Any, reason: str
) -> None:
    signer.answer = answer
    with pytest.raises(FarEndFailed, match=reason):
        await sign(office)
    assert await office.rows("SELECT id FROM pki_certificates") == []
    signer.answer = Signer().answer
    assert await sign(office)


async def test_a_signer_that_is_not_there(office: Office, signer: Signer) -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    policy = signing.PkiPolicy(signer_url=f"http://127.0.0.1:{port}/sign")
    with pytest.raises(FarEndFailed, match="cannot be reached"):
        await signing.HttpSigner(policy).sign(
            office.stations["CP1"], house.request(), CertificateKind.STATION, house.NOW
        )


async def test_a_signer_that_never_answers_is_given_up(office: Office, signer: Signer) -> None:
    signer.wait = trio.sleep_forever
    policy = signing.PkiPolicy(signer_url=office.unit.policy.pki.signer_url, signer_timeout_s=0.2)
    with pytest.raises(FarEndFailed, match=r"longer than 0\.2 s|cannot be reached"):
        await signing.HttpSigner(policy).sign(
            office.stations["CP1"], house.request(), CertificateKind.STATION, house.NOW
        )


async def test_a_token_that_cannot_be_read_names_its_file(office: Office, tmp_path: Path) -> None:
    policy = signing.PkiPolicy(
        signer_url=office.unit.policy.pki.signer_url, signer_token_file=tmp_path / "none"
    )
    with pytest.raises(FarEndFailed, match="none: No such file"):
        await signing.HttpSigner(policy).sign(
            office.stations["CP1"], house.request(), CertificateKind.STATION, house.NOW
        )
