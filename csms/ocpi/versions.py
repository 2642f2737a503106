"""Versions and their details (OCPI 2.2.1 §6): made from the table of routes, for the roles a tenant has."""

from collections.abc import Iterable
from typing import Any

from csms.model.party import VERSION, Interface, Module, OcpiRole, serves
from csms.ocpi.request import module_url


def versions(base_url: str) -> list[dict[str, Any]]:
    """Return the versions that are really there."""
    return [{"version": VERSION, "url": f"{base_url}/{VERSION}"}]


def details(
    base_url: str, served: Iterable[tuple[Module, Interface]], roles: Iterable[OcpiRole]
) -> dict[str, Any]:
    """Return the endpoints of 2.2.1 that a tenant of these roles serves."""
    own = tuple(roles)
    return {
        "version": VERSION,
        "endpoints": [
            {
                "identifier": module.value,
                "role": interface.value,
                "url": module_url(base_url, module, interface),
            }
            for module, interface in dict.fromkeys(served)
            if serves(own, module, interface)
        ],
    }
