"""The commands there are, and that all are written down in docs/reference/cli.md."""

from pathlib import Path

from csms.cli import reference

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    "": ["init", "serve", "status", "doctor", "watch", "simulate", "version"],
    "tenant": ["add", "list", "show", "suspend", "activate", "terminate"],
    "station": [
        "add", "list", "show", "update", "remove", "password", "call", "config", "commands", "import", "export",
    ],
    "station command ID": [
        "reset", "unlock", "start", "stop", "availability", "trigger", "config get", "config set", "limit",
        "firmware", "log", "reserve", "cancel", "local-list sync", "report",
    ],
    "user": [
        "add", "list", "show", "role", "password", "block", "unblock", "remove", "api-key", "api-keys",
        "api-key-remove",
    ],
    "token": ["add", "list", "show", "block", "unblock", "remove", "import", "export"],
    "tariff": ["add", "list", "show", "assign", "activate", "deactivate", "explain"],
    "transaction": ["list", "show", "export"],
    "cdr": ["list", "show", "export"],
    "db": ["migrate", "status", "backup", "restore", "prune", "export"],
    "pki": [
        "init", "status", "issue", "sign", "renew", "revoke", "list", "crl", "export", "rollover", "trust add",
        "trust list", "trust remove", "key export", "key remove", "key restore",
    ],
    "config": ["check", "show", "path"],
    "message": ["list"],
    "audit": ["list", "verify"],
}  # fmt: skip


def test_the_committed_reference_is_the_generated_one() -> None:
    """`make docs` writes it."""
    assert (ROOT / "docs" / "reference" / "cli.md").read_text() == reference.markdown()


def test_every_promised_verb_is_there() -> None:
    there = set(reference.commands())
    promised = {
        " ".join(filter(None, ("csms", noun, verb))) for noun, verbs in PROMISED.items() for verb in verbs
    }
    assert promised - there == set()


def test_every_command_has_an_entry() -> None:
    text = reference.markdown()
    missing = [name for name in reference.commands() if f"### `{name}" not in text]
    assert missing == []


def test_every_command_and_every_option_says_what_it_does() -> None:
    lines = reference.markdown().splitlines()
    empty = [line for line in lines if line.startswith("| `") and line.rstrip(" |").endswith("`")]
    assert empty == []
