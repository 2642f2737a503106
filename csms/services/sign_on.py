"""Stations' passwords while they change (OCPP 2.0.1 A01, security whitepaper A01; ocpp.md §4).

The new password is kept before the station is told of it, so that no crash and no lost answer can lock it out: until
it is settled, either password opens the door. Accepted settles it for the new one, a refusal for the old one; where
no answer tells, the first sign-on with the new password does.
"""

from csms.model.command import PasswordTaken, Reply
from csms.services.unit import Tx
from csms.store import stations as store


def expect(tx: Tx, station_key: str, new_hash: str) -> None:
    """Accept a new password beside the present one, because the station is about to be told of it."""
    store.update(tx.db, station_key, tx.at, pending_password_hash=new_hash)


def settle(tx: Tx, station_key: str, new_hash: str, reply: Reply | None, *, refused: bool = False) -> None:
    """Take in what the station answered; without a clear answer both passwords go on being accepted."""
    if reply is not None and PasswordTaken() in reply.facts:
        confirm(tx, station_key, new_hash)
    elif refused or (reply is not None and not reply.agreed):
        store.drop_pending_password(tx.db, station_key, new_hash, tx.at)


def confirm(tx: Tx, station_key: str, new_hash: str) -> None:
    """Make the new password the only one: from now on the old one is refused."""
    store.update(tx.db, station_key, tx.at, password_hash=new_hash)
    store.drop_pending_password(tx.db, station_key, new_hash, tx.at)
