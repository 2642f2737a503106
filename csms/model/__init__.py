"""Pure domain: dataclasses, state machines, pricing. No I/O, no framework."""
