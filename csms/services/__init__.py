"""The business rules, once, free of any protocol."""
