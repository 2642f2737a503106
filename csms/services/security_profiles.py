"""Which security profile a station may come with, and the way up: never downwards (2.0.1 A00, A05; whitepaper A05).

A profile that a station is told to change to is kept before it is told, so that no crash and no lost answer can lock
it out: until it has come with it, both open the door. Once it has, the lower one is refused for ever.
"""

from dataclasses import replace

from csms.errors import Conflict, InvalidInput
from csms.model.command import Reply
from csms.model.station import ChargingStation, StationRef
from csms.model.station_security import Security
from csms.services.unit import Tx
from csms.store import station_security as store
from csms.store import stations

LONGEST_SERIAL = 64
"""Characters of a common name (RFC 5280); OCPP 1.6 stations send 25 at most, 2.0.1 stations 25."""


def expect(tx: Tx, station: ChargingStation, profile: int) -> None:
    """Let a station come with a higher profile beside its present one, because it is about to be told of it."""
    if profile > station.security_profile and profile in range(4):
        store.put_security(tx.db, station.tenant_id, station.id, next_profile=profile)


def settle(tx: Tx, station_key: str, profile: int, reply: Reply | None, *, refused: bool = False) -> None:
    """Take in what the station answered; without a clear refusal both profiles go on being accepted."""
    if refused or (reply is not None and not reply.agreed):
        store.drop_next_profile(tx.db, station_key, profile)


def reached(tx: Tx, station: StationRef, profile: int, restricted: str | None) -> None:
    """Note with what profile a station has come, and whether it may only renew its certificate.

    A station that was taken to a higher profile is bound to it from now on (A05.FR.07).
    """
    before = store.security(tx.db, station.key) or Security(station.key, station.tenant_id)
    found = stations.by_key(tx.db, station.key)
    if found is None:
        return
    after = replace(before, highest_profile=max(before.highest_profile, profile), restricted=restricted)
    if before.next_profile is not None and profile >= before.next_profile:
        after = replace(after, next_profile=None)
    serial = before.registered_serial or (serial_of(tx, found) if profile == 3 else None)
    store.put_security(
        tx.db,
        station.tenant_id,
        station.key,
        next_profile=after.next_profile,
        highest_profile=after.highest_profile,
        restricted=restricted,
        registered_serial=serial,
    )
    if found.security_profile < profile:
        stations.update(tx.db, station.key, tx.at, security_profile=profile)
        tx.emit("station.secured", station, station.key, {"profile": profile})


def check_change(tx: Tx, station: ChargingStation, profile: int) -> None:
    """Raise Conflict when an operator wants a station below a profile that it has reached."""
    kept = store.security(tx.db, station.id)
    if kept is not None and profile < kept.highest_profile:
        raise Conflict(
            f"station {station.station_id} has reached security profile {kept.highest_profile} and never goes back "
            "(A05.FR.07); for another device remove the station and add it anew"
        )


def register_serial(tx: Tx, station: ChargingStation, serial: str) -> None:
    """Write the serial number that a station's certificate has to name; Conflict where another station has it."""
    if not 0 < len(serial) <= LONGEST_SERIAL or not serial.isprintable():
        raise InvalidInput(f"a serial number has 1 to {LONGEST_SERIAL} printable characters")
    others = store.others_with_serial(tx.db, station.tenant_id, station.id, serial)
    if others:
        raise Conflict(f"serial number {serial} is that of station {others[0]}")
    store.put_security(tx.db, station.tenant_id, station.id, registered_serial=serial)


def serial_of(tx: Tx, station: ChargingStation) -> str:
    """Return the serial number that a station's certificate has to name.

    It is the registered one, else the one the station booted with, else its id.
    """
    kept = store.security(tx.db, station.id)
    registered = kept.registered_serial if kept else None
    return registered or station.serial_number or station.station_id
