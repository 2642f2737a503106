"""Charging stations that speak OCPP over real sockets; imports nothing of the server."""
