# Two commands for a newcomer: `make run` (the demo) and `make test`. Both set themselves up.

PYTHON ?= python3
BIN := .venv/bin
RUN_READY := .venv/.run-ready
TEST_READY := .venv/.test-ready
PINS := pyproject.toml .ci/constraints.txt
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt

.PHONY: run test test-slow soak bench check lint types imports format pictures clean

run: $(RUN_READY) ## the demo; more arguments with ARGS, as in: make run ARGS=--blank
	@exec $(BIN)/concentrator demo $(ARGS)

test: $(TEST_READY) tools ## the whole test suite but the slow fault tests
	$(BIN)/pytest -m "not slow" --numprocesses 2

test-slow: $(TEST_READY) tools ## fault tests that take minutes
	@.ci/need gcc build-essential
	$(BIN)/pytest -m slow --timeout 900

soak: $(TEST_READY) tools ## all faults at once for an hour, or as in: make soak MINUTES=5
	PYTHONPATH=. $(BIN)/python -m tests.system.soak $(MINUTES)

bench: $(TEST_READY) ## what the cache writes to disk for a frame, by the kernel's count
	PYTHONPATH=. $(BIN)/python -m tests.bench.disk_wear

check: lint types imports test ## all that a commit has to pass

lint: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TEST_READY)
	$(BIN)/mypy

imports: $(TEST_READY)
	$(BIN)/lint-imports

format: $(TEST_READY) ## what lint would complain about, mended where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: $(TEST_READY) tools ## docs/*.svg, taken from the running demo
	PYTHONPATH=. $(BIN)/python docs/pictures.py

.PHONY: tools
tools: ## the programs that tests run for real
	@.ci/need mosquitto mosquitto
	@.ci/need ssh openssh-client

$(RUN_READY): .venv/bin/pip $(PINS)
	@echo "installing the demo's dependencies ..."
	@$(INSTALL) --editable '.[demo]'
	@touch $@

$(TEST_READY): .venv/bin/pip $(PINS)
	@echo "installing the tests' dependencies ..."
	@$(INSTALL) --editable '.[test]'
	@touch $@ $(RUN_READY)

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.x ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/need --install python3-venv
	@$(PYTHON) -m venv .venv

clean: ## everything that can be made again
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
