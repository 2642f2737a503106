"""`csms simulate`: charging stations against any CSMS, repeatable by their seed."""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Scenario(StrEnum):
    """What the stations do."""

    charge = "charge"
    offline_replay = "offline-replay"
    storm = "storm"
    idle = "idle"


class Ocpp(StrEnum):
    """What the stations speak."""

    v16 = "1.6"
    v201 = "2.0.1"


def simulate(
    url: Annotated[
        str, typer.Option(help="The CSMS, without the station id.", metavar="URL")
    ] = "ws://127.0.0.1:9000/ocpp",
    stations: Annotated[int | None, typer.Option(help="How many stations [default: 1].", min=1)] = None,
    prefix: Annotated[str, typer.Option(help="Stations are called PREFIX-0001 and so on.")] = "SIM",
    station_id: Annotated[
        list[str] | None,
        typer.Option(
            help="A station's id instead; repeat for several. ID@2.0.1 speaks another version than the others.",
            metavar="ID",
        ),
    ] = None,
    ocpp: Annotated[Ocpp, typer.Option(help="The OCPP version that the stations speak.")] = Ocpp.v16,
    password: Annotated[
        str | None, typer.Option(help="Password of all stations.", envvar="CSMS_STATION_PASSWORD")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(help="File with one password, or with lines ID:PASSWORD.", exists=True, dir_okay=False),
    ] = None,
    token: Annotated[
        list[str] | None,
        typer.Option(
            help="Id tag [default: SIMTOKEN]; {n} becomes the station's number. Repeat: used in turns.",
            metavar="UID",
        ),
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="Same seed, same run; drawn and shown when not given.")
    ] = None,
    scenario: Annotated[Scenario, typer.Option(help="What the stations do.")] = Scenario.charge,
    charges: Annotated[int, typer.Option(help="Charges of each station.", min=1)] = 1,
    duration: Annotated[
        float, typer.Option(help="Seconds of a charge, in the station's time.", min=1)
    ] = 3600,
    speed: Annotated[float, typer.Option(help="How much faster the station's time runs.", min=0.001)] = 60,
    fast: Annotated[bool, typer.Option("--fast", help="As fast as the CSMS answers.")] = False,
    starts_at: Annotated[
        datetime | None,
        typer.Option(help="The station's time at the beginning, UTC. Without it, the run ends now."),
    ] = None,
    meter_interval: Annotated[
        int, typer.Option(help="Seconds between MeterValues, in the station's time.", min=0)
    ] = 60,
    samples: Annotated[int, typer.Option(help="Most values in one MeterValues.", min=1, max=13)] = 8,
    connectors: Annotated[int, typer.Option(help="Connectors of each station.", min=1, max=64)] = 1,
    rounds: Annotated[int, typer.Option(help="storm: how often all reconnect.", min=1)] = 1,
    seconds: Annotated[float, typer.Option(help="idle: how long to stay connected.", min=0)] = 60,
    repeat_share: Annotated[
        float, typer.Option(help="offline-replay: share of messages sent twice.", min=0, max=1)
    ] = 0.25,
    ramp: Annotated[float, typer.Option(help="Seconds over which the stations connect.", min=0)] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.", min=0.1)] = 30,
    boot_tries: Annotated[int, typer.Option(help="Give up after so many BootNotifications.", min=1)] = 3,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Check what the CSMS sends by the standard's schemas.")
    ] = True,
    ca: Annotated[
        Path | None, typer.Option(help="PEM file with the root certificate of a wss:// CSMS.", exists=True)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Let simulated charging stations charge at a CSMS, and say how it went.

    Exits with 0 when everything was accepted, with 6 when the CSMS was unreachable, refused or erred.
    """
    # Imported here: the other verbs must not wait for the simulator's libraries.
    from csms.cli._simulation import check_tokens, present, read_passwords, station_ids, trusting
    from csms.simulator.options import RunOptions
    from csms.simulator.settings import StationSettings

    identities, versions = station_ids(stations, prefix, station_id or [])
    shared, own = read_passwords(password_file, identities) if password_file else (password, {})
    options = RunOptions(
        url=url,
        identities=identities,
        seed=seed if seed is not None else secrets.token_hex(4),
        scenario=scenario.value,
        ocpp=ocpp.value,
        versions=versions,
        tokens=tuple(token or ["SIMTOKEN"]),
        password=shared,
        passwords=own,
        charges=charges,
        duration_s=duration,
        speed=None if fast else speed,
        starts_at=starts_at.replace(tzinfo=starts_at.tzinfo or UTC) if starts_at else None,
        meter_interval_s=meter_interval,
        rounds=rounds,
        idle_s=seconds,
        ramp_s=ramp,
        repeat_share=repeat_share,
        tls=trusting(url, ca),
        station=StationSettings(
            transfers=True,
            connectors=connectors,
            samples=samples,
            call_timeout_s=timeout,
            boot_tries=boot_tries,
            check=check,
        ),
    )
    check_tokens(options)
    raise typer.Exit(present(options, as_json=json))
