"""Help pages show what is written: square brackets in a help text are no markup."""

from typing import Any

from rich.markup import escape
from typer.core import HAS_RICH


def show_as_written(command: Any) -> None:
    """Escape the texts of a command and of all commands below it, where they are shown with markup."""
    if not HAS_RICH:
        return
    for part in (command, *command.params):
        for name in ("help", "short_help"):
            text = getattr(part, name, None)
            if text and "[" in text:
                setattr(part, name, escape(text))
    for inner in getattr(command, "commands", {}).values():
        show_as_written(inner)
