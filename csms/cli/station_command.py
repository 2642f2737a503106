"""csms station command ID VERB: the friendly commands, the same words for every OCPP version.

Exit code 6 where the station is offline, silent, refuses or cannot; `--wait` waits for what really comes of it.
"""

from typing import Final

import typer

from csms.cli import station_device, station_display, station_files, station_power
from csms.cli._console import JsonFlag, TenantOption, out, print_json
from csms.cli.station_outcome import Target, TimeoutOption, WaitOption, order, place, settings, synced, tell
from csms.errors import InvalidInput
from csms.model.station_command import Trigger

app = typer.Typer(
    name="command", help="Order something of a station: csms station command ID VERB …", no_args_is_help=True
)
config = typer.Typer(name="config", help="Read and write the station's settings.", no_args_is_help=True)
local_list = typer.Typer(
    name="local-list", help="Id tokens the station decides about by itself.", no_args_is_help=True
)
app.add_typer(config)
app.add_typer(local_list)
app.add_typer(station_power.profile)
app.add_typer(station_device.monitor)
app.add_typer(station_display.display)
app.command("customer")(station_display.customer)
app.command("firmware")(station_files.firmware)
app.command("log")(station_files.log)
app.command("publish")(station_files.publish)

ForceFlag = typer.Option(False, "--force", help="Send it although it is likely to be refused.")
ConnectorOption = typer.Option(0, "--connector", min=0, help="Which one; 0 is the whole station.")
PlaceOption = typer.Option(
    "0", "--connector", metavar="N", help="Which one; 2/1 is connector 1 of EVSE 2, 0 the whole station."
)

MESSAGES: Final = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "status": "StatusNotification",
    "meter-values": "MeterValues",
    "firmware": "FirmwareStatusNotification",
    "log": "LogStatusNotification",
    "certificate": "SignChargingStationCertificate",
    "v2g-certificate": "SignV2GCertificate",
    "combined-certificate": "SignCombinedCertificate",
    "transaction": "TransactionEvent",
}


@app.callback()
def target(ctx: typer.Context, station: str = typer.Argument(..., metavar="ID")) -> None:
    """Order something of a station: csms station command ID VERB …"""
    ctx.obj = Target(station)


@app.command()
def reset(
    ctx: typer.Context,
    hard: bool = typer.Option(False, "--hard", help="At once, without ending transactions first."),
    evse: int = typer.Option(
        0, "--evse", min=0, help="Only this EVSE (not in OCPP 1.6); done when accepted."
    ),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Restart the station; it is done when the station has booted again."""
    args = {"kind": "hard" if hard else "soft", "evse_id": evse}
    tell(json, order(ctx, "reset", args, wait=wait, timeout=timeout, tenant=tenant), waited_s=wait)


@app.command()
def unlock(
    ctx: typer.Context,
    connector: str = typer.Option("1", "--connector", metavar="N", help="Which one; 2/1 is that of EVSE 2."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Release a connector's cable; a charge running there ends."""
    tell(json, order(ctx, "unlock", place(connector), timeout=timeout, tenant=tenant))


@app.command()
def start(
    ctx: typer.Context,
    token: str = typer.Option(..., "--token", help="The id token to charge for."),
    connector: int | None = typer.Option(
        None, "--connector", min=1, help="Which one; the station chooses if absent."
    ),
    limit: str | None = typer.Option(None, "--limit", metavar="AMPS", help="At most so much per phase."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    force: bool = ForceFlag,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Begin a charge; it is done when the transaction has started."""
    args = {"id_token": token, "evse_id": connector, "limit_a": limit}
    tell(
        json, order(ctx, "start", args, wait=wait, timeout=timeout, tenant=tenant, force=force), waited_s=wait
    )


@app.command()
def stop(
    ctx: typer.Context,
    transaction: str = typer.Argument(..., help="Our id of the transaction, or the station's."),
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    force: bool = ForceFlag,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """End a charge; it is done when the transaction has stopped."""
    args = {"transaction": transaction}
    tell(
        json, order(ctx, "stop", args, wait=wait, timeout=timeout, tenant=tenant, force=force), waited_s=wait
    )


@app.command()
def availability(
    ctx: typer.Context,
    wanted: str = typer.Argument(..., metavar="on|off"),
    connector: str = PlaceOption,
    wait: float = WaitOption,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Put a connector or the station in or out of service; a running charge is let finish."""
    if wanted not in ("on", "off"):
        raise InvalidInput(f"availability is on or off, not {wanted}")
    args = {"available": wanted == "on"} | place(connector)
    done = order(ctx, "availability", args, wait=wait, timeout=timeout, tenant=tenant)
    tell(json, done, waited_s=wait)


@app.command()
def trigger(
    ctx: typer.Context,
    message: str = typer.Argument(..., help=f"{', '.join(MESSAGES)}, or a name of the standard."),
    connector: str | None = typer.Option(
        None, "--connector", metavar="N", help="About which one; 2/1 is connector 1 of EVSE 2."
    ),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station send a message now."""
    wanted = MESSAGES.get(message, message)
    if wanted not in list(Trigger):
        others = ", ".join(sorted(set(Trigger) - set(MESSAGES.values())))
        raise InvalidInput(f"{message}: there are {', '.join(MESSAGES)}, {others}")
    args = {"message": wanted} | (place(connector) if connector else {})
    tell(json, order(ctx, "trigger", args, timeout=timeout, tenant=tenant))


@config.command("get")
def config_get(
    ctx: typer.Context,
    names: list[str] = typer.Argument(None, help="Which settings; all if absent."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Read settings from the station: configuration keys of OCPP 1.6, variables of OCPP 2.0.1."""
    done = order(ctx, "config.get", {"names": names or []}, timeout=timeout, tenant=tenant)
    tell(json, done, settings)


@config.command("set")
def config_set(
    ctx: typer.Context,
    name: str,
    value: str,
    more: list[str] = typer.Argument(None, metavar="[NAME VALUE]…", help="More settings at once."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Write settings and read them again. A new AuthorizationKey becomes the station's password here too."""
    words = [name, value, *(more or [])]
    if len(words) % 2:
        raise InvalidInput(f"{words[-1]} has no value")
    pairs = [{"name": n, "value": v} for n, v in zip(words[::2], words[1::2], strict=True)]
    done = order(ctx, "config.set", {"settings": pairs}, timeout=timeout, tenant=tenant)
    tell(json, done, settings)


@app.command()
def limit(
    ctx: typer.Context,
    amps: str = typer.Argument(None, help="Most current per phase, in A."),
    connector: int = ConnectorOption,
    phases: int | None = typer.Option(None, "--phases", min=1, max=3, help="On how many phases."),
    duration: int | None = typer.Option(None, "--duration", min=1, help="For so many seconds, then no more."),
    clear: bool = typer.Option(False, "--clear", help="Lift the limit."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Bound what the station, or every charge on a connector, may draw."""
    if clear == (amps is not None):
        raise InvalidInput("give either a current in A or --clear")
    if clear:
        tell(json, order(ctx, "limit.clear", {"evse_id": connector}, timeout=timeout, tenant=tenant))
        return
    args = {"amps": amps, "evse_id": connector, "phases": phases, "duration_s": duration}
    tell(json, order(ctx, "limit", args, timeout=timeout, tenant=tenant))


@app.command()
def schedule(
    ctx: typer.Context,
    connector: int = ConnectorOption,
    duration: int = typer.Option(86_400, "--duration", min=1, help="For so many seconds from now."),
    unit: str | None = typer.Option(None, "--unit", help="In A per phase or in W; the station chooses."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show what all charging profiles together allow."""
    args = {"evse_id": connector, "duration_s": duration, "unit": unit and unit.upper()}
    done = order(ctx, "schedule", args, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: print_json(d["response"]))


@app.command()
def reserve(
    ctx: typer.Context,
    token: str = typer.Option(..., "--token", help="The id token to keep it for."),
    connector: int = typer.Option(0, "--connector", min=0, help="Which one; 0 is any."),
    until: str | None = typer.Option(None, "--until", help="ISO 8601 with zone; for half an hour if absent."),
    connector_type: str | None = typer.Option(
        None, "--connector-type", help="Only a connector of this type, like cCCS2 (not in OCPP 1.6)."
    ),
    number: int | None = typer.Option(None, "--id", min=1, help="Replace the reservation of this number."),
    timeout: float | None = TimeoutOption,
    force: bool = ForceFlag,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Keep a connector for an id token."""
    args = {
        "id_token": token,
        "evse_id": connector,
        "expires_at": until,
        "connector_type": connector_type,
        "id": number,
    }
    done = order(ctx, "reserve", args, timeout=timeout, tenant=tenant, force=force)
    tell(json, done, lambda d: out.print(f"{d['stationId']}: reservation {d['detail']['reservationId']}"))


@app.command()
def cancel(
    ctx: typer.Context,
    reservation: int = typer.Argument(..., help="The reservation's number at the station."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Give up a reservation."""
    tell(json, order(ctx, "cancel", {"id": reservation}, timeout=timeout, tenant=tenant))


@local_list.command("sync")
def local_list_sync(
    ctx: typer.Context,
    full: bool = typer.Option(False, "--full", help="All of it, whatever the station holds."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Bring the station's local list in step with our id tokens."""
    done = order(ctx, "local-list.sync", {"full": full}, timeout=timeout, tenant=tenant)
    tell(json, done, synced)


@local_list.command("version")
def local_list_version(
    ctx: typer.Context,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Show which version of the local list the station holds."""
    done = order(ctx, "local-list.version", {}, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: print_json(d["response"]))


@app.command("clear-cache")
def clear_cache(
    ctx: typer.Context,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Have the station forget the authorizations it remembers."""
    tell(json, order(ctx, "cache.clear", {}, timeout=timeout, tenant=tenant))


@app.command()
def data(
    ctx: typer.Context,
    vendor: str = typer.Argument(..., help="The vendor's id."),
    message: str | None = typer.Argument(None, help="The vendor's name of the message."),
    content: str | None = typer.Argument(None, metavar="[DATA]", help="What it carries, as text."),
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Send a vendor's own message (DataTransfer)."""
    args = {"vendor_id": vendor, "message_id": message, "data": content}
    done = order(ctx, "data", args, timeout=timeout, tenant=tenant)
    tell(json, done, lambda d: print_json(d["response"]))


app.command()(station_device.report)
app.command("network-profile")(station_device.network_profile)


@app.command()
def password(
    ctx: typer.Context,
    timeout: float | None = TimeoutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Give a connected station a new password that nobody needs to know; the old one is refused at once."""
    tell(json, order(ctx, "password", {}, timeout=timeout, tenant=tenant))
