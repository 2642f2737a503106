# Work on csms. `./install.sh --test` sets .venv up and runs `make check test`.

BIN := .venv/bin
PATH := $(CURDIR)/$(BIN):$(PATH)
SHELL_SCRIPTS := install.sh .ci/run
PYTHON_SOURCES := csms tests $(wildcard bench)
JOBS ?= auto

.PHONY: check test soak bench docs lock clean

check:
	ruff check $(PYTHON_SOURCES)
	ruff format --check --quiet $(PYTHON_SOURCES)
	mypy
	lint-imports --no-logo
	shellcheck --check-sourced --external-sources $(SHELL_SCRIPTS)
	pytest -q tests/architecture

# SQLite and PostgreSQL; the tests start a PostgreSQL of their own.
test:
	pytest -q -n $(JOBS) -m "not soak"

# Hundreds of rounds of killing and replaying.
soak:
	pytest -q -m soak

bench:
	python -m bench

# What is generated from the code: the tests fail when it is out of date.
docs:
	python -c 'from csms.config import sample; print(sample(), end="")' >config/csms.toml
	python -m csms.cli.reference >docs/reference/cli.md
	python -m csms.admin.rest.reference >docs/reference/rest.md
	python -m tests.conformance.table >docs/reference/ocpp-conformance.md
	python -m tests.wire.negative >docs/reference/ocpp-negative.md

# Pin the newest versions that fit. Takes uv, which is installed on demand.
lock:
	uv --version >/dev/null 2>&1 || pip install -q uv
	for name in requirements requirements-dev; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
			--custom-compile-command "make lock" --override requirements-override.txt $$name.in -o $$name.lock || exit; \
	done
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--custom-compile-command "make lock" requirements-build.in -o requirements-build.lock

clean:
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build csms.egg-info
	find csms tests -name __pycache__ -prune -exec rm -rf {} +
