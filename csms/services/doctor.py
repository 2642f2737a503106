"""Why a station does not work: what is registered, what it tried, and what to do about it."""

from typing import Any

from csms.clock import from_text
from csms.model.desired_setting import NOT_TAKEN
from csms.model.station import ChargingStation, Registration
from csms.model.station_security import RequestState, UpgradeState
from csms.services import admission, inbox, tenants
from csms.services.access import Caller
from csms.services.unit import Tx
from csms.store import alerts, desired_settings, station_security
from csms.store import stations as store


def station(tx: Tx, caller: Caller, *, station: str, tenant: str | None = None) -> dict[str, Any]:
    """Return findings about a station id, registered or not, with its latest refused handshakes and odd messages."""
    scope = tenants.scope(tx, caller, tenant)
    registered = [s for s in store.select(tx.db, scope) if s.station_id == station]
    refusals = admission.refusals(tx, caller, station=station, tenant=tenant)
    parts = (_of_its_device, _of_its_security)
    findings = [
        finding
        for found in registered
        for finding in (*_of(found), *(f for part in parts for f in part(tx, found)))
    ]
    if not registered:
        near = _similar(tx, scope, station)
        hint = f"; did you mean {near}?" if near else f": csms station add {station}"
        findings.append(_finding(False, f"{station} is not registered{hint}"))
    newest = max((s.last_seen_at for s in registered if s.last_seen_at), default=None)
    for refusal in refusals[:1]:
        stale = newest is not None and newest > from_text(refusal["at"])
        text = "was refused before it got in" if stale else "was refused"
        findings.append(_finding(stale, f"{text}: {refusal['reason']}"))
    odd: list[dict[str, Any]] = []
    if registered:
        latest = inbox.list_messages(tx, caller, station=station, tenant=tenant, limit=200)
        odd = [message for message in latest if message["note"]][-5:]
    findings += [_finding(False, f"{m['action'] or 'frame'}: {m['note']}") for m in odd]
    return {"station": station, "findings": findings, "refusals": refusals, "oddMessages": odd}


def _of(station: ChargingStation) -> list[dict[str, Any]]:
    """Return what the registration itself says."""
    found = [_finding(True, f"registered with security profile {station.security_profile}")]
    if station.registration is not Registration.ACCEPTED:
        mend = f"csms station update {station.station_id} --registration accepted"
        found.append(_finding(False, f"registration is {station.registration}: {mend}"))
    if station.last_seen_at is None:
        found.append(
            _finding(False, "has never connected: point it at ws://<this machine>:9000/ocpp/<its id>")
        )
    else:
        found.append(_finding(True, f"last heard {station.last_seen_at:%Y-%m-%d %H:%M:%S} UTC"))
    return found


def _of_its_device(tx: Tx, station: ChargingStation) -> list[dict[str, Any]]:
    """Return the desired settings it has not, the reboot it needs, and its open alerts."""
    found = []
    outcomes = desired_settings.outcomes(tx.db, station.id).values()
    left = [outcome for outcome in outcomes if outcome.outcome in NOT_TAKEN]
    if left:
        names = ", ".join(f"{outcome.name} {outcome.outcome}" for outcome in left)
        mend = f"csms station config {station.station_id} --desired"
        found.append(_finding(False, f"has not taken what is desired of it: {names}: {mend}"))
    if any(row["needs_reboot"] for row in store.settings(tx.db, station.id)):
        mend = f"csms station command {station.station_id} reset"
        found.append(_finding(False, f"needs a reboot for its settings to take effect: {mend}"))
    open_ones = alerts.select(tx.db, station.tenant_id, station_id=station.station_id, limit=5)
    found += [_finding(False, f"alert {alert.severity}: {alert.message}") for alert in open_ones]
    return found


def _of_its_security(tx: Tx, station: ChargingStation) -> list[dict[str, Any]]:
    """Return why it is held back, and where its way to a profile, or to a certificate, has stopped."""
    found = []
    kept = station_security.security(tx.db, station.id)
    if kept is not None and kept.restricted is not None:
        found.append(_finding(False, f"may only renew its certificate: {kept.restricted}"))
    if kept is not None and kept.next_profile is not None:
        found.append(
            _finding(True, f"may come with security profile {kept.next_profile} as well, until it has")
        )
    upgrade = station_security.upgrade(tx.db, station.id)
    if upgrade is not None and upgrade.state is UpgradeState.FAILED:
        done = upgrade.steps.get("done") or [{"text": "?"}]
        mend = f"csms station secure {station.station_id} --profile {upgrade.profile}"
        text = f"its way to security profile {upgrade.profile} stopped at {upgrade.step}: {done[-1]['text']}"
        found.append(_finding(False, f"{text}: {mend}"))
    newest = station_security.requests(tx.db, station.id, 1)
    if newest and newest[0].state in (RequestState.REFUSED, RequestState.FAILED):
        found.append(_finding(False, f"has no certificate: {newest[0].reason}"))
    return found


def _similar(tx: Tx, scope: str | None, station_id: str) -> str | None:
    """Return a registered id that differs only in case or blanks: ids are case-sensitive."""
    folded = "".join(station_id.casefold().split())
    for known in store.select(tx.db, scope):
        if "".join(known.station_id.casefold().split()) == folded:
            return known.station_id
    return None


def _finding(ok: bool, text: str) -> dict[str, Any]:
    return {"ok": ok, "text": text}
