"""TLS on a `DirectStream`, without the locks and checkpoints of `trio.SSLStream` (half its CPU per message)."""

import contextlib
import socket
import ssl

import trio

from csms.ocpp.sockets import RECEIVE_BYTES, DirectStream


class TlsStream(DirectStream):
    """The server's end of a TLS connection; `do_handshake` comes first."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Take ownership of a connected stream socket."""
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._goodbye = False

    @property
    def client_certificate(self) -> bytes | None:
        """The client's certificate as DER, if it presented one; the context has verified it."""
        return self._tls.getpeercert(binary_form=True)

    @property
    def client_chain(self) -> tuple[bytes, ...]:
        """The certificates that the client presented as DER, its own first; none where it presented none."""
        own = self.client_certificate
        if own is None:
            return ()
        return (own, *[der for der in _unverified_chain(self._tls) if der != own])

    async def do_handshake(self) -> None:
        """Agree on keys; raises BrokenResourceError, caused by the ssl.SSLError, when that fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await super().receive_some(RECEIVE_BYTES)
                if not data:
                    raise trio.BrokenResourceError("the connection ended in the TLS handshake") from None
                self._incoming.write(data)
            except ssl.SSLError as error:
                await self._flush()  # the alert says why
                raise trio.BrokenResourceError("the TLS handshake failed") from error
            else:
                await self._flush()
                return

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self.send_sealed(self._outgoing.read())

    def seal(self, data: bytes) -> bytes:
        """Encrypt; whatever TLS itself wants to say goes before."""
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise trio.BrokenResourceError("TLS has failed") from error
        return self._outgoing.read()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Wait for data and return it, decrypted; empty means the peer sends no more."""
        size = max_bytes or RECEIVE_BYTES
        if self._goodbye:
            return await super().receive_some(size)
        if self._tls.pending() or self._incoming.pending:
            data = self._read(size)
            if data is not None:
                await trio.lowlevel.checkpoint()
                return data
        while True:
            sealed = await super().receive_some(RECEIVE_BYTES)
            if not sealed:
                return b""
            self._incoming.write(sealed)
            data = self._read(size)
            if data is not None:
                return data

    def _read(self, size: int) -> bytes | None:
        """Return decrypted data, None when a record is not complete."""
        try:
            return self._tls.read(size)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise trio.BrokenResourceError("TLS has failed") from error

    def _say_goodbye(self) -> None:
        """Send the close alert if that takes no waiting."""
        self._goodbye = True
        with contextlib.suppress(ssl.SSLError, ValueError):  # it wants to wait for the peer's alert
            self._tls.unwrap()
        with contextlib.suppress(trio.BrokenResourceError):
            if self._outgoing.pending:
                self.send_now(self._outgoing.read())

    async def send_eof(self) -> None:
        """Tell the peer that no more will be sent; what it still sends is received, but not decrypted."""
        self._say_goodbye()
        await super().send_eof()

    def close(self) -> None:
        """Close at once; whoever waits on the stream is woken with ClosedResourceError."""
        if not self._closed and not self._goodbye:
            self._say_goodbye()
        super().close()


def _unverified_chain(tls: ssl.SSLObject) -> list[bytes]:
    """Return what a peer has sent as DER: public since Python 3.13, there since 3.10."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    chain = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain]
