# `make run` tags the sample feed; `make test` runs every check. Both set up .venv by themselves.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq

.PHONY: run test check format system clean
.DEFAULT_GOAL := run

run: .venv/installed
	@$(BIN)/paperwire tag data/sample_feed.atom --output table

test: .venv/installed-dev system
	@$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	$(BIN)/pytest -q -n auto --maxprocesses 4 --dist loadfile

format:
	$(BIN)/ruff format -q .
	$(BIN)/ruff check -q --fix .

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "This Python cannot make virtual environments: install its venv package (python3-venv)"; exit 1; }

.venv/installed: .venv/bin/python pyproject.toml
	@echo "Installing into .venv (once; a minute or two) ..."
	@$(PIP) -e .
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml
	@echo "Installing into .venv, with what the checks need ..."
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/installed

# The store is tested on PostgreSQL too. Without it those tests are skipped and say so.
system:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1; then \
	  echo "Installing PostgreSQL for the store's tests ..."; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql; } \
	    > .venv/system.log 2>&1 || echo "PostgreSQL could not be installed (.venv/system.log): its tests will be skipped"; \
	fi

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
