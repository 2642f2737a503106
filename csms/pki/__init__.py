"""Pure X.509 over `cryptography`: bytes in, bytes out; no clock, no files, no database of its own."""
