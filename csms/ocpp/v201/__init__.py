"""OCPP 2.0.1: routes, translation."""
