# The tasks of development; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CLIENTS := $(VENV)/clients

.PHONY: help
help: ## List the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: install
install: $(INSTALLED) ## Create .venv and install OrderX in it, if needed

.PHONY: demo
demo: $(INSTALLED) ## Start the stack, place three orders, show their sagas, check the books, stop the stack
	@$(BIN)/orderx demo

.PHONY: up
up: $(INSTALLED) ## Run the whole stack until Ctrl-C
	@$(BIN)/orderx up

ORDERS ?= 300
KILLS ?= 20
SEED ?= 1

.PHONY: chaos
chaos: $(INSTALLED) ## Kill, freeze and disconnect processes under load, and check the books (ORDERS=, KILLS=, SEED=)
	@$(BIN)/orderx chaos --orders $(ORDERS) --kills $(KILLS) --seed $(SEED)

QUICK ?=

.PHONY: bench
bench: $(VENV)/.bench ## Compare OrderX with other systems (QUICK=1: in under four minutes); stores table and plot
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

CURVE ?= load

.PHONY: curve
curve: $(VENV)/.bench ## Measure one curve and draw it (CURVE=load, workers, stored, lines or flash)
	@$(BIN)/python -m bench.curves $(CURVE)

.PHONY: test
test: $(INSTALLED) $(CLIENTS)/.installed ## Run the tests, with a temporary PostgreSQL (and RabbitMQ, if installed)
	$(BIN)/pytest -n 2 --dist loadgroup

.PHONY: test-fast
test-fast: $(INSTALLED) ## Run the in-process tests: with a temporary PostgreSQL, without the tests that start processes
	$(BIN)/pytest -n 2 --dist loadgroup -m "not processes"

.PHONY: weaknesses
weaknesses: $(VENV)/.security ## Look for known vulnerabilities in the code and its dependencies
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml api workers saga domain kit ops migrations
	@$(BIN)/python -m tests.security.audit

.PHONY: security
security: weaknesses ## Run the security tests with more and random examples
	$(BIN)/pytest -n 2 tests/security tests/guards/test_row_level_security.py --hypothesis-profile=thorough

.PHONY: imports
imports: $(INSTALLED) ## Check the import contracts between packages
	$(BIN)/lint-imports

.PHONY: lint
lint: $(INSTALLED) imports ## Check style, types, imports and the SQL of new migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/python -m tests.guards.migration_sql

.PHONY: generated
generated: $(INSTALLED) ## Write the generated tables of the documents, and record new saga definitions
	$(BIN)/python -m tests.guards.generated

.PHONY: format
format: $(INSTALLED) ## Format the code and fix lint errors where possible
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: clean
clean: ## Remove .venv, caches and the stack's data
	rm -rf $(VENV) .orderx .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@echo "Installing OrderX into $(VENV) ..."
	@ops/install.sh $(VENV)
	@touch $@

$(CLIENTS)/.installed: tests/clients/requirements.txt tests/clients/package.json | $(INSTALLED)
	@echo "Installing generators of clients ..."
	@ops/install.sh $(CLIENTS) -r tests/clients/requirements.txt
	@cp tests/clients/package.json $(CLIENTS)
	@if command -v npm >/dev/null; then npm install --prefix $(CLIENTS) --silent --ignore-scripts --no-audit --no-fund \
	|| echo "npm cannot install what the tests in TypeScript need: they will be skipped"; fi
	@touch $@

$(VENV)/.security: $(INSTALLED)
	@echo "Installing what looks for known weaknesses ..."
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[security,test,embedded]'; \
	else $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[security,test,embedded]'; fi
	@touch $@

$(VENV)/.bench: $(INSTALLED)
	@echo "Installing the peers ..."
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[bench,embedded]'; \
	else $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench,embedded]'; fi
	@touch $@
