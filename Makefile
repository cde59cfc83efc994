# What one does here, as recipes. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.set-up
# Twice quiet: errors only.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
CHECKED := src tests bench container examples main.py
# A process that has nothing left to do takes tests from one that has.
ON_ALL_CORES := --numprocesses auto --dist worksteal
# Where the environment has Python write nothing of what it compiles, each process would compile it all again.
COMPILE := $(BIN)/python -m compileall -q src
# How long the soak lets files arrive.
SECONDS ?= 600
# The folder with the pipeline that the container works.
FOLDER ?= examples/inbox

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check format soak build-docker run-docker bench screenshots lock clean

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SETUP) ## Run the quick-start example on its sample log
	$(BIN)/linemill run examples/quickstart/sample.log --pipeline examples/quickstart/pipeline.yaml

test: $(SETUP) ## Run all tests
	@$(COMPILE)
	$(BIN)/python -m pytest $(ON_ALL_CORES)

check: $(SETUP) ## Format, lint, types, imports and fast tests (about a minute)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q -m "not slow" $(ON_ALL_CORES)

format: $(SETUP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

soak: $(SETUP) ## Kill the mill at 200 moments, then for ten minutes (SECONDS=600) while files of all kinds arrive
	$(BIN)/python -m tests.soak --seconds $(SECONDS)

build-docker: ## Build the image `linemill` with docker, podman or buildah
	@container/build.sh

run-docker: build-docker ## Run the image over a folder with a pipeline (FOLDER=examples/inbox), dashboard on port 8000
	@container/run.sh "$(FOLDER)"

bench: $(SETUP) ## Measure time, latency and memory (about half an hour; 6 GB of disk)
	@$(COMPILE)
	$(BIN)/python -m bench.run

screenshots: $(SETUP) ## Draw the pictures of docs/screenshots anew, from the quick-start example (needs Chromium; six minutes)
	$(BIN)/python -m tests.browser.screenshots

lock: $(SETUP) ## Pin the newest versions that pyproject.toml allows
	$(LOCK) --upgrade --extra dev --output-file requirements.lock pyproject.toml
	$(LOCK) --constraint requirements.lock --output-file container/run.lock pyproject.toml
	echo hatchling | $(LOCK) --constraint requirements.lock --output-file container/build.lock -

clean: ## Remove what the recipes made
	rm -rf $(VENV) build dist bench-data out dead examples/*/out examples/*/dead
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is touched last, so that a set-up that was interrupted is done again.
$(SETUP): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "linemill needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV): a minute or two"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
