# Everything a fresh machine needs: `make detect` and `make test` install first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SAMPLE_OUT ?= out

.PHONY: detect test test-long check install clean

detect: install
	$(BIN)/dtorch detect --save $(SAMPLE_OUT)

test: check
	$(BIN)/python -m pytest -q

test-long: install
	$(BIN)/python -m pytest -q -m "long or not long"

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
