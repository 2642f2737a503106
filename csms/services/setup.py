"""The first day of an appliance: a tenant and an administrator with a password that is shown once."""

from dataclasses import dataclass

from csms.errors import Conflict, InvalidInput
from csms.model.tenant import TenantType
from csms.model.user import User, UserStatus, is_email, normal_email
from csms.pki.pool import KeyPool
from csms.services import passwords, pki_setup, tenants
from csms.services.access import Caller, Role
from csms.services.unit import Tx
from csms.store import tenants as store
from csms.store import users


@dataclass(frozen=True, slots=True)
class FirstDay:
    """What an operator must write down."""

    admin_email: str
    admin_password: str
    tenant_id: str
    tenant_name: str


def init(
    tx: Tx,
    caller: Caller,
    *,
    email: str = "admin@localhost",
    tenant: str = "default",
    country_code: str = "DE",
    party_id: str = "CSM",
    currency: str = "EUR",
    time_zone: str = "Europe/Berlin",
    hosts: list[str] | None = None,
    organization: str | None = None,
) -> FirstDay:
    """Create the first tenant and the first administrator; Conflict when there is one already.

    With `hosts`, the names of this machine, also the certificate authorities and the server's certificates.
    """
    if store.count_users(tx.db):
        raise Conflict("this appliance is set up already: csms status shows it")
    email = normal_email(email)
    if not is_email(email):
        raise InvalidInput(f"{email[:100]!r} is not an e-mail address")
    owner = tenants.add(
        tx,
        caller,
        name=tenant,
        tenant_type=TenantType.CPO,
        country_code=country_code,
        party_id=party_id,
        currency=currency,
        time_zone=time_zone,
    )
    password = passwords.generate(24)
    user = User(tx.entropy.hex(), None, email, Role.SUPER_ADMIN.value, UserStatus.ACTIVE, tx.now, tx.now)
    users.insert(tx.db, user, passwords.hash_person(password))
    tx.audit(caller, None, "user.add", email, {"role": Role.SUPER_ADMIN})
    if hosts:
        pki_setup.found(tx, caller, organization or owner.name, hosts, KeyPool())
    return FirstDay(email, password, owner.id, owner.name)


def is_done(tx: Tx) -> bool:
    """Whether the first day has been."""
    return store.count_users(tx.db) > 0


def touch(tx: Tx) -> None:
    """Prove that the database can be written: one row that says when it last was."""
    store.touch(tx.db, tx.at)
