"""How an order to a station ended, told in one line: what was achieved, or what went wrong and exit code 6."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer

from csms.cli._console import Column, err, out, plain, print_json, print_table, run
from csms.errors import InvalidInput
from csms.model.variable import VariableName

IN_PLAIN_WORDS: Final = {
    "Unknown": "Unknown, there is nothing to clear",
    "NotSupported": "NotSupported, the station cannot do that",
    "NotImplemented": "NotImplemented, the station cannot send that",
}
WaitOption = typer.Option(0.0, "--wait", min=0.0, help="Seconds to wait for what really comes of it.")
TimeoutOption = typer.Option(None, "--timeout", min=0.1, help="Seconds to wait for the station's answer.")
_SCHEDULED: Final = "Scheduled, it takes effect when the running transaction ends"
_ITEMS: Final = ("setVariableResult", "setMonitoringResult", "clearMonitoringResult")
_TAKEN: Final = ("Accepted", "RebootRequired")
BAD_ENDS: Final = frozenset({"REFUSED", "FAILED", "TIMED_OUT"})


@dataclass(frozen=True, slots=True)
class Target:
    """The station that a command is for."""

    station: str


def place(text: str) -> dict[str, int]:
    """Return the EVSE, and the connector of it, that an operator means: 2, or 2/1 in OCPP 2.0.1."""
    evse, slash, connector = text.partition("/")
    if not evse.isdigit() or (slash and not connector.isdigit()):
        raise InvalidInput(f"a connector is a number, or EVSE/connector like 2/1, not {text[:20]!r}")
    return {"evse_id": int(evse)} | ({"connector_id": int(connector)} if slash else {})


def target(ctx: typer.Context) -> str:
    """Return the station that a command is for."""
    found = ctx.find_object(Target)
    if found is None:
        raise InvalidInput("name the station: csms station command ID VERB")
    return found.station


def order(
    ctx: typer.Context,
    verb: str,
    args: Mapping[str, Any],
    *,
    wait: float = 0.0,
    timeout: float | None = None,
    tenant: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Run one command and return how it ended."""
    found = ctx.find_object(Target)
    given = {name: value for name, value in args.items() if value is not None}
    done: dict[str, Any] = run(
        ctx,
        "station.command",
        station=found.station if found else None,
        verb=verb,
        args=given,
        tenant=tenant,
        force=force,
        wait_s=wait or None,
        timeout_s=timeout,
    )
    return done


def tell(
    json: bool,
    done: Mapping[str, Any],
    show: Callable[[Mapping[str, Any]], None] | None = None,
    *,
    waited_s: float = 0.0,
) -> None:
    """Print how a command ended and exit with the code for it; `show` prints a success its own way."""
    in_vain = done["outcome"] == "PENDING" and waited_s > 0
    failed = in_vain or done["outcome"] in BAD_ENDS
    if json:
        print_json(done)
    elif failed:
        err.print(plain(f"csms: {_complaint(done, waited_s)}"), markup=False, soft_wrap=True)
    elif show is not None:
        show(done)
    else:
        out.print(plain(_line(done)), markup=False)
    if failed:
        raise typer.Exit(6)


def _line(done: Mapping[str, Any]) -> str:
    """Say in one line what was achieved."""
    station, said = done["stationId"], _said(done)
    if (done["outcome"], done["action"], said) == ("PENDING", "ChangeAvailability", "Scheduled"):
        return f"{station}: {_SCHEDULED}"
    if done["outcome"] == "PENDING":
        follow = f", last {done['followedBy']}" if done["followedBy"] else ""
        return f"{station}: {said}{follow}; not done yet, csms station commands {station} shows what follows"
    if done["detail"].get("transactionId"):
        return f"{station}: transaction {done['detail']['transactionId']} started"
    if done["followedBy"]:
        return f"{station}: {done['followedBy']}"
    if said == "Scheduled":
        return f"{station}: {_SCHEDULED}"
    if said == "RebootRequired":
        return f"{station}: RebootRequired, it takes effect after csms station command {station} reset"
    return f"{station}: {said}"


def _complaint(done: Mapping[str, Any], waited_s: float) -> str:
    """Say in one line what went wrong."""
    station, outcome = done["stationId"], done["outcome"]
    if done["error"]:
        return f"{station} {done['status'].lower()}: {done['error']}"
    if outcome == "PENDING":
        followed = f"nothing after {done['followedBy']}" if done["followedBy"] else "nothing"
        return (
            f"{station} {_said(done).lower()} {done['action']}, but {followed} followed within {waited_s:g} s"
        )
    if outcome == "TIMED_OUT":
        followed = done["followedBy"] or "nothing followed"
        return f"{station} {_said(done).lower()} {done['action']}, but {followed} in time"
    if outcome == "FAILED":
        return f"{station}: {done['action']} ended with {done['followedBy'] or 'no answer'}"
    said = _refused_items(done) or _said(done)
    return f"{station} refused {done['action']}: {IN_PLAIN_WORDS.get(said, said)}"


def _said(done: Mapping[str, Any]) -> str:
    """Return the station's own word, where its answer has one; of several, one that is not Accepted."""
    words = [word for _, word, _ in _items(done)]
    overall = next((word for word in words if word != "Accepted"), "Accepted")
    return str((done["response"] or {}).get("status", overall))


def _refused_items(done: Mapping[str, Any]) -> str:
    """Name the settings or monitors that a station has not taken, each with its word and reason."""
    refused = [(name, word, why) for name, word, why in _items(done) if word not in _TAKEN]
    return ", ".join(f"{name} {word} ({why})" if why else f"{name} {word}" for name, word, why in refused)


def _items(done: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what OCPP 2.0.1 says of each setting or monitor of a request: its name, the word, the reason if any."""
    for key, values in (done["response"] or {}).items():
        if key not in _ITEMS:
            continue
        for item in values:
            info = item.get("attributeStatusInfo") or item.get("statusInfo") or {}
            why = ", ".join(str(info[part]) for part in ("reasonCode", "additionalInfo") if info.get(part))
            word = str(item.get("attributeStatus") or item.get("status"))
            yield _name(item), word, why


def _name(item: Mapping[str, Any]) -> str:
    """Return what people call a setting, or the variable or the number of a monitor."""
    component, variable = item.get("component"), item.get("variable")
    if not component or not variable:
        return f"monitor {item.get('id')}"
    evse = component.get("evse") or {}
    return str(
        VariableName(
            component=str(component.get("name")),
            variable=str(variable.get("name")),
            component_instance=str(component.get("instance") or ""),
            variable_instance=str(variable.get("instance") or ""),
            evse_id=evse.get("id") or 0,
            connector_id=evse.get("connectorId") or 0,
            attribute=str(item.get("attributeType") or "Actual"),
        )
    )


def settings(done: Mapping[str, Any]) -> None:
    """Print the settings that a station has told, and name those it does not know."""
    columns: list[Column] = [("setting", "name"), ("value", "value"), ("read-only", "readonly")]
    if _said(done) == "RebootRequired":
        out.print(_line(done), markup=False)
    print_table(done["detail"].get("settings", []), columns, empty="the station reports none of it")
    unknown = done["detail"].get("unknown", [])
    if unknown:
        err.print(
            f"csms: not known to {done['stationId']}: {', '.join(unknown)}", markup=False, soft_wrap=True
        )


def synced(done: Mapping[str, Any]) -> None:
    """Print what was done to a station's local list."""
    detail = done["detail"]
    if detail["update"] is None:
        text = f"in step at version {detail['version']}"
    else:
        text = (
            f"{detail['update']} update to version {detail['version']}, {detail['entriesSent']} entries sent"
        )
    left_out = f"; {detail['idTokensLeftOut']} too long for it" if detail["idTokensLeftOut"] else ""
    out.print(f"{done['stationId']}: {text}, {detail['idTokens']} id tokens{left_out}", markup=False)
