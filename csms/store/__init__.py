"""The only SQL: connections, group commit, migrations and one file per table group."""
