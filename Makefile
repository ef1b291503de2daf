# Everything a person or a machine runs here. `make help` lists it.
# `make up` and `make test` need only python3, python3-venv and make; as root on Debian the first two are
# installed when they are missing, and `make test` installs the services that the tests use.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv
# Tests that compare what is written down with the code.
DOCUMENTED := tests/test_compose.py tests/test_packages.py $(wildcard tests/test_doc*.py tests/docs)
CODE := citybrain streams dashboard store config models tests benchmarks
PEERS := quixstreams bytewax
ROUNDS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup up test test-all bench check format lock services clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.runtime ## leave the command at .venv/bin/citybrain

up: setup ## run the embedded city brain and print the wall's address
	@exec $(BIN)/citybrain up

test: .venv/.tests services ## run the tests but the slow ones
	$(BIN)/python -m pytest -m "not slow"

test-all: .venv/.tests services ## run all tests
	$(BIN)/python -m pytest

bench: .venv/.tests services $(PEERS:%=.cache/bench/%/.installed) ## measure us beside our peers, ROUNDS=3 times each
	$(BIN)/python -m benchmarks run --rounds $(ROUNDS)

check: .venv/.tests ## formatting, lint, types, import rule, documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q $(DOCUMENTED)

format: .venv/.tests ## put the code into the one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

services: ## install what the tests run beside the code (as root on Debian; elsewhere says what is missing)
	@bash tests/services/install.sh

lock: .venv/.tests ## pin every package again, with hashes (CPython 3.11 to 3.13, Linux)
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	for peer in $(PEERS); do \
		$(COMPILE) --group pyproject.toml:bench-$$peer --python-platform x86_64-manylinux_2_31 \
			-o benchmarks/peers/$$peer.lock || exit 1; \
	done

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
LOCK = $(COMPILE) pyproject.toml --group build --python-platform linux

clean: ## remove what these commands made, but the data
	rm -rf .venv .cache build dist tests/services/.cache .*_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing python3 and python3-venv" && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv >/dev/null; \
	fi
	@$(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "citybrain needs Python 3.11 or later with venv (on Debian: python3 and python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the packages of requirements.lock into .venv"
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tests: requirements-dev.lock .venv/.runtime
	@echo "Installing the packages of requirements-dev.lock into .venv"
	@$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

# A peer wants other versions of what we use: an environment of its own (bytewax has wheels up to Python 3.12).
.cache/bench/%/.installed: benchmarks/peers/%.lock | $(BIN)/python
	@echo "Installing the packages of $< into $(@D)"
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@
