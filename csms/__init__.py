"""csms: a self-hosted charging station management system in one process."""

__version__ = "0.1.0"
