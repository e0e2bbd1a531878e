# Everything a person or CI runs. `make` alone lists it.
SHELL := /bin/bash
# The first interpreter that starts and is new enough; a shim of a version manager may do neither.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; exit; }; \
  done; echo python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup controlplane tools demo check test bench generate lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed  ## the virtual environment: .venv/bin/drift

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed, $(PYTHON) is older; install it or set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "setting up $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

controlplane:  ## builds etcd, kube-apiserver, kube-controller-manager once; prints their folder
	@$(PYTHON) tests/controlplane/build.py controlplane

tools:  ## builds helm3, helm4 and kustomize once; prints their folder
	@$(PYTHON) tests/controlplane/build.py tools

demo: setup  ## the main job on a control plane of its own (KEEP=1 leaves it running)
	@$(PYTHON) tests/controlplane/build.py controlplane >/dev/null
	@$(PYTHON) tests/controlplane/build.py tools >/dev/null
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep,) $(ARGS)

check: setup  ## lint, types, layers and unit tests: under two minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not cluster"

test: check  ## everything, with a real API server and real Helm
	@$(PYTHON) tests/controlplane/build.py controlplane >/dev/null
	@$(PYTHON) tests/controlplane/build.py tools >/dev/null
	$(BIN)/python -m pytest -m cluster

bench: setup  ## the numbers of docs/benchmarks.md, side by side with a bare loop
	@$(PYTHON) tests/controlplane/build.py controlplane >/dev/null
	@$(PYTHON) tests/controlplane/build.py tools >/dev/null
	@$(BIN)/python -m tests.bench $(ARGS)

generate: setup  ## writes the CRDs anew from the typed models
	@$(BIN)/python -m drift.controller.crds

lock: setup  ## writes requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	  --no-emit-index-url --no-header -o requirements.lock pyproject.toml tests/build-requirements.in

clean:  ## removes what this checkout made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
