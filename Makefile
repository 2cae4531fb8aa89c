# Each word does its own set-up. `make demo` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The newest SDKs are in $(VENV); these two hold the newest ones on httpx and the lowest supported ones.
LEGACY := .venv-httpx
LOWEST := .venv-lowest
# The frameworks that there are adapters for, each in an environment of its own.
LANGCHAIN := .venv-langchain
# Where the survival benchmark is tried as a task of Inspect.
INSPECT := .venv-inspect

.PHONY: demo test check unit sdk-matrix older-sdks cover adapters inspect agents agents-install bench bench-decide frameworks clean

demo: $(VENV)/ready
	$(BIN)/pinnedrules demo

# What stands after the checks runs two at a time: one after the other it takes twice as long.
test: check agents-install
	$(MAKE) --no-print-directory -j2 --output-sync=line cover older-sdks adapters inspect

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

unit: $(VENV)/ready
	$(BIN)/python -m pytest

cover: $(VENV)/ready
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# The lowest SDKs, the newest on httpx, the newest.
sdk-matrix: older-sdks $(VENV)/ready
	$(BIN)/python -m pytest tests/hosts tests/wire/test_path_table.py -q

# What `make test` runs of it besides `cover`.
older-sdks: $(LEGACY)/ready $(LOWEST)/ready
	$(LEGACY)/bin/python -m pytest tests/hosts tests/wire/test_path_table.py -q
	$(LOWEST)/bin/python -m pytest tests/hosts tests/wire/test_path_table.py -q

# The adapters beside their frameworks; the contract that each must pass is in tests/adapters/contract.
adapters: $(LANGCHAIN)/ready $(VENV)/ready
	$(LANGCHAIN)/bin/python -m mypy adapters $(shell find tests/adapters -name '*.py')
	$(BIN)/pyright -p adapters
	COVERAGE_FILE=.coverage-langchain $(LANGCHAIN)/bin/coverage run --source=pinnedrules_adapters -m pytest tests/adapters -q
	COVERAGE_FILE=.coverage-langchain $(LANGCHAIN)/bin/coverage combine -q
	COVERAGE_FILE=.coverage-langchain $(LANGCHAIN)/bin/coverage report

# The survival benchmark as a task of Inspect, with a mock of a model.
inspect: $(INSPECT)/ready
	$(INSPECT)/bin/python -m mypy src/pinnedrules/bench/inspect.py src/pinnedrules/bench/inspect_play.py
	COVERAGE_FILE=.coverage-inspect $(INSPECT)/bin/coverage run --rcfile=/dev/null --branch \
		--include='*/bench/inspect.py,*/bench/inspect_play.py' -m pytest tests/bench/test_inspect.py -q
	COVERAGE_FILE=.coverage-inspect $(INSPECT)/bin/coverage report --rcfile=/dev/null -m --fail-under=95

# The three agents that `make test` runs among the tests; without npm or a network they are skipped, in CI that fails.
agents-install: $(VENV)/ready
	$(BIN)/python tests/agents/install.py trio

# Those three and opencode, OpenClaw and Qwen Code (1.2 GB more; Linux on x86-64).
agents: agents-install
	$(BIN)/python tests/agents/install.py others
	AGENTS=all $(BIN)/python -m pytest tests/agents

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks $(ARGS)

# The same calls beside other rule engines, each installed into an environment of its own.
bench-decide: $(VENV)/ready
	$(BIN)/python -m benchmarks.decide $(ARGS)

# Real compactors for `pinnedrules bench survival --compactor framework:NAME`: environments in .frameworks/ (4 GB).
frameworks:
	$(PYTHON) benchmarks/survival/frameworks/install.py $(ARGS)

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -c constraints.txt -e . --group dev
	touch $@

$(LEGACY)/ready: pyproject.toml
	$(PYTHON) -m venv $(LEGACY)
	$(LEGACY)/bin/python -m pip install -q --upgrade pip
	$(LEGACY)/bin/python -m pip install -q -e . --group sdk-httpx
	touch $@

$(LOWEST)/ready: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install -q --upgrade pip
	$(LOWEST)/bin/python -m pip install -q -e . --group sdk-lowest
	touch $@

$(LANGCHAIN)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LANGCHAIN)
	$(LANGCHAIN)/bin/python -m pip install -q --upgrade pip
	$(LANGCHAIN)/bin/python -m pip install -q -c constraints.txt -e '.[langchain]' --group langchain
	touch $@

# Without the constraints: they pin a botocore that Inspect's own does not go with.
$(INSPECT)/ready: pyproject.toml
	$(PYTHON) -m venv $(INSPECT)
	$(INSPECT)/bin/python -m pip install -q --upgrade pip
	$(INSPECT)/bin/python -m pip install -q -e '.[inspect]' --group inspect
	touch $@

clean:
	rm -rf $(VENV) $(LEGACY) $(LOWEST) $(LANGCHAIN) $(INSPECT) .venv-peers .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .agents .frameworks
