# Everything happens in one virtual environment, made by the first target that needs it.
# A second run finds its stamps newer than what they were made from, and asks no network.

PYTHON ?= python3
VENV ?= .venv
BUILD ?= build
PYTEST_ARGS ?= -n auto
SOAK_ARGS ?= -n 2
MATRIX_ARGS ?=
SHOP_PORT ?= 8000
NEWSLETTER_PORT ?= 5000
DASHBOARD_PORT ?= 8765
BENCH_DB ?= sqlite:///$(abspath $(BUILD))/report_cost.db
BENCH_EVENTS ?= 1000000
BENCH_ARGS ?= --write docs/explanation/costs.md
BENCH_SIZES ?= 1000000
MUTANTS ?= --sample 100 --seed 1

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SHOP := SHOP_STATE=$(abspath $(BUILD))/shop $(BIN)/python examples/shop/manage.py
NEWSLETTER := cd examples/newsletter && $(abspath $(BIN))/flask --app newsletter
REQUIRED := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo dashboard shop newsletter test test-all soak matrix types lint format docs check bench bench-reports mutants wheel lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.cli ## install the command line alone and run its demo
	$(BIN)/motfunnel demo
	@echo "(motfunnel is $(BIN)/motfunnel)"

# The history is taken in once; a second run finds it.
dashboard: $(VENV)/.web ## show the demo's history as a dashboard, on 127.0.0.1:8765
	@mkdir -p $(BUILD)/dashboard
	@test -f $(BUILD)/dashboard/demo.db || { \
		$(BIN)/motfunnel demo --db sqlite:///$(BUILD)/dashboard/new.db >/dev/null && \
		mv $(BUILD)/dashboard/new.db $(BUILD)/dashboard/demo.db; }
	$(BIN)/motfunnel serve --db sqlite:///$(BUILD)/dashboard/demo.db --tenant demo \
		--port $(DASHBOARD_PORT)

# The database is SQLite's, in $(BUILD)/shop; a DATABASE_URL in the environment names another.
shop: $(VENV)/.shop ## run the example shop, in Django, on 127.0.0.1:8000
	$(SHOP) migrate
	$(SHOP) seed
	$(SHOP) motfunnel sweep
	$(SHOP) runserver 127.0.0.1:$(SHOP_PORT)

# The database is SQLite's, in $(BUILD)/newsletter; a DATABASE_URL in the environment names another.
newsletter: export DATABASE_URL ?= sqlite:///$(abspath $(BUILD))/newsletter/newsletter.db
newsletter: export FLASK_STAFF_PASSWORD ?= staff
newsletter: $(VENV)/.newsletter ## run the example newsletter, in Flask, on 127.0.0.1:5000
	@mkdir -p $(BUILD)/newsletter
	$(NEWSLETTER) db upgrade
	$(NEWSLETTER) seed
	$(NEWSLETTER) motfunnel sweep
	$(NEWSLETTER) run --port $(NEWSLETTER_PORT)

# `make test PYTEST_ARGS="-n 2 --shuffle 7"`: in another order; 7 may be any number.
test: $(VENV)/.dev ## run all tests but the slow ones, and the examples of the documents
	$(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

# A test of time-outs or races can fail because the machine was busy. So what failed is run once
# more, alone; what fails twice is red. Any other trouble than failed tests is red at once.
test-all: $(VENV)/.dev ## run every test on every database, and all other checks
	$(MAKE) --jobs 3 lint types docs
	$(BIN)/python -m pytest --durations=15 $(PYTEST_ARGS) || { [ $$? -eq 1 ] && \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none -n 0; }

# Far more kills, restarts, events and steps; it takes hours, and prints what it counted.
soak: $(VENV)/.dev ## run the long fault tests, and print their figures
	MOTFUNNEL_SOAK=10 HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest $(SOAK_ARGS) \
		tests/test_strategies.py tests/faults tests/tracking/test_concurrency.py tests/tracking/test_laws.py \
		tests/tracking/test_lost_acknowledgement.py tests/tracking/test_joined.py

# A Python that this machine lacks is skipped. `make matrix MATRIX_ARGS="-s tests-3.13"`: a part.
matrix: $(VENV)/.dev ## run what could differ with versions of Python, SQLAlchemy and Django
	$(BIN)/nox $(MATRIX_ARGS)

types: $(VENV)/.dev ## check the types
	$(BIN)/python -m mypy

lint: $(VENV)/.dev ## check the style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/.dev ## put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.dev ## build the documents as HTML; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -d $(BUILD)/doctrees docs $(BUILD)/docs
	@echo "see $(BUILD)/docs/index.html"

check: lint types test docs ## all of these four

# Larger ones: `make bench BENCH_SIZES="1000000 10000000 30000000"`; that takes minutes, and a disk.
bench: $(VENV)/.dev ## classify files beside what else one could run, and write docs/benchmarks.md
	$(BIN)/python benchmarks/batch.py $(BENCH_SIZES) --write docs/benchmarks.md

# Another database and size: `make bench-reports BENCH_DB=postgresql://… BENCH_EVENTS=10000000`.
bench-reports: $(VENV)/.dev ## measure every report beside its marks, and write the page on costs
	@mkdir -p $(BUILD)
	$(BIN)/python benchmarks/report_cost.py --db $(BENCH_DB) --events $(BENCH_EVENTS) $(BENCH_ARGS)

# A larger one: `make mutants MUTANTS="statistics --sample 300 --seed 2"`; without a package, all three.
mutants: $(VENV)/.dev ## change the source in small places, and count what the tests notice
	@test -d $(BUILD)/mutants || $(PIP) install --quiet --target $(BUILD)/mutants 'cosmic-ray>=8.7'
	OMP_NUM_THREADS=1 nice $(BIN)/python benchmarks/mutants.py --tool $(BUILD)/mutants $(MUTANTS)

wheel: $(VENV)/.pip ## build a wheel, in dist
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/*.whl

lock: $(VENV)/.pip ## renew constraints.txt with the newest versions of everything
	$(PIP) install --quiet --upgrade uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 \
		--all-extras --group dev \
		--custom-compile-command "make lock" --output-file constraints.txt pyproject.toml

clean: ## remove the environment and everything built
	rm -rf $(VENV) $(BUILD) .nox dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Python 3.11 brings a pip that knows no --group.
$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	@touch $@

$(VENV)/.cli: $(VENV)/.pip $(REQUIRED)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[cli]'
	@touch $@

$(VENV)/.web: $(VENV)/.pip $(REQUIRED)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[cli,web]'
	@touch $(VENV)/.cli $@

$(VENV)/.shop: $(VENV)/.pip $(REQUIRED)
	$(PIP) install --quiet --constraint constraints.txt \
		--editable '.[cli,django,web,postgres,mysql]'
	@touch $(VENV)/.cli $@

$(VENV)/.newsletter: $(VENV)/.pip $(REQUIRED)
	$(PIP) install --quiet --constraint constraints.txt --group newsletter \
		--editable '.[cli,flask,web,postgres,mysql]'
	@touch $(VENV)/.cli $@

# The whole includes the others, so that `make demo` after `make test` installs nothing.
$(VENV)/.dev: $(VENV)/.pip $(REQUIRED)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	@touch $(VENV)/.cli $(VENV)/.web $(VENV)/.shop $(VENV)/.newsletter $@
