"""The reference of the command line, written from the commands themselves: `python -m csms.cli.reference`."""

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.main import get_command

from csms.cli.main import app

_KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH"}

INTRODUCTION = """# The command line

Generated from the code by `make docs`; a test compares. `csms NOUN VERB`; every command has `--help`.

Global options stand before the noun: `--data-dir DIR` (else `CSMS_DATA_DIR`, `/var/lib/csms` where writable, `./var`)
and `--config FILE`. Reads take `--json`: an array or an object with camelCase keys. Destructive verbs ask unless
`--yes`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | internal error |
| 2 | invalid use or input |
| 3 | not found |
| 4 | not allowed |
| 5 | conflict |
| 6 | station or partner offline, timed out or refused |
| 7 | the appliance is not running |

Verbs work with the appliance running (over `csms.sock` in the data directory) and, where no live station is needed,
with it stopped. `csms --install-completion` installs completion for your shell.
"""


def markdown() -> str:
    """Return the whole reference."""
    return INTRODUCTION + "".join(_command("csms", get_command(app)))


def commands() -> Iterator[str]:
    """Return the full name of every command, like `csms station add`."""
    yield from _names("csms", get_command(app))


def _names(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
        return
    for verb in sorted(inner):
        yield from _names(f"{_with_arguments(name, command)} {verb}", inner[verb])


def _command(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        if name != "csms":
            yield f"\n## {name}\n\n{_text(command.help)}\n"
        for verb in sorted(inner, key=lambda verb: (hasattr(inner[verb], "commands"), verb)):
            yield from _command(f"{_with_arguments(name, command)} {verb}", inner[verb])
        return
    arguments = _arguments(command)
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([_with_arguments(name, command), *(["[OPTIONS]"] if options else [])])
    yield f"\n### `{usage}`\n\n{_text(command.help)}\n"
    rows = [(_argument(p), p) for p in arguments if getattr(p, "help", None)] + [
        (_option(p), p) for p in options
    ]
    if rows:
        yield "\n| | |\n|---|---|\n"
        yield from (f"| `{shown}` | {_text(getattr(p, 'help', ''))}{_default(p)} |\n" for shown, p in rows)


def _with_arguments(name: str, command: Any) -> str:
    """Return a command's name with what must follow it; a noun of nouns may take an id before its verb."""
    return " ".join([name, *(_argument(p) for p in _arguments(command))])


def _arguments(command: Any) -> list[Any]:
    return [p for p in command.params if p.param_type_name == "argument"]


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    names = ", ".join(parameter.opts)
    if parameter.is_flag:
        return names
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = "\\|".join(str(member.value) for member in kind)
        return f"{names} {members}"
    return f"{names} {parameter.metavar or _KINDS.get(kind, 'TEXT')}"


def _default(parameter: Any) -> str:
    default = getattr(parameter, "default", None)
    if default in (None, False, True, (), [], "") or callable(default) or parameter.required:
        return ""
    return f" Default: `{getattr(default, 'value', default)}`."


def _text(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    sys.stdout.write(markdown())
