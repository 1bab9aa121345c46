# Two commands: `make demo` and `make test`. Each builds the environment on first use, with Python 3.11+ and pip only.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo up test drill lint format lock clean

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LinkStar needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

demo: $(VENV)/.ready  ## the main job: the whole loop against a sandbox; ends by itself
	$(BIN)/linkstar demo $(ARGS)

up: $(VENV)/.ready  ## what you leave running: Dagster, daemon, sandbox; Ctrl-C stops all of it
	@exec $(BIN)/linkstar up

test: lint  ## lint, types, import directions, then every test, in parallel
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

drill: $(VENV)/.ready  ## whole demos killed and with every fault on, and the UI in a browser; minutes each
	$(BIN)/pytest -m drill $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.ready  ## renew requirements.lock after a change of dependencies
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --quiet --upgrade \
		pyproject.toml --group dev --output-file requirements.lock

clean:  ## remove the environment and ALL data in .linkstar: the demo's, and your own if it is kept there
	rm -rf $(VENV) .linkstar .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
