"""CDRs as operators look for them; they are written by `billing.close` and never change."""

from datetime import datetime

from csms.clock import to_text
from csms.errors import InvalidInput, NotFound
from csms.model.cdr import Cdr
from csms.services import tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import cdrs as store


def list_cdrs(
    tx: Tx,
    caller: Caller,
    *,
    station: str | None = None,
    tenant: str | None = None,
    ended_from: datetime | None = None,
    ended_before: datetime | None = None,
    limit: int = 100,
) -> list[Cdr]:
    """Return the latest CDRs that ended in [ended_from, ended_before), newest first."""
    return store.select(
        tx.db,
        tenants.scope(tx, caller, tenant),
        station_id=station,
        ended_from=to_text(ended_from) if ended_from else "",
        ended_before=to_text(ended_before) if ended_before else "9999",
        limit=limit,
    )


def show(tx: Tx, caller: Caller, *, cdr: str, tenant: str | None = None) -> Cdr:
    """Return one CDR by its id, the first characters of it, or its transaction's id."""
    scope = tenants.scope(tx, caller, tenant)
    found = store.get(tx.db, scope, cdr)
    if found is not None:
        return found
    near = store.starting_with(tx.db, scope, cdr) if len(cdr) >= 4 else []
    if len(near) > 1:
        raise InvalidInput(f"several CDRs begin with {cdr}: give more of the id")
    if not near:
        raise NotFound(f"no CDR {cdr}")
    return near[0]
