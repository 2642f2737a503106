"""Runs the simulator for `csms simulate`: progress, summary, and one line with the mend for each kind of failure."""

import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from csms.cli._console import err, print_json
from csms.errors import FarEndFailed, InvalidInput
from csms.simulator.nursery import plain_nursery
from csms.simulator.options import RunOptions
from csms.simulator.report import Summary
from csms.simulator.run import STATIONS, Run
from csms.simulator.socket import Address

INTERRUPTED: Final = 130
SHOWN_VIOLATIONS: Final = 5
PROGRESS_S: Final = 0.2
TOKEN_LENGTHS: Final = {"1.6": 20, "2.0.1": 36}


def station_ids(
    stations: int | None, prefix: str, named: list[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the identities of a run, those named or numbered ones, and the versions given as ID@VERSION.

    Raises InvalidInput.
    """
    if not named:
        return tuple(f"{prefix}-{number:04d}" for number in range(1, (stations or 1) + 1)), {}
    if stations not in (None, len(named)):
        raise InvalidInput(f"--stations {stations} does not fit {len(named)} --station-id: leave one out")
    versions = {}
    identities = []
    for name in named:
        identity, _, version = name.rpartition("@")
        if identity and version in STATIONS:
            versions[identity] = version
        else:
            identity = name
        identities.append(identity)
    if len(set(identities)) != len(identities):
        raise InvalidInput("a --station-id is given twice")
    return tuple(identities), versions


def check_tokens(options: RunOptions) -> None:
    """Raise InvalidInput when a station's id token is longer than its OCPP version allows."""
    for index, identity in enumerate(options.identities):
        version = options.version_of(identity)
        if len(options.token_of(index)) > TOKEN_LENGTHS[version]:
            most = f"an id token of OCPP {version} has at most {TOKEN_LENGTHS[version]} characters"
            raise InvalidInput(f"{most}: give a shorter --token")


def read_passwords(file: Path, identities: tuple[str, ...]) -> tuple[str | None, dict[str, str]]:
    """Return the shared password, or those by station, of a password file; raises InvalidInput."""
    try:
        lines = [line for line in file.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: {error}") from error
    known = set(identities)
    if len(lines) == 1 and lines[0].partition(":")[0] not in known:
        return lines[0].strip(), {}
    own = {}
    for number, line in enumerate(lines, 1):
        identity, colon, password = line.partition(":")
        if not colon:
            raise InvalidInput(f"{file}:{number}: write one password, or lines ID:PASSWORD")
        own[identity.strip()] = password.strip()
    return None, own


def trusting(url: str, ca: Path | None) -> ssl.SSLContext | None:
    """Check the address, and return a TLS context that trusts the given root; raises InvalidInput."""
    try:
        Address.of(url, "station")
        return ssl.create_default_context(cafile=str(ca)) if ca else None
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    except ssl.SSLError as error:
        raise InvalidInput(f"{ca} holds no readable certificate") from error


def present(options: RunOptions, *, as_json: bool) -> int:
    """Do the run, print what it came to, and return the exit code."""
    run = Run(options)
    interrupted = False
    try:
        summary = trio.run(_with_progress, run) if sys.stderr.isatty() else trio.run(run.perform)
    except KeyboardInterrupt:
        interrupted = True
        summary = run.summary(interrupted=True)
    if as_json:
        print_json(summary.to_json())
    else:
        _print_summary(summary)
    for line in _failures(summary, options):
        err.print(f"csms: {line}", markup=False, soft_wrap=True)
    if interrupted:
        return INTERRUPTED
    return 0 if summary.complete else FarEndFailed.exit_code


async def _with_progress(run: Run) -> Summary:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[sent]} messages"),
    )
    total, done = _goal(run)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(run.options.scenario, total=total, sent=0)

        async def watch() -> None:
            while True:
                progress.update(task, completed=done(), sent=run.tally.sent)
                await trio.sleep(PROGRESS_S)

        async with plain_nursery() as nursery:
            nursery.start_soon(watch)
            summary = await run.perform()
            nursery.cancel_scope.cancel()
    return summary


def _goal(run: Run) -> tuple[int, Callable[[], int]]:
    """Return what the bar counts up to, and how far it is: charges, reconnects or connections."""
    options, tally = run.options, run.tally
    stations = len(options.identities)
    if options.charges_planned:
        return options.charges_planned, lambda: len(tally.charges)
    if options.scenario == "storm":
        return stations * options.rounds, lambda: len(tally.reconnect_s)
    return stations, lambda: tally.connections


def _print_summary(summary: Summary) -> None:
    numbers = summary.to_json()
    rows = [
        ("stations", numbers["stations"]),
        ("connected", numbers["connected"]),
        ("charges completed", f"{numbers['chargesCompleted']} of {summary.charges_planned}"),
        ("messages sent", numbers["messagesSent"]),
        ("answered", numbers["answered"]),
        ("errors", summary.tally.errors),
        ("sent again as a test", numbers["repeated"]),
        ("energy", f"{numbers['energyWh']} Wh"),
        ("answer p50 / p99", _latencies(numbers["answerP50Ms"], numbers["answerP99Ms"])),
        ("reconnect p50 / p99", _latencies(numbers["reconnectP50Ms"], numbers["reconnectP99Ms"])),
        ("took", f"{summary.seconds:.1f} s"),
        ("seed", numbers["seed"]),
    ]
    hidden = set() if summary.charges_planned else {"charges completed", "energy"}
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right", overflow="fold")
    for name, value in rows:
        if name not in hidden and (value not in ("", 0) or name in ("connected", "answered", "errors")):
            table.add_row(name, str(value))
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 80)
    console.print(f"{summary.scenario} at {summary.url}", markup=False)
    console.print(table)


def _latencies(p50_ms: float | None, p99_ms: float | None) -> str:
    return "" if p50_ms is None or p99_ms is None else f"{p50_ms:.1f} / {p99_ms:.1f} ms"


def _failures(summary: Summary, options: RunOptions) -> list[str]:
    """Return a line for each kind of failure: how many stations, the first one's words, and the mend."""
    lines = []
    for kind, failed in summary.failures.by_kind.items():
        station, text = next(iter(failed.items()))
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        lines.append(_line(kind, station, text, more, options))
    tally = summary.tally
    if tally.call_errors or tally.timeouts or tally.discarded:
        lines.append(
            f"{tally.call_errors} messages were answered with an error and {tally.timeouts} not in time, "
            f"{tally.discarded} given up: see csms message list"
        )
    lines += tally.violations[:SHOWN_VIOLATIONS]
    if tally.violation_count > SHOWN_VIOLATIONS:
        lines.append(f"{tally.violation_count} breaches of the standard in all: see violationTexts of --json")
    return lines


def _line(kind: str, station: str, text: str, more: str, options: RunOptions) -> str:
    match kind:
        case "unreachable":
            return f"no CSMS answers at {text}{more}: start it with csms serve, or give another --url"
        case "http-401":
            fault = "the password was refused" if options.password_of(station) else "a password is needed"
            return (
                f"{station}{more}: {fault}: give the one that csms station add printed with --password or "
                f"--password-file; csms station password {station} sets a new one"
            )
        case "http-404":
            return f"{station}{more}: not known to the CSMS: csms station add {station}"
        case "subprotocol":
            return f"{station}{more}: {text}: the CSMS does not speak this version here: give another --ocpp"
        case "registration":
            return f"{station}{more}: {text}: csms station update {station} --registration accepted"
        case _ if kind.startswith("token-"):
            status = kind.removeprefix("token-")
            return (
                f"{station}{more}: id tag {text} is {status}: csms token add {text}, or give another --token"
            )
        case _:
            return f"{station}{more}: {text}"
