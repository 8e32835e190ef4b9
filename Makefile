# The developer's actions; each makes what it needs. The same names are used in CI and in the docs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test portal lint bench docs clean

demo: $(VENV)/.demo ## audit a faulty domain, repair it, audit again: no account, no domain, no network
	$(BIN)/launchready demo $(ARGS)

test: lint ## lint, types, import directions, then every test
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)
	$(MAKE) portal

portal: $(VENV)/.portal ## the reference portal's own tests; those in Chromium are skipped where there is none
	cd portal && ../$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -rs
	cd portal && ../$(BIN)/python -m tests.on_postgresql

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev $(VENV)/.bench $(VENV)/.portal
	for b in bench/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

docs: $(VENV)/.dev ## regenerate what is generated: check reference, schemas, report picture
	$(BIN)/python -m launchready.cli.main docs docs

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache dist build

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,portal]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.portal: portal/requirements.txt portal/requirements-dev.txt $(VENV)/.dev | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r portal/requirements-dev.txt
	touch $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	touch $@
