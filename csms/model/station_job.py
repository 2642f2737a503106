"""What the appliance does with a station of its own accord, once the station has booted."""

from enum import StrEnum


class Job(StrEnum):
    """One thing to be done, until it is done or given up."""

    SETTINGS = "SETTINGS"
    """Compare the desired settings and send those that differ."""
    INVENTORY = "INVENTORY"
    """Have the station tell all it has: on its first accepted boot and after its firmware changed (B07.FR.14)."""
