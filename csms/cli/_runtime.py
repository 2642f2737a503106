"""Reaching the appliance: through its local socket while it runs, else by opening the store directly.

The socket is asked with plain blocking calls, so that a verb of the running appliance answers at once.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from csms import errors
from csms.config import Config
from csms.errors import CsmsError
from csms.services.access import LOCAL_OPERATOR

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_BY_CODE = {
    cls.code: cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, CsmsError)
}


@dataclass(slots=True)
class Session:
    """What one invocation of the CLI works with."""

    config: Config
    json: bool = False

    @property
    def socket_path(self) -> Path:
        """Where the running appliance listens for the CLI."""
        return self.config.data_dir / "csms.sock"


def perform(session: Session, verb: str, args: Mapping[str, Any] | None = None) -> Any:
    """Run a verb of services.verbs and return its result as JSON-ready builtins; raises CsmsError."""
    args = {name: value for name, value in (args or {}).items() if value is not None}
    connection = _connect(session.socket_path)
    if connection is not None:
        with connection:
            return _ask(connection, verb, args)
    return _perform_here(session, verb, args)


def is_running(session: Session) -> bool:
    """Whether an appliance answers on this data directory."""
    connection = _connect(session.socket_path)
    if connection is None:
        return False
    connection.close()
    return True


def _connect(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except PermissionError:
        connection.close()
        raise errors.NotAllowed(f"{path} belongs to another user: use sudo -u csms csms …") from None
    except OSError:
        connection.close()
        return None
    return connection


def _ask(connection: socket.socket, verb: str, args: Mapping[str, Any]) -> Any:
    connection.sendall(msgspec.json.encode({"verb": verb, "args": args}) + b"\n")
    with connection.makefile("rb") as lines:
        line = lines.readline()
    if not line:
        raise errors.NotRunning("the appliance went away before it answered")
    answer = _decoder.decode(line)
    if "error" in answer:
        failure = answer["error"]
        raise _BY_CODE.get(failure["code"], CsmsError)(failure["message"])
    return answer["result"]


def _perform_here(session: Session, verb: str, args: Mapping[str, Any]) -> Any:
    """Open the store, run one verb, close it again."""
    import trio

    from csms.bus import Bus
    from csms.clock import SystemClock
    from csms.services import pki_policy, present, verbs
    from csms.services.entropy import SystemEntropy
    from csms.services.unit import Policy, Unit
    from csms.store.connection import open_store
    from csms.store.migrate import check

    async def work() -> bytes:
        check(session.config.store.url)
        async with open_store(session.config.store.url) as store:
            pki = pki_policy.from_config(session.config)
            policy = Policy(session.config.ocpp.heartbeat_interval_s, pki=pki)
            unit = Unit(store, Bus(), SystemClock(), SystemEntropy(), policy)
            return present.encode(await verbs.perform(verb, args, LOCAL_OPERATOR, unit))

    return _decoder.decode(trio.run(work))
