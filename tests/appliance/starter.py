"""Starts the appliance often and quickly: one process imports it once and forks for every run that is asked for.

A forked run is the command line in a process of its own, with its own files, sockets and signals; only the second
of importing is saved. When the tests' process goes away, whatever was started is killed.
Run as a program it reads commands (JSON lines) from stdin; `Starter` is the tests' side of it.
"""

import gc
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

IMPORTED_ONCE = (
    "csms.appliance",
    "csms.cli._simulation",
    "csms.services.verbs",
    "csms.store.backup",
    "csms.store.inspection",
    "csms.store.postgres",
    "csms.store.sqlite",
)
ROOT = Path(__file__).resolve().parents[2]


class Process:
    """One run of the command line."""

    def __init__(self, starter: "Starter", pid: int) -> None:
        self.pid = pid
        self._starter = starter
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        if self._code is None:
            self._code = self._starter.ask({"poll": self.pid})
        return self._code

    def wait(self, timeout_s: float = 30.0) -> int:
        """Wait for the end and return the exit code."""
        deadline = time.monotonic() + timeout_s
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} did not end within {timeout_s:g} s")
            time.sleep(0.005)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9 and wait."""
        self.send(signal.SIGKILL)
        self.wait()


class Starter:
    """The tests' side."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.appliance.starter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(
        self,
        argv: list[str],
        environ: dict[str, str],
        output: Path,
        file_size: int | None = None,
        uid: int | None = None,
    ) -> Process:
        """Run `csms ARGV`, its output appended to a file; no file may grow beyond `file_size` bytes."""
        command = {"argv": argv, "environ": environ, "output": str(output)}
        return Process(self, self.ask({**command, "file_size": file_size, "uid": uid}))

    def ask(self, command: dict[str, Any]) -> Any:
        """Give one command and return its answer."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(command) + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def close(self) -> None:
        """End, and with it whatever still runs."""
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(30)


@contextmanager
def starter() -> Iterator[Starter]:
    """Run a starter."""
    started = Starter()
    try:
        yield started
    finally:
        started.close()


def _serve() -> None:
    from csms.cli.main import main

    for name in IMPORTED_ONCE:
        importlib.import_module(name)
    sys.argv = ["csms", "version"]
    with redirect_stdout(io.StringIO()), suppress(SystemExit):
        main()  # what is only imported when it is used
    gc.collect()
    gc.freeze()
    running: set[int] = set()
    try:
        for line in sys.stdin:
            command = json.loads(line)
            if "poll" in command:
                answer = _poll(command["poll"], running)
            else:
                answer = _fork(command)
                running.add(answer)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _poll(pid: int, running: set[int]) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return None
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _fork(command: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = _run(command)
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)


def _run(command: dict[str, Any]) -> int:
    from csms.cli.main import main

    output = os.open(command["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(source, target)
        os.close(source) if source != output else None
    sys.stdin = open(0)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(command["environ"])
    if command["file_size"]:
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (command["file_size"], most))
    if command["uid"] is not None:
        os.setgroups([])
        os.setgid(command["uid"])
        os.setuid(command["uid"])
    sys.argv = ["csms", *command["argv"]]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    _serve()
