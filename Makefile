# Needs Python 3.11 or newer and nothing else; no compiler.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/locked-$(shell cksum < requirements.lock | tr ' ' -)
DOCS := .venv-docs
DOCS_LOCKED := $(DOCS)/locked-$(shell cksum < requirements-docs.lock | tr ' ' -)
INSTALLED := $(LOCKED)-$(shell cksum < pyproject.toml | tr ' ' -)
PYTHON ?= $(shell for python in python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help demo test test-slow test-cluster test-gpu bench bench-gpu lint docs reference venv lock lock-docs

help: ## Say what each target does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: venv ## Train and score sequences/quickstart.yaml, offline; ends with its leaderboard.
	HF_HUB_OFFLINE=1 $(BIN)/xstilts run sequences/quickstart.yaml --store .xstilts/store --leaderboards .xstilts/leaderboards

# One thread for each test process; together they fill the machine. What they expect is what CPUs compute.
test: venv ## Run the fast tests.
	CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not cluster and not gpu" -n logical --maxprocesses 8 --dist loadgroup

# The tests that hypothesis drives try more examples than `make test` does, and new ones each time.
test-slow: venv ## Run the tests that take longer.
	CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "(slow or hypothesis) and not cluster and not gpu" --hypothesis-profile deep -n logical --maxprocesses 8 --dist loadgroup

test-cluster: venv ## Run the tests that start a real Slurm and Ray on this machine.
	$(BIN)/python -m pytest -m cluster -rs tests/cluster

test-gpu: venv ## Run the tests that need a CUDA GPU.
	$(BIN)/python -m pytest -m gpu tests/gpu

bench: venv ## Measure what docs/reference/speed.md tells, some twenty minutes on two idle cores.
	$(BIN)/python -m benchmarks

bench-gpu: venv ## Measure what only a CUDA GPU shows, in at most 8 minutes.
	$(BIN)/python -m benchmarks.gpu

lint: venv ## Check style, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict harness
	$(BIN)/lint-imports --no-cache

docs: $(DOCS_LOCKED) ## Build the documentation into site/ (its search: python -m http.server --directory site).
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

reference: venv ## Write the generated pages of docs/reference anew.
	$(BIN)/python docs/write_reference.py

venv: $(INSTALLED) ## Make .venv from requirements.lock; kept while that file stays the same.

$(INSTALLED): $(LOCKED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(LOCKED):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; name one by PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing the packages of requirements.lock into $(VENV) (1 to 3 minutes)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

$(DOCS_LOCKED):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; name one by PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Installing the packages of requirements-docs.lock into $(DOCS) (about a minute)"
	@rm -rf $(DOCS)
	@$(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-docs.lock
	@touch $@

# Left out: xstilts itself, the local suffix of CPU builds, and the CUDA libraries, which torch's own
# requirements bring along where they are of use. hatchling and editables let the project itself
# install without a build environment, so without network.
lock: ## Resolve pyproject.toml anew into requirements.lock; VERSIONS="torch==2.13.0" holds some back.
	@rm -rf .xstilts/lock && $(PYTHON) -m venv .xstilts/lock
	@.xstilts/lock/bin/python -m pip install --quiet --disable-pip-version-check ".[embedded,dev]" hatchling editables $(VERSIONS)
	@echo "# Written by 'make lock' from pyproject.toml with its extras embedded and dev. Python 3.11." > requirements.lock
	@.xstilts/lock/bin/python -m pip freeze --exclude xstilts | sed 's/+cpu$$//' | grep -Ev '^(nvidia-|cuda-|triton)' >> requirements.lock
	@rm -rf .xstilts/lock

# The site is built from the sources alone, so that its packages need not agree with those of xstilts.
lock-docs: ## Resolve the packages of `make docs` anew into requirements-docs.lock.
	@rm -rf .xstilts/lock && $(PYTHON) -m venv .xstilts/lock
	@.xstilts/lock/bin/python -m pip install --quiet --disable-pip-version-check "mkdocs-material>=9.6" "mkdocstrings[python]>=0.29" ruff
	@echo "# Written by 'make lock-docs': the packages of the extra docs. Python 3.11." > requirements-docs.lock
	@.xstilts/lock/bin/python -m pip freeze >> requirements-docs.lock
	@rm -rf .xstilts/lock
