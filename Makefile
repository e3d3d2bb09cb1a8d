# Every target sets up .venv by itself; a fresh machine needs only Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# a server and a client of S3 for the tests, which take an older python-dateutil than pandas
S3 := .venv/s3

# every engine, worker and app is a process that imports much: with bytecode in a third of the time
unexport PYTHONDONTWRITEBYTECODE

# a thread of torch that spins at a barrier takes the core from another process of the tests
test nightly: export OMP_WAIT_POLICY = PASSIVE
test nightly: export GOMP_SPINCOUNT = 0

.PHONY: app test nightly bench faults lint texts licences audit setup requirements

app: setup
	$(BIN)/automl app

# a process for each of the four parts of tests/parts.py, of which most wait more than they compute,
# and two for the rest. None imports schemathesis's plugin
test: setup
	$(BIN)/python -m pytest -p no:schemathesis -n 6 --dist loadscope --max-worker-restart 0 --durations 25

# the long forms: many repetitions, many random cases
nightly: setup
	AUTOML_TEST_EXAMPLES=500 $(BIN)/python -m pytest -m "nightly or hypothesis" --durations 25

bench: setup
	for module in startup pages ingest preview search training serving; do $(BIN)/python -m benchmarks.$$module || exit 1; done

# every kind of blow twenty times, hours long; writes the table of docs/reliability.md
faults: setup
	$(BIN)/python -m tests.faults --docs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# new texts go into every catalogue of automl/locale, without a translation; then all are compiled
texts: setup
	$(BIN)/python -m tests.texts.catalogues

licences: setup
	$(BIN)/python docs/licences.py

audit: setup
	$(BIN)/pip-audit --requirement requirements-dev.txt --no-deps --disable-pip

setup: $(STAMP)

# uv resolves and unpacks in seconds what takes pip minutes; it is itself installed with pip
$(STAMP): requirements-dev.txt pyproject.toml tests/engine/s3-requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --config-settings editable_mode=compat -e .
	test -x $(S3)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(S3)
	$(BIN)/uv pip install --quiet --python $(S3)/bin/python -r tests/engine/s3-requirements.txt
	touch $(STAMP)

requirements: setup
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 --no-header --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	printf 'filelock\nflask\nflask-cors\nmoto[s3]\ns3fs\n' | $(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-annotate - -o tests/engine/s3-requirements.txt
