"""Every listener bound before anything runs, so that an address in use damages nothing."""

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import trio

from csms.admin import http, local_socket
from csms.config import Address, Config
from csms.errors import Conflict
from csms.ocpp.listener import Door, open_door
from csms.tls_front import TlsFront

OCPP: Final = ("ocpp", "ocpp_tls")
SOCKET: Final = "csms.sock"
LISTENERS: Final = "listeners.json"
"""Where scripts find the bound addresses; there while the appliance is ready."""


@dataclass(slots=True)
class Doors:
    """The bound listeners; those with TLS refuse every handshake until `front` has loaded certificates."""

    data_dir: Path
    front: TlsFront
    stations: list[Door] = field(default_factory=list)
    http: dict[str, list[socket.socket]] = field(default_factory=dict)
    local: trio.SocketListener | None = None
    bound: dict[str, list[str]] = field(default_factory=dict)

    def describe(self) -> list[dict[str, Any]]:
        """Return the listeners and their addresses."""
        return [{"name": name, "addresses": addresses} for name, addresses in self.bound.items()]

    @property
    def any_tls(self) -> bool:
        """Whether one of them speaks TLS."""
        return any(name.endswith("_tls") for name in self.bound)

    def close(self) -> None:
        """Close what was bound, and remove what told others of it."""
        for door in self.stations:
            door.socket.close()
        for sockets in self.http.values():
            for sock in sockets:
                sock.close()
        if self.local is not None:
            self.local.socket.close()
            (self.data_dir / LISTENERS).unlink(missing_ok=True)
            (self.data_dir / SOCKET).unlink(missing_ok=True)


def bind(config: Config, *, pki: bool = False) -> Doors:
    """Bind every listener of the configuration, those with TLS where `pki` or files give them certificates.

    Conflict names the address that is taken.
    """
    doors = Doors(config.data_dir, TlsFront(config))
    try:
        doors.local = local_socket.bind(config.data_dir / SOCKET)
        (config.data_dir / LISTENERS).unlink(missing_ok=True)  # of a run that was killed
        for name, addresses in config.listeners(pki=pki).items():
            for address in addresses:
                _bind_one(doors, name, address)
    except BaseException:
        doors.close()
        raise
    return doors


def _bind_one(doors: Doors, name: str, address: Address) -> None:
    if name in OCPP:
        door = _bound(name, address, open_door)
        doors.stations.append(door)
        if name.endswith("_tls"):
            doors.front.guard(door)
        sock = door.socket
    else:
        sock = _bound(name, address, http.listen)
        doors.http.setdefault(name, []).append(sock)
    doors.bound.setdefault(name, []).append(_text(sock))


def _bound(name: str, address: Address, listen: Callable[[str, int], Any]) -> Any:
    try:
        return listen(address.host, address.port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        mend = f"stop what uses it or change listen.{name}" if taken else f"change listen.{name}"
        reason = "is in use" if taken else f"cannot be used ({error.strerror})"
        raise Conflict(f"{address} {reason}: {mend}") from None


def _text(sock: socket.socket) -> str:
    host, port, *_ = sock.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
