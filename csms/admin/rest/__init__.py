"""The management API under /api/v1: one table of routes, each an operator verb of services.verbs."""
