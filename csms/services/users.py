"""Users: who may use the management interfaces, with which role, for which tenant.

A user without a tenant is the operator of the whole appliance (SUPER_ADMIN); every other role belongs to a tenant.
"""

from dataclasses import dataclass, replace

from csms.errors import Conflict, InvalidInput, NotAllowed, NotFound
from csms.model.user import User, UserStatus, is_email, normal_email
from csms.services import passwords, tenants
from csms.services.access import PERMISSIONS, Caller, Role
from csms.services.scopes import allowed
from csms.services.unit import Tx, Unit
from csms.store import users as store

_RANK = {role: rank for rank, role in enumerate(reversed(Role))}
"""Who manages users may manage those of no higher rank."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user whose password was set; `password` is shown this once, None where it was given."""

    user: User
    password: str | None


async def add(
    unit: Unit,
    caller: Caller,
    *,
    email: str,
    role: Role,
    tenant: str | None = None,
    password: str | None = None,
) -> NewUser:
    """Create a user with a generated password unless one is given; Conflict when the tenant has the address."""
    email = normal_email(email)
    if not is_email(email):
        raise InvalidInput(f"{email[:100]!r} is not an e-mail address")
    may_empower(caller, role)
    secret = passwords.checked_person(password) if password else passwords.generate(24)
    hashed = await passwords.hash_person_aside(secret)

    def work(tx: Tx) -> NewUser:
        owner = None if role is Role.SUPER_ADMIN else tenants.resolve(tx, caller, tenant).id
        if role is Role.SUPER_ADMIN and tenant is not None:
            raise InvalidInput("SUPER_ADMIN is a role for all tenants: leave the tenant out")
        if any(user.tenant_id == owner for user in store.named(tx.db, owner, email)):
            raise Conflict(f"user {email} exists already")
        user = User(tx.entropy.hex(), owner, email, role.value, UserStatus.ACTIVE, tx.now, tx.now)
        store.insert(tx.db, user, hashed)
        tx.audit(caller, owner, "user.add", email, {"role": role})
        return NewUser(user, None if password else secret)

    return await unit.run(work)


def find(tx: Tx, caller: Caller, user: str, tenant: str | None = None) -> User:
    """Return the user a caller means, by e-mail address or id; where two tenants have the address, name one."""
    found = store.named(tx.db, tenants.scope(tx, caller, tenant), normal_email(user))
    if not found:
        raise NotFound(f"no user {user}")
    if len(found) > 1:
        raise InvalidInput(f"several tenants have a user {user}: name one with --tenant, or the user's id")
    return found[0]


def list_users(tx: Tx, caller: Caller, *, tenant: str | None = None) -> list[User]:
    """Return the users the caller may see."""
    return store.select(tx.db, tenants.scope(tx, caller, tenant))


def show(tx: Tx, caller: Caller, *, user: str, tenant: str | None = None) -> User:
    """Return one user."""
    return find(tx, caller, user, tenant)


def may_manage(caller: Caller, role: Role) -> None:
    """Raise NotAllowed where a caller may not hand out a role, or touch somebody who has it."""
    if _RANK[role] > _RANK[caller.role] or (caller.tenant_id is not None and role is Role.SUPER_ADMIN):
        raise NotAllowed(f"{caller.role} may not manage a {role}")


def may_empower(caller: Caller, role: Role, scope: str | None = None) -> None:
    """Raise NotAllowed where a caller would let somebody (in the end itself) do more than its own scope allows."""
    may_manage(caller, role)
    if caller.permissions is None:
        return
    given = {name for name, roles in PERMISSIONS.items() if role in roles}
    within = allowed(scope)
    if not (given if within is None else given & within) <= caller.permissions:
        raise NotAllowed("that would allow more than the scope of this key or token")


def set_role(tx: Tx, caller: Caller, *, user: str, role: Role, tenant: str | None = None) -> User:
    """Give a user another role of a tenant; it counts from the next request on."""
    found = _managed(tx, caller, user, tenant)
    may_empower(caller, role)
    if (found.tenant_id is None) != (role is Role.SUPER_ADMIN):
        raise InvalidInput("SUPER_ADMIN is for users without a tenant, every other role for users of one")
    store.update(tx.db, found.id, role=role.value, updated_at=tx.at)
    tx.audit(caller, found.tenant_id, "user.role", found.email, {"before": found.role, "after": role})
    return replace(found, role=role.value, updated_at=tx.now)


async def set_password(
    unit: Unit, caller: Caller, *, user: str, password: str | None = None, tenant: str | None = None
) -> NewUser:
    """Give a user a new password, generated unless given; every sign-in and lock of the old one ends."""
    asked = await unit.read(lambda tx: _managed(tx, caller, user, tenant))
    may_empower(caller, Role(asked.role))
    secret = passwords.checked_person(password) if password else passwords.generate(24)
    hashed = await passwords.hash_person_aside(secret)

    def work(tx: Tx) -> NewUser:
        found = _managed(tx, caller, user, tenant)
        may_empower(caller, Role(found.role))
        values = {"password_hash": hashed, "failed_logins": 0, "locked_until": None, "updated_at": tx.at}
        store.update(tx.db, found.id, **values)
        store.end_sign_ins(tx.db, found.id)
        tx.audit(caller, found.tenant_id, "user.password", found.email, {})
        return NewUser(replace(found, updated_at=tx.now, locked_until=None), None if password else secret)

    return await unit.run(work)


def set_blocked(tx: Tx, caller: Caller, *, user: str, blocked: bool, tenant: str | None = None) -> User:
    """Block a user, whose tokens and keys are refused at once, or let the user in again."""
    found = _managed(tx, caller, user, tenant)
    if blocked:
        _keep_one(tx, found)
        store.end_sign_ins(tx.db, found.id)
    status = UserStatus.BLOCKED if blocked else UserStatus.ACTIVE
    values = {} if blocked else {"failed_logins": 0, "locked_until": None}
    store.update(tx.db, found.id, status=status.value, updated_at=tx.at, **values)
    detail = {"before": found.status, "after": status}
    tx.audit(caller, found.tenant_id, "user.block" if blocked else "user.unblock", found.email, detail)
    return replace(found, status=status, updated_at=tx.now)


def remove(tx: Tx, caller: Caller, *, user: str, tenant: str | None = None) -> User:
    """Remove a user with keys and sign-ins; what the user did stays in the audit."""
    found = _managed(tx, caller, user, tenant)
    _keep_one(tx, found)
    store.delete(tx.db, found.id)
    tx.audit(caller, found.tenant_id, "user.remove", found.email, {"role": found.role})
    return found


def _managed(tx: Tx, caller: Caller, user: str, tenant: str | None) -> User:
    found = find(tx, caller, user, tenant)
    may_manage(caller, Role(found.role))
    return found


def _keep_one(tx: Tx, user: User) -> None:
    """Refuse to lose the last user who may do everything."""
    counts = user.role == Role.SUPER_ADMIN and user.status is UserStatus.ACTIVE
    if counts and store.count_super_admins(tx.db, UserStatus.ACTIVE.value) == 1:
        raise Conflict(f"{user.email} is the only SUPER_ADMIN: add another one first")
