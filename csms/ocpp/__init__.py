"""Edge 1: charging stations, OCPP over WebSocket (OCPP-J)."""
