# `make help` lists what can be done. Everything is set up in .venv; nothing else is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ARGS ?=

# Node from the machine, or else the one that comes as a wheel.
WITH_NODE = PATH="$$PATH:$(CURDIR)/$(BIN)"

# The machine's own certificates, as pip uses them: many banks add one of theirs.
export UV_SYSTEM_CERTS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long bench check fix openapi widget lock clean

help: ## List what can be done
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# Setting up talks to stderr, so that what a command prints is all there is on stdout.
$(BIN)/uv: requirements/uv.txt
	@echo "Setting up .venv with $(PYTHON) …" >&2
	@$(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2
	@touch $@

# The packages of a lock file, then our own two, which need no download of their own.
define install
	@echo "Installing $(1) …" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r $(1) >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . -e sdk/python >&2
	@touch $@
endef

.venv/demo: $(BIN)/uv requirements/demo.txt pyproject.toml sdk/python/pyproject.toml
	$(call install,requirements/demo.txt)

.venv/test: $(BIN)/uv requirements/test.txt pyproject.toml sdk/python/pyproject.toml
	$(call install,requirements/test.txt)
	@touch .venv/demo

sdk/web/node_modules: .venv/test sdk/web/package.json sdk/web/package-lock.json
	@echo "Installing what builds the widget …" >&2
	@$(BIN)/python -c 'from tests.services.node import widget_packages; widget_packages()' >&2
	@touch $@

setup: .venv/test sdk/web/node_modules ## Set up everything for working on Spreekuur

demo: .venv/demo ## Run the demo bank (ARGS='--check --json' does the main job by itself)
	@$(BIN)/spreekuur demo $(ARGS)

test: setup check ## Every check and every test
	$(BIN)/pytest -n 2 $(ARGS)

test-long: setup ## What takes too long for every day: ten thousand customers, two hundred bookings
	$(BIN)/pytest -m long $(ARGS)

bench: setup ## Print every benchmark's table (ARGS=--json prints JSON)
	@for file in $$(grep -l '__main__' bench/*.py); do \
		name=$$(basename $$file .py); echo "$$name" >&2; \
		$(BIN)/python -m bench.$$name $(ARGS) || exit 1; \
	done

check: setup ## Style, types, walls, and what is generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	cd sdk/web && $(WITH_NODE) npm run --silent check
	@$(BIN)/spreekuur openapi | diff -q - sdk/openapi.json || (echo "run: make openapi"; exit 1)

fix: setup ## Put style in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: setup ## Write sdk/openapi.json
	$(BIN)/spreekuur openapi > sdk/openapi.json

widget: setup ## Build the widget into api/static/widget
	cd sdk/web && $(WITH_NODE) npm run --silent build

lock: $(BIN)/uv ## Choose versions anew; the files record hashes and no addresses
	$(BIN)/uv pip compile -q requirements/uv.in $(LOCK) -o requirements/uv.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra demo --extra build $(LOCK) -o requirements/demo.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra demo --extra build --extra test $(LOCK) -o requirements/test.txt

LOCK := --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## Remove what was set up
	rm -rf .venv sdk/web/node_modules
