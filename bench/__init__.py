"""Benchmarks: what the appliance costs, against a baseline measured in the same run. `make bench` runs them."""
