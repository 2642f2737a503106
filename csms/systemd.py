"""Talking to the service manager: readiness, stopping and the watchdog (sd_notify(3), systemd.service(5)).

Without systemd every function does nothing, so that `csms serve` runs the same in a terminal.
"""

import os
import socket
from collections.abc import Mapping


def notify(state: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send one state line (`READY=1`, `STOPPING=1`, `STATUS=…`) to systemd; False when nobody listens."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode())
    except OSError:
        return False
    return True


def ready(status: str = "", environ: Mapping[str, str] = os.environ) -> bool:
    """Tell systemd that every listener answers; `status` is shown by `systemctl status`."""
    return notify(f"READY=1\nSTATUS={status}" if status else "READY=1", environ)


def stopping(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell systemd that the appliance drains and ends."""
    return notify("STOPPING=1", environ)


def alive(environ: Mapping[str, str] = os.environ) -> bool:
    """Feed the watchdog."""
    return notify("WATCHDOG=1", environ)


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return how often to call `alive`: half of what systemd allows; None when no watchdog watches us."""
    owner = environ.get("WATCHDOG_PID", "")
    if owner and owner != str(os.getpid()):
        return None
    try:
        allowed_us = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return allowed_us / 2_000_000 if allowed_us > 0 else None
