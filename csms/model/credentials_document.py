"""Credentials on the wire (OCPI 2.2.1 §7.3.1): written to the letter, read with what real peers do."""

import re
from collections.abc import Iterable
from typing import Any, Final

from csms.model.json_fields import Fields
from csms.model.party import Credentials, OcpiRole, PartyRole

LONGEST_TOKEN: Final = 64
LONGEST_URL: Final = 255
MOST_ROLES: Final = 500
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_PARTY: Final = re.compile(r"[A-Za-z0-9*]{3}")


def credentials(token: str, url: str, roles: Iterable[PartyRole]) -> dict[str, Any]:
    """Return a Credentials object."""
    return {"token": token, "url": url, "roles": [_role(role) for role in roles]}


def _role(role: PartyRole) -> dict[str, Any]:
    details = {"name": role.business_name[:100] or f"{role.country_code}*{role.party_id}"}
    if role.website:
        details["website"] = role.website
    return {
        "role": role.role.value,
        "business_details": details,
        "party_id": role.party_id,
        "country_code": role.country_code,
    }


def read(body: object) -> Credentials:
    """Read a Credentials object; InvalidInput names the field. A list with one object is taken for the object."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    found = Fields(body)
    token = found.required("token", found.text("token", LONGEST_TOKEN, _TOKEN))
    url = found.required("url", found.text("url", LONGEST_URL))
    roles = found.get("roles")
    if not isinstance(roles, list) or not roles:
        found.fail("roles", "at least one role is required")
    if len(roles) > MOST_ROLES:
        found.fail("roles", f"more than {MOST_ROLES} roles are not accepted")
    read_roles = tuple(_read_role(Fields(each, f"$.roles[{i}]")) for i, each in enumerate(roles))
    if len({(role.role, role.key) for role in read_roles}) != len(read_roles):
        found.fail("roles", "the same role of the same party stands there twice")
    return Credentials(token, url, read_roles)


def _read_role(found: Fields) -> PartyRole:
    name = found.required("role", found.text("role", 20)).upper()
    if name not in OcpiRole.__members__:
        found.fail("role", f"{name!r} is none of {', '.join(OcpiRole)}")
    country = found.required("country_code", found.text("country_code", 2, _COUNTRY))
    party = found.required("party_id", found.text("party_id", 3, _PARTY))
    details = found.get("business_details")
    business = details if isinstance(details, dict) else {}
    return PartyRole(
        OcpiRole[name],
        country,
        party,
        _printable(business.get("name")) or "",
        _printable(business.get("website")),
    )


def _printable(value: object) -> str | None:
    """Return text that may be shown, None where there is none."""
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value[:255] if letter.isprintable()).strip() or None
