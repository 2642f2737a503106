"""`make bench`: the appliance against its baseline in the same run, medians of three, as a table.

    python -m bench [--rounds 3] [--quick] [--write docs/reference/performance.md]

Server and load are separate processes; CPU is the operating system's account of the server, all threads together.
Everything stays on 127.0.0.1, is bounded in messages and time, and ends by itself.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.processes import Load, Server, appliance, baseline

STATIONS = 100
IDLE = 2_000
STORM = 5_000
MICRO = 1e6


def cpu_per_message(
    start: Callable[[], AbstractContextManager[Server]], work: str, messages: int, rounds: int
) -> float:
    """Return the server's CPU seconds per message in a closed loop of 100 stations, median of the rounds."""
    with start() as server:
        load = Load(server.port, stations=STATIONS, work=work, messages=messages)
        load.go()
        found = []
        for _ in range(rounds):
            before = server.cpu_s()
            done = load.go()
            found.append((server.cpu_s() - before) / done["messages"])
        load.stop()
    return statistics.median(found)


def idle_bytes(start: Callable[[], AbstractContextManager[Server]]) -> float:
    """Return the resident bytes of one idle connection that has booted."""
    with start() as server:
        warm = Load(server.port, stations=100, work="idle")
        time.sleep(1)
        warm.stop()
        before = server.resident_bytes()
        load = Load(server.port, stations=IDLE, work="idle")
        time.sleep(2)
        each = (server.resident_bytes() - before) / IDLE
        load.stop()
    return each


def paced(start: Callable[[], AbstractContextManager[Server]], messages: int) -> float:
    """Return the p99 answer time in seconds at 50 messages a second."""
    with start() as server:
        load = Load(server.port, stations=STATIONS, work="paced", messages=messages, interval=2.0)
        done = load.go()
        load.stop()
    return float(done["p99"])


def storm() -> dict[str, Any]:
    """Return how 5,000 stations connected and booted: seconds, failures, p99 of one, resident bytes."""
    with appliance(STORM) as server:
        load = Load(server.port, stations=STORM, at_once=STORM, work="idle")
        found = load.connected | {"resident": server.resident_bytes()}
        load.stop()
    return found


def start_up(rounds: int) -> tuple[float, int]:
    """Return seconds from `csms serve` to ready on an empty database, and resident bytes then."""
    times, resident = [], 0
    for _ in range(rounds):
        with appliance(0) as server:
            times.append(server.ready_s)
            resident = server.resident_bytes()
    return statistics.median(times), resident


def measure(rounds: int, quick: bool) -> dict[str, float]:
    """Run everything and return the figures by name; times in seconds, sizes in bytes."""
    share = 4 if quick else 1
    house = lambda: appliance(IDLE)  # noqa: E731
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("baseline meter", lambda: cpu_per_message(baseline, "meter", 60 // share, rounds)),
        ("csms meter", lambda: cpu_per_message(house, "meter", 200 // share, rounds)),
        ("baseline charge", lambda: cpu_per_message(baseline, "charge", 64 // share, rounds)),
        ("csms charge", lambda: cpu_per_message(house, "charge", 160 // share, rounds)),
        ("baseline charge201", lambda: cpu_per_message(baseline, "charge201", 64 // share, rounds)),
        ("csms charge201", lambda: cpu_per_message(house, "charge201", 160 // share, rounds)),
        ("baseline idle", lambda: idle_bytes(baseline)),
        ("csms idle", lambda: idle_bytes(house)),
        ("baseline p99", lambda: paced(baseline, 12 // share)),
        ("csms p99", lambda: paced(house, 12 // share)),
        ("storm", storm),
        ("start", lambda: start_up(rounds)),
    ]
    figures: dict[str, float] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=len(steps))
        for name, step in steps:
            progress.update(task, description=name)
            found = step()
            if name == "storm":
                figures |= {"storm seconds": found["seconds"], "storm failed": found["failed"]}
                figures |= {"storm p99": found["p99"], "storm resident": found["resident"]}
            elif name == "start":
                figures["start seconds"], figures["start resident"] = found
            else:
                figures[name] = found
            progress.advance(task)
    return figures


def rows(figures: dict[str, float]) -> list[tuple[str, str, str, str, str]]:
    """Return the table: what, baseline, csms, ratio, aim."""

    def pair(name: str, unit: str, scale: float, aim: str, digits: int = 0) -> tuple[str, str, str, str, str]:
        key = name.rsplit(": ", 1)[1]
        base, ours = figures[f"baseline {key}"], figures[f"csms {key}"]
        shown = (
            f"{base * scale:.{digits}f} {unit}",
            f"{ours * scale:.{digits}f} {unit}",
            f"{base / ours:.1f}",
        )
        return (name.rsplit(": ", 1)[0], *shown, aim)

    megabyte = 1024 * 1024
    return [
        pair("MeterValues, 8 samples, CPU: meter", "µs", MICRO, "≤ 300 µs, ratio ≥ 8"),
        pair("whole charge, CPU a message: charge", "µs", MICRO, "≤ 400 µs"),
        pair("OCPP 2.0.1 charge, CPU a message: charge201", "µs", MICRO, "≤ 400 µs, ratio ≥ 10"),
        pair("memory of an idle connection: idle", "KiB", 1 / 1024, "≤ 16 KiB", 1),
        pair("p99 answer at 50 msg/s: p99", "ms", 1000, "≤ 10 ms", 1),
        (
            "5,000 stations connect and boot",
            "",
            f"{figures['storm seconds']:.1f} s, {figures['storm failed']:.0f} failed",
            "",
            "≤ 30 s, none failed",
        ),
        (
            "serve to ready, resident",
            "",
            f"{figures['start seconds']:.2f} s, {figures['start resident'] / megabyte:.0f} MiB",
            "",
            "≤ 2 s, ≤ 120 MiB",
        ),
    ]


HEADINGS = ("what", "ocpp package, nothing stored", "csms, stored", "ratio", "aim")


def machine() -> str:
    """Return what this was measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores of {model}, {platform.system()} {platform.release()}, {python}"


def write(path: Path, figures: dict[str, float]) -> None:
    """Replace the measured part of the performance page."""
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows(figures)),
    ]
    page = path.read_text()
    before, rest = page.split(begin, 1)
    after = rest.split(end, 1)[1]
    when = time.strftime("%Y-%m-%d")
    path.write_text(
        f"{before}{begin}\nMeasured {when} on {machine()}.\n\n" + "\n".join(lines) + f"\n{end}{after}"
    )


def main() -> None:
    """Measure, print, and write the page when asked."""
    parser = argparse.ArgumentParser(description="Measure csms against its baseline on this machine.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a quarter of the messages")
    parser.add_argument("--write", type=Path, help="a Markdown page whose measured part is replaced")
    options = parser.parse_args()
    figures = measure(options.rounds, options.quick)
    table = Table(*HEADINGS, title=machine(), box=None)
    for row in rows(figures):
        table.add_row(*row)
    Console(width=140).print(table)
    sys.stdout.write(json.dumps(figures) + "\n")
    if options.write:
        write(options.write, figures)


if __name__ == "__main__":
    main()
