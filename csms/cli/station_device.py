"""csms station command ID report|monitor|network-profile: a station's device model and what it watches.

In OCPP 1.6 there is none of it but the settings.
"""

import typer

from csms.cli._console import Column, JsonFlag, TenantOption, run, show
from csms.cli.station_outcome import TimeoutOption, WaitOption, order, tell
from csms.errors import InvalidInput
from csms.model.device_command import ComponentCriterion, MonitorCriterion, ReportExtent
from csms.model.monitor import MonitoringBase, MonitorKind

monitor = typer.Typer(name="monitor", help="What the station watches and reports.", no_args_is_help=True)

BASES = {
    "all": MonitoringBase.ALL.value,
    "factory": MonitoringBase.FACTORY_DEFAULT.value,
    "hard-wired": MonitoringBase.HARD_WIRED_ONLY.value,
}
CRITERIA = {name.removesuffix("Monitoring").lower(): name.value for name in MonitorCriterion}
COLUMNS: list[Column] = [
    ("id", "id"),
    ("variable", "variable"),
    ("type", "type"),
    ("value", "value"),
    ("severity", "severity"),
    ("in transactions only", "transaction"),
    ("ours", "custom"),
]


def report(
    ctx: typer.Context,
    names: list[str] = typer.Argument(None, help="Only these: EVSE@1, or OCPPCommCtrlr.HeartbeatInterval."),
    extent: str = typer.Option("full", "--extent", help=f"{', '.join(ReportExtent)}."),
    criterion: list[str] = typer.Option(
        [], "--criterion", help=f"Only components that are {', '.join(ComponentCriterion)}."
    ),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station report its device model; it is done when the report is whole."""
    args = {
        "extent": _one_of(extent, {name.value: name.value for name in ReportExtent}),
        "names": names or [],
        "criteria": [
            _one_of(c, {name.lower(): name.value for name in ComponentCriterion}) for c in criterion
        ],
    }
    tell(json, order(ctx, "report", args, wait=wait, timeout=timeout, tenant=tenant), waited_s=wait)


def network_profile(
    ctx: typer.Context,
    slot: int = typer.Argument(..., help="The station's slot for it."),
    url: str = typer.Argument(..., help="Where the CSMS is, like wss://csms.example:9443/ocpp."),
    profile: int = typer.Option(..., "--profile", min=0, max=3, help="Security profile."),
    interface: str = typer.Option(
        "Wired0", "--interface", help="Wired0 to Wired3 or Wireless0 to Wireless3."
    ),
    message_timeout: int = typer.Option(
        30, "--message-timeout", min=1, help="Seconds it waits for an answer."
    ),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Give the station a way to reach a CSMS; NetworkConfigurationPriority decides when it is used."""
    args = {
        "slot": slot,
        "url": url,
        "profile": profile,
        "interface": interface,
        "message_timeout_s": message_timeout,
    }
    tell(json, order(ctx, "network-profile", args, timeout=timeout, tenant=tenant))


@monitor.command("set")
def monitor_set(
    ctx: typer.Context,
    variable: str = typer.Argument(..., help="What to watch, like EVSE@1.Power."),
    kind: str = typer.Option(..., "--type", help=f"{', '.join(MonitorKind)}."),
    value: str = typer.Option(..., "--value", help="The bound, the change, or seconds for periodic ones."),
    severity: int = typer.Option(5, "--severity", min=0, max=9, help="From 0, danger, to 9, debug."),
    transaction: bool = typer.Option(False, "--transaction", help="Only while a charge is running."),
    number: int | None = typer.Option(None, "--id", help="Replace this monitor."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station watch a variable; csms alert list shows what it sees."""
    wanted = {
        "variable": variable,
        "kind": _one_of(kind, {name.lower(): name.value for name in MonitorKind}),
        "value": value,
        "severity": severity,
        "in_transaction": transaction,
        "id": number,
    }
    tell(json, order(ctx, "monitor.set", {"monitors": [wanted]}, timeout=timeout, tenant=tenant))


@monitor.command("clear")
def monitor_clear(
    ctx: typer.Context,
    numbers: list[int] = typer.Argument(..., metavar="NUMBER…", help="Of csms station monitors ID."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station watch no more."""
    tell(json, order(ctx, "monitor.clear", {"ids": numbers}, timeout=timeout, tenant=tenant))


@monitor.command("base")
def monitor_base(
    ctx: typer.Context,
    base: str = typer.Argument(..., help=f"{', '.join(BASES)}: all but the first remove what was set."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Choose which monitors are active at all."""
    tell(json, order(ctx, "monitor.base", {"base": _one_of(base, BASES)}, timeout=timeout, tenant=tenant))


@monitor.command("level")
def monitor_level(
    ctx: typer.Context,
    severity: int = typer.Argument(..., min=0, max=9, help="From 0, danger, to 9, debug."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station report nothing less severe than this."""
    tell(json, order(ctx, "monitor.level", {"severity": severity}, timeout=timeout, tenant=tenant))


@monitor.command("report")
def monitor_report(
    ctx: typer.Context,
    names: list[str] = typer.Argument(None, help="Only of these components or variables."),
    criterion: list[str] = typer.Option([], "--criterion", help=f"Only {', '.join(CRITERIA)}."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station report its monitors; it is done when the report is whole."""
    args = {"names": names or [], "criteria": [_one_of(c, CRITERIA) for c in criterion]}
    tell(json, order(ctx, "monitor.report", args, wait=wait, timeout=timeout, tenant=tenant), waited_s=wait)


def monitors(
    ctx: typer.Context, station: str, tenant: str | None = TenantOption, json: bool = JsonFlag
) -> None:
    """Show what a station watches, as far as it has told."""
    found = run(ctx, "station.monitors", station=station, tenant=tenant)
    show(json, found, COLUMNS, empty=f"none known: csms station command {station} monitor report --wait 60")


def config(
    ctx: typer.Context,
    station: str,
    part: str = typer.Argument(
        "", metavar="[PART]", help="Only settings with this in either of their names."
    ),
    desired: bool = typer.Option(False, "--desired", help="Only those that are desired."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show the settings a station has reported, what is desired of it, and what came of that."""
    every = run(ctx, "station.config", station=station, tenant=tenant)
    found = [
        entry
        for entry in every
        if part.casefold() in f"{entry['name']} {entry['alsoCalled'] or ''}".casefold()
        and (entry["outcome"] or not desired)
    ]
    columns: list[Column] = [
        ("setting", "name"),
        ("value", "value"),
        ("unit", "unit"),
        ("read-only", "readonly"),
        ("desired", "desired"),
        ("outcome", lambda c: f"{c['outcome']} {c['detail'] or ''}".strip() if c["outcome"] else None),
        ("needs a reboot", lambda c: c["needsReboot"] or None),
        ("also called", "alsoCalled"),
    ]
    empty = f"nothing reported yet: csms station command {station} config get asks for all"
    if every:
        empty = "no such setting"
    show(json, found, columns, empty=empty, spare=("also called", "unit", "read-only"))


def _one_of(given: str, known: dict[str, str]) -> str:
    """Return the standard's word for one of ours; its own is taken too."""
    meant = known.get(given.casefold()) or next((w for w in known.values() if w == given), None)
    if meant is None:
        raise InvalidInput(f"{given}: there are {', '.join(known)}")
    return meant
