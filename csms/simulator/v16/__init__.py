"""A charging station of OCPP 1.6J with the security extension (whitepaper edition 3)."""
