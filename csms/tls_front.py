"""What every TLS listener shows, kept true while it runs: renewed certificates and changed trust, no restart.

A context that is replaced serves the handshakes it has begun; connections that stand keep the certificate they saw.
Certificates come from tls.certificate and tls.key where they are set, else from csms pki.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
import trio

from csms.config import Config
from csms.errors import CsmsError, InvalidInput, StoreStopped
from csms.ocpp.listener import Door
from csms.ocpp.tls import server_context
from csms.services import server_certificates, trust
from csms.services.server_certificates import Identity
from csms.services.unit import Unit

FOLLOW_EVERY_S: Final = 5.0
WEB_PROTOCOLS: Final = ["h2", "http/1.1"]
MEND: Final = ": bring it back from a backup, or make new authorities with csms pki init --anew"
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TlsFront:
    """The contexts of all TLS listeners. They refuse every handshake until `load`."""

    config: Config
    doors: list[Door] = field(default_factory=list)
    web: ssl.SSLContext = field(default_factory=lambda: web_context())
    _state: tuple[object, ...] = ()

    def guard(self, door: Door) -> None:
        """Let a door speak TLS."""
        door.tls = server_context([])
        self.doors.append(door)

    async def load(self, unit: Unit) -> None:
        """Take the certificates and trust anchors in force; raises CsmsError where they cannot be used."""
        roots = await unit.read(trust.client_roots)
        identities = [] if self._files() else await unit.read(server_certificates.identities)
        secret = _secret(unit) if identities else b""
        context = server_context(
            [], b"".join(roots).decode() or None, rsa_key_exchange=self.config.tls.rsa_key_exchange
        )
        for each in (context, self.web):
            self._show(each, identities, secret)
        for door in self.doors:
            door.tls = context

    async def run(self, unit: Unit, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Load, and load again whenever something has changed; later, what cannot be used leaves all as it was."""
        self._state = await self._now(unit)
        await self.load(unit)
        task_status.started()
        while True:
            await trio.sleep(FOLLOW_EVERY_S)
            try:
                state = await self._now(unit)
                if state != self._state:
                    self._state = state
                    await self.load(unit)
                    log.info("certificates_loaded")
            except StoreStopped:
                raise
            except CsmsError as error:
                log.error("certificates_not_loaded", error=str(error))

    def _files(self) -> tuple[Path, Path] | None:
        """Return certificate and key of the configuration, which win."""
        tls = self.config.tls
        if not (tls.certificate and tls.key):
            return None
        base = self.config.file.parent if self.config.file else self.config.data_dir
        return base / tls.certificate, base / tls.key

    async def _now(self, unit: Unit) -> tuple[object, ...]:
        """Return something that differs when certificates or trust have changed."""
        moments = tuple(_changed_at(file) for file in self._files() or ())
        return (await unit.read(server_certificates.revision), *moments)

    def _show(self, context: ssl.SSLContext, identities: list[Identity], secret: bytes) -> None:
        files = self._files()
        try:
            if files:
                context.load_cert_chain(*files)
            for identity in identities:
                use(context, identity, secret)
        except (OSError, ssl.SSLError) as error:
            if files:
                raise InvalidInput(f"tls.certificate and tls.key cannot be used: {error}") from error
            raise InvalidInput(f"the server certificates do not open with this secret{MEND}") from error


def _secret(unit: Unit) -> bytes:
    try:
        return unit.policy.pki.secret()
    except CsmsError as error:
        raise type(error)(f"{error}{MEND}") from None


def use(context: ssl.SSLContext, identity: Identity, secret: bytes) -> None:
    """Let a context show a chain from now on, instead of one with the same kind of key."""
    with _as_file(identity.chain + identity.sealed_key) as path:
        context.load_cert_chain(path, password=secret)


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Give content a path without writing it to a disk: `ssl` reads certificates from files only."""
    descriptor = os.memfd_create("csms-certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def web_context() -> ssl.SSLContext:
    """Return a context for browsers and programs, without a certificate yet."""
    context = server_context([], rsa_key_exchange=False)
    context.set_alpn_protocols(WEB_PROTOCOLS)
    return context


def _changed_at(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
