# Everything a fresh machine needs: `make detect` and `make test` install first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SAMPLE_OUT ?= out
# A process per core, one thread each; the tests of a file stay together, since they share models.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

.PHONY: detect test test-long check install clean

detect: install
	$(BIN)/dtorch detect --save $(SAMPLE_OUT)

test: check
	$(PYTEST)

test-long: install
	$(PYTEST) -m "long or not long"

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/installed

$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) $(SAMPLE_OUT) build *.egg-info
