# make run     one command from a clone to a verdict
# make test    one command from a clone to green tests
# make bench   labctl against the same by hand
# make torture SECONDS=n   scenarios in random order, on both engines and on busy cores; goes on where it stopped
# make fault-torture SEQUENCES=n   random faults; the network afterwards is what it was before
# make torture-NAME RUNS=n SECONDS=n   one of tests/torture by its name, each of its cases n times; goes on, too
# make records  what is recorded of every scenario on both engines, against tshark and strace
# make catalogue   docs/scenarios.md: what comes of every scenario on both engines

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SECONDS ?= 60
SEQUENCES ?= 500
RUNS ?=
ENGINE ?= auto

.PHONY: run test lint bench torture fault-torture records catalogue images clean

run: $(READY) images
	$(BIN)/labctl run --engine $(ENGINE) scenarios/basic.yaml

test: $(READY) images lint
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

bench: $(READY) images
	$(BIN)/python -m tests.bench.bench

torture: $(READY) images
	$(BIN)/python -m tests.torture.torture --seconds $(SECONDS)

torture-%: $(READY) images
	$(BIN)/python -m tests.torture.$(subst -,_,$*) $(if $(RUNS),--runs $(RUNS)) --seconds $(SECONDS)

fault-torture: $(READY) images
	$(BIN)/python -m tests.torture.faults --sequences $(SEQUENCES)

records: $(READY) images
	LABCTL_TEST_RECORDS=all $(BIN)/python -m pytest tests/live/test_records.py tests/live/test_scenarios.py

catalogue: $(READY) images
	$(BIN)/python -m tests.catalogue.catalogue

# Images are only made where a daemon answers; without one, or where they can't be had, labs run on namespaces.
images: $(READY)
	$(BIN)/labctl build --if-possible

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dist
