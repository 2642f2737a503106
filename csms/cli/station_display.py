"""csms station command ID display … and customer: messages on displays, and what stations know of customers."""

import json as jsonlib
from typing import Any

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    print_table,
    run,
    show,
    when,
)
from csms.cli.station_outcome import TimeoutOption, order, target, tell
from csms.errors import InvalidInput
from csms.model.display_message import MessageFormat, MessagePriority, MessageState

MESSAGES: list[Column] = [
    ("id", "id"),
    ("priority", "priority"),
    ("during", lambda m: m["transactionId"] or m["state"]),
    ("from", lambda m: when(m["startsAt"])),
    ("until", lambda m: when(m["endsAt"])),
    ("language", "language"),
    ("message", "content"),
    ("reported", lambda m: when(m["reportedAt"])),
]
display = typer.Typer(name="display", help="Messages on the station's display.", no_args_is_help=True)


@display.command("set")
def set_(
    ctx: typer.Context,
    text: str = typer.Argument(..., help="What it shows, at most 512 characters."),
    number: int | None = typer.Option(None, "--id", min=0, help="Replace the message of this number."),
    priority: MessagePriority = typer.Option(
        MessagePriority.NORMAL_CYCLE, "--priority", help="Whether others may show beside it."
    ),
    format_: MessageFormat = typer.Option(MessageFormat.UTF8, "--format", help="How the text is written."),
    language: str | None = typer.Option(None, "--language", help="Of the text, like de."),
    state: MessageState | None = typer.Option(None, "--state", help="Only while the station is so."),
    since: str | None = typer.Option(None, "--since", help="From then on, ISO 8601 with zone."),
    until: str | None = typer.Option(None, "--until", help="Up to then, ISO 8601 with zone."),
    transaction: str | None = typer.Option(None, "--transaction", help="During this one of the station's."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show a message (not in OCPP 1.6)."""
    args = {
        "content": text, "id": number, "priority": priority.value, "format": format_.value, "language": language,
        "state": state.value if state else None, "starts_at": since, "ends_at": until, "transaction": transaction,
    }  # fmt: skip
    done = order(ctx, "display.set", args, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: out.print(f"{d['stationId']}: message {d['detail']['messageId']} shows"))


@display.command("list")
def list_(
    ctx: typer.Context,
    known: bool = typer.Option(False, "--known", help="What was known last, without asking the station."),
    wait: float = typer.Option(15.0, "--wait", min=0.0, help="Seconds to wait for the station's report."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Ask the station for its messages and list what is known of them."""
    if known:
        found = run(ctx, "station.displays", station=target(ctx), tenant=tenant)
        show(json, found, MESSAGES, empty="no messages")
        return
    done = order(ctx, "display.list", {}, wait=wait, timeout=timeout, tenant=tenant)
    if not json and done["response"] == {"status": "Unknown"}:
        out.print(f"{done['stationId']}: no messages", markup=False)
        return
    tell(json, done, _messages, waited_s=wait)


@display.command("clear")
def clear(
    ctx: typer.Context,
    number: int = typer.Argument(..., metavar="ID", help="The number of the message."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show a message no more."""
    tell(json, order(ctx, "display.clear", {"id": number}, timeout=timeout, tenant=tenant))


def customer(
    ctx: typer.Context,
    token: str | None = typer.Option(None, "--token", help="The customer, by an id token."),
    identifier: str | None = typer.Option(
        None, "--identifier", help="The customer, by the vendor's own word."
    ),
    certificate: str | None = typer.Option(
        None, "--certificate", metavar="JSON", help="The customer, by a certificate's hash data."
    ),
    clear: bool = typer.Option(False, "--clear", help="Have the station forget the customer."),
    request: int | None = typer.Option(
        None, "--request", help="Show what came after the wait for this request was over."
    ),
    report: bool = typer.Option(True, "--report/--no-report", help="Have the station tell what it knows."),
    wait: float = typer.Option(30.0, "--wait", min=0.0, help="Seconds to wait for all of it."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Show what the station knows of a customer, once; have it forgotten with --clear (not in OCPP 1.6)."""
    if request is not None:
        late = run(ctx, "station.customer", station=target(ctx), request=request, tenant=tenant)
        print_json(late) if json else out.print(late["data"], markup=False)
        return
    if clear:
        confirm(yes, "Have the station forget this customer?")
    args = {
        "id_token": token, "identifier": identifier, "certificate": _json(certificate), "clear": clear,
        "report": report,
    }  # fmt: skip
    done = order(ctx, "customer", args, wait=wait if report else 0.0, timeout=timeout, tenant=tenant)
    tell(json, done, _customer, waited_s=wait if report else 0.0)


def _messages(done: Any) -> None:
    print_table(done["detail"]["messages"], MESSAGES, empty="no messages")


def _customer(done: Any) -> None:
    if "data" in done["detail"]:
        out.print(done["detail"]["data"] or "the station knows nothing of this customer", markup=False)
    else:
        out.print(f"{done['stationId']}: {done['response']['status']}", markup=False)


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        value = jsonlib.loads(text)
    except ValueError as error:
        raise InvalidInput(f"--certificate is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput(
            "--certificate is an object: hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber"
        )
    return value
