"""sd_notify: what systemd hears, and silence without it."""

import os
import socket

import pytest

from csms import systemd


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_states_arrive_as_systemd_reads_them(manager):
    environ = {"NOTIFY_SOCKET": manager.getsockname()}
    assert systemd.ready("5 listeners", environ)
    assert manager.recv(100) == b"READY=1\nSTATUS=5 listeners"
    assert systemd.stopping(environ)
    assert manager.recv(100) == b"STOPPING=1"
    assert systemd.alive(environ)
    assert manager.recv(100) == b"WATCHDOG=1"


def test_abstract_sockets():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0csms-test-{os.getpid()}")
        listener.settimeout(5)
        assert systemd.ready(environ={"NOTIFY_SOCKET": f"@csms-test-{os.getpid()}"})
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify"])
def test_without_systemd_nothing_happens(address):
    assert systemd.ready(environ={"NOTIFY_SOCKET": address}) is False


def test_the_watchdog_is_fed_twice_as_often_as_asked():
    assert systemd.watchdog_interval_s({"WATCHDOG_USEC": "30000000"}) == 15.0
    assert (
        systemd.watchdog_interval_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}) == 15.0
    )


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}],
)
def test_no_watchdog(environ):
    assert systemd.watchdog_interval_s(environ) is None
