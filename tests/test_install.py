"""The installer: what it says, what it refuses, and that a dry run leaves no trace. Needs no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = ("install.sh", "install", "requirements.lock", "requirements-dev.lock", "requirements-build.lock")


def run(
    *arguments: str | Path, path: str = os.environ["PATH"], **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": path, "PYTHON": sys.executable, **environ},
        timeout=60,
    )


@pytest.fixture
def checkout(tmp_path):
    """A checkout in which nothing has been set up, with a blank in its name."""
    home = tmp_path / "a checkout"
    home.mkdir()
    for name in (*SHIPPED, "pyproject.toml", "config", "systemd"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, home / name)
    (home / "csms").mkdir()
    shutil.copy(ROOT / "csms" / "__init__.py", home / "csms")
    return home


@pytest.fixture
def programs(tmp_path):
    """A PATH of a machine that has only what every machine has; more is added by name."""
    home = tmp_path / "bin"
    home.mkdir()
    base = "bash sh env cat sed tr cut dirname basename uname readlink sha256sum find sort xargs mkdir wc tail rm"

    def add(*names: str, **scripts: str) -> str:
        for name in names:
            (home / name).symlink_to(shutil.which(name) or pytest.skip(f"no {name} here"))
        for name, text in scripts.items():
            (home / name).write_text(f"#!/bin/sh\n{text}\n")
            (home / name).chmod(0o755)
        return str(home)

    add("getent", *base.split())
    return add


def contents(home: Path) -> set[Path]:
    return set(home.rglob("*"))


def test_help_shows_every_way_to_use_it(checkout):
    told = run(checkout / "install.sh", "--help")
    assert told.returncode == 0
    for option in ("--demo", "--once", "--test", "--uninstall", "--dry-run"):
        assert option in told.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"), [(["--tset"], "what is --tset?"), (["--once"], "--once belongs to --demo")]
)
def test_wrong_use_is_one_line_and_code_2(checkout, arguments, complaint):
    told = run(checkout / "install.sh", *arguments)
    assert told.returncode == 2
    assert told.stderr.splitlines()[-1] == f"install.sh: {complaint}"


@pytest.mark.parametrize("arguments", [["--demo"], ["--demo", "--once"], ["--test"], [], ["--uninstall"]])
def test_a_dry_run_changes_nothing(checkout, arguments):
    before = contents(checkout)
    told = run(checkout / "install.sh", *arguments, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert len(told.stdout.splitlines()) > 2
    assert contents(checkout) == before


def test_the_steps_of_the_service_are_in_order(checkout):
    told = run(checkout / "install.sh", "--dry-run").stdout
    steps = (
        "Making /opt/csms/releases/",
        "Checking /etc/csms/csms.toml",
        "Switching to",
        "daemon-reload",
        "start csms",
    )
    places = [told.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize("arguments", [[], ["--uninstall"]])
def test_the_service_needs_root(checkout, programs, arguments):
    path = programs("python3", id="echo 1000")
    told = run(checkout / "install.sh", *arguments, path=path)
    assert told.returncode == 4
    assert told.stderr.startswith("install.sh: this needs root: sudo ./install.sh")


def test_what_is_missing_is_named_in_one_line(checkout, programs):
    path = programs("python3", "make", **{"id": "echo 1000", "apt-get": "exit 1"})
    told = run(checkout / "install.sh", "--demo", path=path)
    assert told.returncode == 1
    assert told.stderr == "install.sh: missing: g++. Install with: sudo apt-get install g++\n"


def test_what_is_missing_is_named_in_the_words_of_the_machine(checkout, programs):
    path = programs(id="echo 1000", dnf="exit 1", python3="exit 1")
    told = run(checkout / "install.sh", "--test", path=path, PYTHON="")
    assert "missing: python3 gcc-c++ make. Install with: sudo dnf install python3 gcc-c++ make" in told.stderr


def test_root_gets_it_installed(checkout, programs):
    apt = 'echo "$@" >>"$0.calls"; exit 0'
    path = programs("python3", "make", "grep", **{"id": "echo 0", "apt-get": apt})
    told = run(checkout / "install.sh", "--demo", "--dry-run", path=path)
    assert told.returncode == 0, told.stderr
    wanted = ("apt-get update -q", "apt-get install -q -y --no-install-recommends g++")
    assert [line for line in wanted if line not in told.stdout] == []


def test_an_old_python_is_not_taken(checkout, programs):
    path = programs(
        "make", "grep", **{"g++": "exit 0", "id": "echo 1000", "apt-get": "exit 1", "python3": "exit 1"}
    )
    told = run(checkout / "install.sh", "--demo", path=path, PYTHON="")
    assert "missing: python3 python3-venv." in told.stderr


def test_a_second_run_installs_nothing(checkout, tmp_path):
    """What the first run noted down is believed as long as the locks say the same."""
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "python").write_text("#!/bin/sh\nexit 0\n")
    (venv / "csms").write_text("#!/bin/sh\nexit 0\n")
    for program in venv.iterdir():
        program.chmod(0o755)
    script = f'root="{checkout}"; . "$root/install/steps.sh"; . "$root/install/machine.sh"; find_python; '
    noted = run("bash", "-c", script + "note_installed requirements-dev.lock").stdout
    (checkout / ".venv" / "installed").write_text(noted)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert run("bash", "-c", script + f"prepare_checkout {lock}").stdout == "- .venv is up to date\n"
    with (checkout / "requirements.lock").open("a") as lock_file:
        lock_file.write("# changed\n")
    told = run("bash", "-c", f"dry_run=yes; {script} prepare_checkout requirements.lock").stdout
    assert "building a parser" in told


def steps(script: str, log: Path) -> subprocess.CompletedProcess[str]:
    return run("bash", "-c", f'set -euo pipefail; . "{ROOT}/install/steps.sh"; log_to "{log}"; {script}')


def test_a_failing_step_shows_its_own_last_words(tmp_path):
    log = tmp_path / "install.log"
    told = steps("step First echo quiet; step Second sh -c 'echo loud; exit 3'; echo never", log)
    assert told.returncode == 1
    assert told.stdout == "- First\n- Second: failed\n"
    assert told.stderr == f"    loud\ninstall.sh: that did not work; the whole log is in {log}\n"
    assert "quiet" in log.read_text()


def test_an_attempt_that_fails_can_be_answered(tmp_path):
    told = steps("attempt First false || echo otherwise", tmp_path / "install.log")
    assert (told.returncode, told.stdout) == (0, "- First: failed\notherwise\n")


def test_retrying_ends(tmp_path):
    count = tmp_path / "count"
    told = steps(
        f"sleep() {{ :; }}; try() {{ echo x >>{count}; return 1; }}; retry 3 try || echo gave up",
        tmp_path / "l",
    )
    assert told.stdout.endswith("gave up\n")
    assert count.read_text() == "x\n" * 3
