"""Where settings come from: csms.toml and the environment; finds lines, and names that were meant."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

_HEADER: Final = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_ASSIGNMENT: Final = re.compile(r"\s*[\"']?([\w.-]+)[\"']?\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where ("csms.toml:12" or a variable), with which key, and how to mend it."""

    where: str
    key: str
    fault: str

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.where}:", self.key, self.fault) if part)


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was found, and where."""

    value: object
    where: str


def from_environment(
    environ: Mapping[str, str], keys: Collection[str], problems: list[Problem]
) -> Iterator[tuple[str, Given]]:
    """Yield each "section.key" that a CSMS_SECTION_KEY variable sets; names that nearly fit are problems."""
    variables = {f"CSMS_{key.replace('.', '_').upper()}": key for key in keys}
    prefixes = tuple(f"CSMS_{key.partition('.')[0].upper()}_" for key in keys)
    for variable, value in environ.items():
        if variable in variables:
            yield variables[variable], Given(value, variable)
        elif variable.startswith(prefixes):
            problems.append(Problem(variable, "", f"is no setting; {_nearest(variable, variables)}"))


def from_file(path: Path, keys: Collection[str], problems: list[Problem]) -> Iterator[tuple[str, Given]]:
    """Yield each "section.key" that csms.toml sets; what cannot be read or is unknown goes to `problems`."""
    document, text = _parse(path, problems)
    sections = {key.partition(".")[0] for key in keys}
    for section, content in document.items():
        if section not in sections or not isinstance(content, dict):
            where = f"{path}:{_line(text, section)}"
            problems.append(Problem(where, section, f"is no section; {_nearest(section, sections)}"))
            continue
        for name, value in content.items():
            key = f"{section}.{name}"
            where = f"{path}:{_line(text, section, name)}"
            if key in keys:
                yield key, Given(value, where)
            else:
                problems.append(Problem(where, key, f"is no setting; {_nearest(key, keys)}"))


def _parse(path: Path, problems: list[Problem]) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except OSError as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        problems.append(Problem(str(path), "", f"is not UTF-8 at byte {error.start}; save it as UTF-8"))
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rstrip(")").partition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = f"{path}:{line[1]}" if line else str(path)
        problems.append(Problem(where, "", f"is not TOML: {message} ({place})"))
    return {}, ""


def _line(text: str, section: str, name: str | None = None) -> int:
    """Return the line of a key, or of its section; good enough to point at, without a second parser."""
    here, section_starts = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = full = header[1]
        elif assignment := _ASSIGNMENT.match(line):
            full = f"{here}.{assignment[1]}" if here else assignment[1]
        else:
            continue
        if name is not None and full == f"{section}.{name}":
            return number
        if full.partition(".")[0] == section:
            section_starts = section_starts or number
    return section_starts or 1


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
