"""The TLS door: client certificates, cipher suites, versions, and a plain request that knocks at it."""

import ssl
import warnings
from pathlib import Path

import pytest
import trio
import trio.testing
import trustme

from csms.ocpp.tls import server_context
from tests.ocpp.doors import Start, dial, dial_tls
from tests.ocpp.station import Office, Station


async def test_a_client_certificate_is_optional_but_must_be_good(
    start: Start, office: Office, server_files: tuple[trustme.CA, list[tuple[Path, Path]]]
) -> None:
    authority, chains = server_files
    stations = trustme.CA()
    context = server_context(chains, stations.cert_pem.bytes().decode())
    _, (_, secure) = await start(tls=context)

    certificate = stations.issue_cert("CP1.example")
    with_certificate = await dial_tls(secure, authority, certificate)
    await with_certificate.open("/ocpp/CP1")
    without = await dial_tls(secure, authority)
    await without.open("/ocpp/CP2")
    first, second = office.hellos
    assert first.tls
    assert second.tls
    expected = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    assert first.client_certificate == expected
    assert second.client_certificate is None

    forged = await dial_tls(secure, authority, trustme.CA().issue_cert("CP1.example"))
    with pytest.raises((trio.BrokenResourceError, EOFError)):
        await forged.open("/ocpp/CP1")
    assert len(office.hellos) == 2


@pytest.mark.parametrize(
    "suite",
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
    ],
)
async def test_the_required_cipher_suites_are_spoken(
    start: Start, server_files: tuple[trustme.CA, list[tuple[Path, Path]]], suite: str
) -> None:
    authority, chains = server_files
    _, (_, secure) = await start(tls=server_context(chains))
    client = ssl.create_default_context()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(suite)
    authority.configure_trust(client)
    stream = trio.SSLStream(
        await trio.open_tcp_stream(*secure.address),
        client,
        server_hostname="localhost",
        https_compatible=True,
    )
    await stream.do_handshake()
    assert stream.cipher()[0] == suite
    await Station(stream).open()


async def test_tls_before_1_2_is_refused(
    start: Start, server_files: tuple[trustme.CA, list[tuple[Path, Path]]]
) -> None:
    authority, chains = server_files
    _, (_, secure) = await start(tls=server_context(chains))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        client.minimum_version = ssl.TLSVersion.TLSv1
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    authority.configure_trust(client)
    stream = trio.SSLStream(await trio.open_tcp_stream(*secure.address), client, server_hostname="localhost")
    with pytest.raises(trio.BrokenResourceError):
        await stream.do_handshake()


async def test_a_plain_request_at_the_tls_door_costs_nothing(
    start: Start, server_files: tuple[trustme.CA, list[tuple[Path, Path]]]
) -> None:
    authority, chains = server_files
    _, (_, secure) = await start(tls=server_context(chains))
    lost = await dial(secure)
    await lost.send_frame(b"GET /ocpp/CP1 HTTP/1.1\r\n\r\n")
    assert await lost.gone()
    good = await dial_tls(secure, authority)
    await good.open()
