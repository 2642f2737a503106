"""A charging station of OCPP 2.0.1 (edition 3): device model, transactions by TransactionEvent, all blocks A to P."""
