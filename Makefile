# The one way to set up, check and test forewarn.
#
# Needs Python 3.11 or later, make, and a package index that pip is configured for.
# Everything else is installed under .venv/ from the pins and hashes in uv.lock.
# uv only reads and writes the lock; pip installs, from the index this machine is configured for.

UV_VERSION := 0.13.9

# The first interpreter that runs, is new enough, and can make virtual environments.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1; then echo $$p; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV := UV_PYTHON=$(BIN)/python UV_PYTHON_DOWNLOADS=never $(VENV)/uv-tool/bin/uv
INSTALLED := $(VENV)/.installed
UV_INSTALLED := $(VENV)/uv-tool/.installed-$(UV_VERSION)

# Two test processes: the suite is sized for two cores. `make test WORKERS=0` runs in one.
WORKERS ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check format lock bench bench-detection faults clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: $(INSTALLED) ## Install everything under .venv/ (the other targets do it by themselves)

demo: $(INSTALLED) ## Simulate a town, replay it, draw the alerts: results/alerts.png
	@$(BIN)/forewarn simulate --persons 20000 --days 365 --seed 1 --out results/town --force
	@$(BIN)/forewarn replay results/town/events.jsonl --areas results/town/areas.json --out results
	@$(BIN)/forewarn picture results --out results/alerts.png
	@echo 'Look at results/alerts.png and results/alerts.jsonl.'

up: $(INSTALLED) ## Start everything on one machine with a made-up town, until Ctrl-C
	@$(BIN)/forewarn up --demo --data results/machine $(ARGS)

test: $(INSTALLED) ## Run the tests; ARGS="-k words" hands options to pytest
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(INSTALLED) ## Run every check (format, lint, types, rooms, lock) and tell all that fails
	@failed=''; \
	run() { name=$$1; shift; echo "== $$name"; "$$@" || failed="$$failed $$name"; }; \
	run format $(BIN)/ruff format --check; \
	run lint $(BIN)/ruff check; \
	run types $(BIN)/mypy; \
	run rooms $(BIN)/lint-imports --no-logo; \
	run lock $(MAKE) --no-print-directory --silent check-lock; \
	if [ -n "$$failed" ]; then echo "make check: failed:$$failed" >&2; exit 1; fi; \
	echo 'make check: all good'

# Offline: a lock that agrees with pyproject.toml is told from the two files alone.
.PHONY: check-lock
check-lock: $(UV_INSTALLED)
	@$(UV) lock --check --offline --quiet 2>/dev/null && echo 'uv.lock agrees with pyproject.toml' \
	|| { echo 'uv.lock does not agree with pyproject.toml: run "make lock".' >&2; exit 1; }

format: $(INSTALLED) ## Format the code and apply the safe lint fixes
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

# uv writes the address of the index it used; a lock with addresses would bind every reader to it.
# Each address is cut down to its last part under a reserved name (RFC 2606). Pins and hashes stay,
# and pins that still fit are kept at the next lock: docs/decisions/0001-lock-without-hosts.md.
lock: $(UV_INSTALLED) ## Bring uv.lock up to date; ARGS=--upgrade moves every pin
	@$(UV) lock $(ARGS)
	@sed -E 's#https?://[^"]*/#https://index.invalid/#g' uv.lock > uv.lock.new
	@mv uv.lock.new uv.lock

bench: $(INSTALLED) ## Measure; ARGS hands options to the benchmark
	@$(BIN)/python -m bench $(ARGS)

bench-detection: $(INSTALLED) ## Measure the detectors beside R's and an oracle; ARGS="--only daily"
	@$(BIN)/python -m bench.detection $(ARGS)

faults: $(INSTALLED) ## Kill and stall workers and brokers while events flow (about half an hour)
	@$(BIN)/python -m tests.faults $(ARGS)

clean: ## Remove .venv/ and everything that was generated
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------- installation

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo 'No Python 3.11 or later with venv was found on PATH.' >&2; \
		echo 'Install one (on Debian: python3 and python3-venv) or name it: make PYTHON=...' >&2; \
		exit 1; fi
	@echo 'setup 1/4: a virtual environment in $(VENV)/ with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV)

$(UV_INSTALLED): | $(BIN)/python
	@echo 'setup 2/4: uv $(UV_VERSION), to read the lock'
	@rm -rf $(VENV)/uv-tool
	@$(PIP) install --no-deps --target $(VENV)/uv-tool uv==$(UV_VERSION)
	@touch $@

$(INSTALLED): pyproject.toml uv.lock $(UV_INSTALLED)
	@echo 'setup 3/4: the pinned packages (about a minute the first time)'
	@$(UV) export --quiet --frozen --all-groups --no-emit-project --no-header \
		--format requirements-txt --output-file $(VENV)/requirements.txt
	@$(PIP) install --no-deps --require-hashes --requirement $(VENV)/requirements.txt
	@echo 'setup 4/4: forewarn itself, editable'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
