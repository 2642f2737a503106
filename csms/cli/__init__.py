"""The operator's hands: one file per noun, no rules."""
