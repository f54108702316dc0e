# gridagora: `make demo` shows it, `make test` tests it. Needs git, make, Python >= 3.11.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --quiet

# Compiled kernels are cached by a digest of all sources: numba itself would miss an
# edit in a function that another file calls.
DIGEST := $(shell find src -name '*.py' | LC_ALL=C sort | xargs cat | cksum | cut -d' ' -f1)
export NUMBA_CACHE_DIR := $(CURDIR)/.numba_cache/$(DIGEST)
# Bit-equality is promised with one BLAS thread.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

RUNS  ?= runs
CORES ?= 2
TEST  := $(PY) -m pytest -q -n $(CORES) --dist loadscope

.PHONY: demo test check coverage validate benchmark examples clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.core
	$(VENV)/bin/gridagora run market-power --out $(RUNS)/market-power --force

test: $(VENV)/.test
	$(TEST) tests src -m "not validate"

check: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check src tests benchmarks examples
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

coverage: $(VENV)/.test
	NUMBA_DISABLE_JIT=1 $(TEST) tests/unit tests/faults src -m "not validate" \
	  --cov --cov-report=term

validate: $(VENV)/.test
	$(TEST) tests -m validate

benchmark: $(VENV)/.test
	$(PY) -m benchmarks

examples: $(VENV)/.test
	$(TEST) tests/validation/test_docs.py

clean:
	rm -rf .numba_cache .pytest_cache .mypy_cache .ruff_cache build htmlcov .coverage

$(PY):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else f"gridagora needs Python 3.11 to 3.13, {sys.executable} is {v[0]}.{v[1]}; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(PY)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(PY)
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.core
