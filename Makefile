# Two commands do all the set-up: `make run` and `make test`. Both need only Python 3.11+ and make.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
SAMPLE ?= cdnow
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help run test lint bench soak clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

run: $(VENV)/.run ## set up what is missing and start Jubilee on http://127.0.0.1:8000
	@exec $(BIN)/jubilee up --sample $(SAMPLE)

test: $(VENV)/.test ## lint, types, import contracts, and every test on SQLite and on PostgreSQL
	@sh tests/run.sh

lint: $(VENV)/.test ## ruff, mypy and the import contracts alone
	@sh tests/lint.sh

bench: $(VENV)/.bench ## the speeds the project promises, as ratios beside a bare ceiling
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.test ## the long faults: kills among 20,000 messages, and 100,000 with memory watched (some minutes)
	@$(BIN)/python -m tests.soak

clean: ## remove the environment (your data in var/ stays)
	rm -rf $(VENV) build *.egg-info

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Jubilee needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3.11 ...)"; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (on Debian: apt-get install python3-venv)"; rm -rf $(VENV); exit 1; }
	@touch $@

# The sample's purchases lie inside the lifetimes package; only its data file is read, so its dependencies are left out.
$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Jubilee's libraries (once) ..."
	@$(PIP) --editable .
	@$(PIP) --no-deps lifetimes==0.11.3 || echo "The CDNOW sample could not be installed; a small made sample will be used."
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Installing the libraries the tests use (once) ..."
	@$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@$(PIP) --editable '.[test,bench]'
	@touch $@
