# All targets need only python3 >= 3.11 and make. Each target sets up what it needs on first use.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# The number of cases of each kind that `make drill` runs, and the seed that chooses them.
N ?= 200
SEED ?= 7
# Three processes on two cores, since some tests wait for servers. tests/conftest.py runs the longest modules first.
PARALLEL := -n 3 --dist loadscope --no-loadscope-reorder

LANES := unit pipeline archive service e2e

.PHONY: run test check lint types $(LANES) up down docs wheel drill drill-history faults bench old-readers lock clean

run: .venv/installed  ## set up everything, then the whole job on a simulated market
	$(BIN)/rallyscope demo

test: .venv/installed  ## set up everything, then every lane of the tests
	$(BIN)/python -m pytest $(PARALLEL)

# Pyright uses only one core, so run it in parallel with the unit lane.
check: .venv/installed  ## lint, types, import contract and unit lane: a change must pass them before it is committed
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target lint types unit

lint: .venv/installed
	$(BIN)/ruff check .

types: .venv/installed
	$(BIN)/pyright

# A lane is a folder of tests/; CONTRIBUTING.md describes which tests belong where.
$(LANES): .venv/installed
	$(BIN)/python -m pytest $(PARALLEL) tests/$@

up: .venv/installed  ## start the Prefect server with its UI, a worker and the deployments, in the background; PORT=4200
	$(BIN)/rallyscope serve --detach $(if $(PORT),--port $(PORT))

down: .venv/installed  ## stop what `make up` started
	$(BIN)/rallyscope serve --stop

docs: .venv/installed  ## write the data dictionary, data/site/dictionary.html
	$(BIN)/rallyscope docs

wheel: .venv/installed  ## build dist/rallyscope-VERSION-py3-none-any.whl, which needs no checkout
	rm -rf build dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

drill: .venv/installed  ## kills, full disks, damage, environments, combined faults, full size, fuzzing; N=200 each, SEED=7
	$(BIN)/python tests/support/drills.py --number $(N) --seed $(SEED)

drill-history: .venv/installed  ## every way to split a range, and planted history, on a full market; about an hour
	$(BIN)/python tests/support/drill_cuts.py
	$(BIN)/python tests/support/drill_history.py

faults: .venv/installed  ## play each fault of the replay server on its own, and write docs/faults.md
	rm -f tests/support/fault_outcomes.json
	$(BIN)/python tests/support/fault_matrix.py

bench: .venv/installed  ## measure speed, as ratios to a simple task that runs next to it
	$(BIN)/python tests/support/bench.py

old-readers: .venv/installed  ## read the published file and its kept builds with DuckDB 1.2, 1.3 and 1.4
	RALLYSCOPE_OLD_DUCKDB="1.2.0 1.2.2 1.3.2 1.4.4" $(BIN)/python -m pytest tests/e2e/test_old_readers.py -rs

lock: .venv/installed  ## resolve the dependencies again, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 --extra dev \
		--upgrade --custom-compile-command "make lock" pyproject.toml -o requirements.txt

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

# --no-deps is safe because the lock is complete; pip checks every file against its hash. Byte-compiling here, on all
# cores, halves the start time of every later command.
.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or \
		sys.exit("rallyscope needs python3 >= 3.11, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --no-compile --require-hashes -r requirements.txt
	$(INSTALL) --no-build-isolation -e .
	$(BIN)/python -m compileall -q -j 0 .venv/lib || true
	@touch $@
