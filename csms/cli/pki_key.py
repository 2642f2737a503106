"""csms pki key: the root's private key, kept away from this machine and brought back when it is needed."""

import sys
from pathlib import Path

import typer

from csms.cli._console import YesFlag, confirm, out, run
from csms.cli._pem import read_pem, write_pem
from csms.errors import InvalidInput

app = typer.Typer(name="key", help="The root's private key: export, remove, restore.", no_args_is_help=True)
KeysOption = typer.Option("EC", "--keys", help="Which root: EC or RSA.")
PassphraseOption = typer.Option(
    None, "--passphrase-file", help="File whose first line is the passphrase; asked for if absent."
)


@app.command()
def export(
    ctx: typer.Context,
    file: Path = typer.Option(..., "--out", help="New file for key and certificate."),
    keys: str = KeysOption,
    passphrase_file: Path | None = PassphraseOption,
) -> None:
    """Write the root's key, encrypted with a passphrase of yours, and its certificate to a file."""
    passphrase = _passphrase(passphrase_file, again=True)
    found = run(ctx, "pki.key-export", passphrase=passphrase, algorithm=keys.upper())
    write_pem(found["pem"], file)
    out.print(f"{file}: key and certificate of {found['subject']}")


@app.command()
def remove(ctx: typer.Context, keys: str = KeysOption, yes: bool = YesFlag) -> None:
    """Take the root's key off this machine; certificates go on being issued, a rollover needs it back."""
    confirm(yes, "Remove the root's key? Only an exported copy brings it back.")
    done = run(ctx, "pki.key-remove", algorithm=keys.upper())
    out.print(f"the key of {done['subject']} is not on this machine any more")


@app.command()
def restore(
    ctx: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE", help="What csms pki key export wrote."),
    passphrase_file: Path | None = PassphraseOption,
) -> None:
    """Bring the root's key back from an exported file."""
    passphrase = _passphrase(passphrase_file, again=False)
    done = run(ctx, "pki.key-restore", pem=read_pem(file), passphrase=passphrase)
    out.print(f"the key of {done['subject']} is on this machine")


def _passphrase(file: Path | None, *, again: bool) -> str:
    if file is not None:
        lines = file.read_text().splitlines()
        return lines[0] if lines else ""
    if not sys.stdin.isatty():
        raise InvalidInput("no terminal to ask for the passphrase: --passphrase-file FILE")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=again))
