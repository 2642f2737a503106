"""Every operator verb, one row each: the table behind the CLI's local socket, and behind every later surface.

A verb reads, writes, does something slow before it writes, or needs the live appliance. Arguments come as JSON and
are converted by the annotations of the function that does the work; results go out through `present.view`.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any, Final, Literal

import msgspec

from csms.errors import InvalidInput, NotFound, NotRunning
from csms.services import (
    admission,
    alerts,
    api_keys,
    audit_trail,
    authorities,
    cdrs,
    certificate_ledger,
    certificates,
    charging_profiles,
    closing,
    commands,
    customer_information,
    desired_settings,
    display_messages,
    doctor,
    files,
    firmware,
    idempotency,
    inbox,
    local_list_states,
    local_lists,
    locations,
    monitors,
    pages,
    parties,
    party_push,
    party_sync,
    pki_setup,
    pruning,
    queries,
    registering,
    reservations,
    revocation,
    rollover,
    security_upgrades,
    server_certificates,
    setup,
    station_commands,
    station_configuration,
    station_import,
    stations,
    status,
    tariffs,
    tenants,
    token_places,
    tokens,
    trust,
    users,
)
from csms.services.access import Caller, require
from csms.services.house import House
from csms.services.idempotency import Once
from csms.services.present import view
from csms.services.unit import Unit

MOST_NUMBER: Final = 2**53
"""What every JSON parser still reads exactly (RFC 8259 §6), and both databases hold."""
LONGEST_S: Final = 86_400.0
"""What an argument in seconds may be at most: nobody waits longer for an answer."""
Kind = Literal["read", "write", "slow", "live"]


@dataclass(frozen=True, slots=True)
class Verb:
    """One operation: how it touches the world, what permission it needs, and the function that does it."""

    kind: Kind
    permission: str
    run: Callable[..., Any]


VERBS: Final[dict[str, Verb]] = {
    "init": Verb("write", "system.write", setup.init),
    "status": Verb("live", "system.read", status.status),
    "watch": Verb("live", "system.read", status.watch),
    "doctor.station": Verb("read", "station.read", doctor.station),
    "tenant.add": Verb("write", "tenant.write", tenants.add),
    "tenant.page": Verb("read", "tenant.admin", pages.of_tenants),
    "tenant.admin-show": Verb("read", "tenant.admin", tenants.show),
    "tenant.list": Verb("read", "tenant.read", tenants.list_tenants),
    "tenant.show": Verb("read", "tenant.read", tenants.show),
    "tenant.status": Verb("write", "tenant.write", tenants.set_status),
    "tenant.local-lists": Verb("write", "token.write", local_list_states.set_following),
    "station.add": Verb("write", "station.write", stations.add),
    "station.list": Verb("read", "station.read", stations.list_stations),
    "station.show": Verb("read", "station.read", stations.show),
    "station.update": Verb("write", "station.write", stations.update),
    "station.remove": Verb("write", "station.write", stations.remove),
    "station.password": Verb("write", "station.write", stations.set_password),
    "station.config": Verb("read", "station.read", station_configuration.show),
    "station.monitors": Verb("read", "station.read", monitors.list_monitors),
    "desired.set": Verb("write", "station.command", desired_settings.want),
    "desired.remove": Verb("write", "station.command", desired_settings.unwant),
    "desired.list": Verb("read", "station.read", desired_settings.list_desired),
    "desired.apply": Verb("live", "station.command", desired_settings.apply),
    "station.call": Verb("live", "station.command", commands.call),
    "station.command": Verb("live", "station.command", station_commands.command),
    "station.commands": Verb("read", "station.read", commands.list_commands),
    "station.import": Verb("write", "station.write", station_import.import_stations),
    "station.export": Verb("read", "station.read", station_import.export_stations),
    "station.profiles": Verb("read", "station.read", charging_profiles.show),
    "station.local-list": Verb("read", "station.read", local_lists.show),
    "station.secure": Verb("live", "station.write", security_upgrades.secure),
    "station.security": Verb("read", "station.read", security_upgrades.security),
    "station.certificates": Verb("read", "station.read", certificate_ledger.list_installed),
    "station.refusals": Verb("read", "station.read", admission.refusals),
    "station.logs": Verb("read", "file.read", files.list_files),
    "station.log": Verb("read", "file.read", files.show),
    "station.log-remove": Verb("write", "file.write", files.remove),
    "station.displays": Verb("read", "station.read", display_messages.known),
    "station.customer": Verb("write", "station.command", customer_information.collect),
    "firmware.add": Verb("write", "firmware.write", firmware.add),
    "firmware.list": Verb("read", "firmware.read", firmware.list_firmware),
    "firmware.show": Verb("read", "firmware.read", firmware.show),
    "firmware.remove": Verb("write", "firmware.write", firmware.remove),
    "token.add": Verb("write", "token.write", tokens.add),
    "token.list": Verb("read", "token.read", tokens.list_tokens),
    "token.show": Verb("read", "token.read", tokens.show),
    "token.blocked": Verb("write", "token.write", tokens.set_blocked),
    "token.remove": Verb("write", "token.write", tokens.remove),
    "token.import": Verb("write", "token.write", tokens.import_tokens),
    "token.place.add": Verb("write", "token.write", token_places.add),
    "token.place.remove": Verb("write", "token.write", token_places.remove),
    "token.place.list": Verb("read", "token.read", token_places.list_places),
    "tariff.add": Verb("write", "tariff.write", tariffs.add),
    "tariff.list": Verb("read", "tariff.read", tariffs.list_tariffs),
    "tariff.show": Verb("read", "tariff.read", tariffs.show),
    "tariff.assign": Verb("write", "tariff.write", tariffs.assign),
    "tariff.active": Verb("write", "tariff.write", tariffs.set_active),
    "tariff.explain": Verb("read", "tariff.read", tariffs.explain),
    "location.add": Verb("write", "location.write", locations.add),
    "location.update": Verb("write", "location.write", locations.update),
    "location.remove": Verb("write", "location.write", locations.remove),
    "location.assign": Verb("write", "location.write", locations.assign),
    "location.unassign": Verb("write", "location.write", locations.unassign),
    "location.evse": Verb("write", "location.write", locations.set_evse),
    "location.connector": Verb("write", "location.write", locations.set_connector),
    "location.list": Verb("read", "location.read", locations.list_locations),
    "location.show": Verb("read", "location.read", locations.show),
    "location.published": Verb("read", "location.read", locations.published),
    "location.page": Verb("read", "location.read", pages.of_locations),
    "transaction.list": Verb("read", "transaction.read", queries.list_transactions),
    "transaction.close": Verb("write", "transaction.write", closing.close),
    "transaction.show": Verb("read", "transaction.read", queries.show_transaction),
    "reservation.list": Verb("read", "reservation.read", reservations.list_reservations),
    "reservation.show": Verb("read", "reservation.read", reservations.show),
    "cdr.list": Verb("read", "cdr.read", cdrs.list_cdrs),
    "cdr.show": Verb("read", "cdr.read", cdrs.show),
    "message.list": Verb("read", "message.read", inbox.list_messages),
    "alert.list": Verb("read", "alert.read", alerts.list_alerts),
    "alert.acknowledge": Verb("write", "alert.write", alerts.acknowledge),
    "alert.clear": Verb("write", "alert.write", alerts.dismiss),
    "audit.list": Verb("read", "audit.read", audit_trail.list_audit),
    "audit.verify": Verb("read", "audit.verify", audit_trail.verify),
    "user.add": Verb("slow", "user.write", users.add),
    "user.list": Verb("read", "user.read", users.list_users),
    "user.show": Verb("read", "user.read", users.show),
    "user.role": Verb("write", "user.write", users.set_role),
    "user.password": Verb("slow", "user.write", users.set_password),
    "user.blocked": Verb("write", "user.write", users.set_blocked),
    "user.remove": Verb("write", "user.write", users.remove),
    "user.api-key": Verb("write", "user.write", api_keys.add),
    "user.api-keys": Verb("read", "user.read", api_keys.list_keys),
    "user.api-key-remove": Verb("write", "user.write", api_keys.remove),
    "pki.init": Verb("slow", "system.write", pki_setup.init),
    "pki.status": Verb("read", "system.read", pki_setup.status),
    "pki.issue": Verb("slow", "system.write", server_certificates.issue),
    "pki.renew": Verb("slow", "system.write", server_certificates.renew),
    "pki.issue-station": Verb("write", "certificate.write", certificates.issue_station),
    "pki.sign": Verb("write", "certificate.write", certificates.sign_request),
    "pki.renew-authorities": Verb("slow", "system.write", pki_setup.renew_authorities),
    "pki.renew-station": Verb("write", "certificate.write", certificates.want_renewal),
    "pki.list": Verb("read", "certificate.read", certificates.list_certificates),
    "pki.revoke": Verb("write", "certificate.write", certificates.revoke),
    "pki.crl": Verb("read", "certificate.read", revocation.show_list),
    "pki.export": Verb("read", "certificate.read", authorities.export),
    "pki.key-export": Verb("write", "system.write", authorities.export_key),
    "pki.key-remove": Verb("write", "system.write", authorities.remove_key),
    "pki.key-restore": Verb("write", "system.write", authorities.restore_key),
    "pki.rollover": Verb("slow", "system.write", rollover.step),
    "pki.rollover-status": Verb("read", "system.read", rollover.status),
    "trust.add": Verb("write", "certificate.write", trust.add),
    "trust.list": Verb("read", "certificate.read", trust.list_anchors),
    "trust.remove": Verb("write", "certificate.write", trust.remove),
    "station.page": Verb("read", "station.read", pages.of_stations),
    "transaction.page": Verb("read", "transaction.read", pages.of_transactions),
    "cdr.page": Verb("read", "cdr.read", pages.of_cdrs),
    "token.page": Verb("read", "token.read", pages.of_tokens),
    "tariff.page": Verb("read", "tariff.read", pages.of_tariffs),
    "user.page": Verb("read", "user.read", pages.of_users),
    "certificate.page": Verb("read", "certificate.read", pages.of_certificates),
    "reservation.page": Verb("read", "reservation.read", pages.of_reservations),
    "audit.page": Verb("read", "audit.read", pages.of_audit),
    "message.page": Verb("read", "message.read", pages.of_messages),
    "alert.page": Verb("read", "alert.read", pages.of_alerts),
    "party.invite": Verb("live", "party.write", parties.invite),
    "party.register": Verb("live", "party.write", registering.register),
    "party.list": Verb("read", "party.read", parties.list_parties),
    "party.show": Verb("read", "party.read", parties.show),
    "party.sync": Verb("live", "party.write", party_sync.sync),
    "party.undelivered": Verb("read", "party.read", party_push.undelivered),
    "party.rotate": Verb("live", "party.write", registering.rotate),
    "party.suspend": Verb("write", "party.write", parties.suspend),
    "party.remove": Verb("live", "party.write", registering.remove),
    "db.prune": Verb("write", "system.write", pruning.prune_now),
}


async def perform(
    name: str,
    args: Mapping[str, Any],
    caller: Caller,
    unit: Unit,
    house: House | None = None,
    once: Once | None = None,
) -> Any:
    """Run one verb and return its result as shown; `house` is None where the appliance is not running.

    `once` gives a request that comes again the answer it got.
    """
    verb = VERBS.get(name)
    if verb is None:
        raise NotFound(f"no operation {name}")
    require(caller, verb.permission)
    kwargs = bind(verb, args)
    if verb.kind == "read":
        return view(await unit.read(lambda tx: verb.run(tx, caller, **kwargs)))
    if verb.kind == "write":
        return await unit.run(
            lambda tx: idempotency.within(tx, once, lambda: view(verb.run(tx, caller, **kwargs)))
        )
    if verb.kind == "live" and house is None:
        raise NotRunning("the appliance is not running here: start it with csms serve")

    async def work() -> Any:
        return view(await verb.run(house if verb.kind == "live" else unit, caller, **kwargs))

    return await idempotency.around(unit, once, work)


def bind(verb: Verb, args: Mapping[str, Any]) -> dict[str, Any]:
    """Convert JSON arguments to the parameters of a verb; InvalidInput names the one that does not fit."""
    shape, names = _shape(verb.run)
    unknown = set(args) - set(names)
    if unknown:
        raise InvalidInput(f"unknown argument {', '.join(sorted(unknown))}")
    for name, value in args.items():
        if isinstance(value, str) and "\0" in value:
            raise InvalidInput(f"{name} has a NUL in it")
    try:
        converted = msgspec.convert({k: v for k, v in args.items() if v is not None}, shape, strict=False)
    except msgspec.ValidationError as error:
        text, _, where = str(error).replace("`", "").partition(" - at $.")
        raise InvalidInput(f"{where}: {text[:1].lower()}{text[1:]}" if where else text) from None
    bound = {name: getattr(converted, name) for name in names if name in args and args[name] is not None}
    for name, value in bound.items():
        if isinstance(value, int | float) and not _in_range(name, value):
            raise InvalidInput(f"{name} is out of range")
    return bound


def _in_range(name: str, value: float) -> bool:
    """Whether a number is one: finite, and what both databases and every JSON parser hold."""
    if name.endswith("_s"):
        return 0 <= value <= LONGEST_S
    return isfinite(value) and (0 if name == "limit" else -MOST_NUMBER) <= value <= MOST_NUMBER


@cache
def _shape(function: Callable[..., Any]) -> tuple[type[msgspec.Struct], tuple[str, ...]]:
    """Return a struct with a field for each keyword parameter of a verb."""
    hints = typing.get_type_hints(function)
    found: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            hint = hints[parameter.name]
            required = parameter.default is parameter.empty
            found.append((parameter.name, hint) if required else (parameter.name, hint, parameter.default))
    return msgspec.defstruct(function.__name__, found, kw_only=True), tuple(entry[0] for entry in found)
