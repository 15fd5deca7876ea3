# Everything a fresh machine needs: `make detect` and `make test` install first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The versions that go into it.
CONSTRAINTS ?= constraints.txt
SAMPLE_OUT ?= out
# The release for `make test-torch`; the newest that has been tested.
TORCH ?= 2.14.1
# OpenCV 4 reads Darknet's files and OpenCV 5 does not; one environment holds one of them.
OPENCV4 ?= .venv-opencv4
# What builds a release, and a clean environment that runs it.
DIST_TOOLS ?= .venv-dist-tools
DIST ?= .venv-dist
# A process per core, one thread each; the tests of a file stay together, since they share models.
# Without the variable, each process of a test would compile the package again.
PYTEST := env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

.PHONY: detect test test-suite test-long test-web kill-test fault-test long-runs test-opencv4 \
	test-torch test-floor test-extras test-gpu bench-gpu fuzz coverage mutants bundled-model docs \
	check install dist clean

detect: $(VENV)/installed
	$(BIN)/dtorch detect --save $(SAMPLE_OUT)

test: check test-suite

test-suite: install
	$(PYTEST)

test-long: install
	$(PYTEST) -m "long or not long"

# Needs chromium and chromedriver; one process, since times of scripts are among what is tested.
test-web: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -rs -m web tests/web

kill-test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "long or not long" tests/training/test_kill.py

# Writes of each command fail, one in each run: a full disk, no permission, a signal. Most of the
# tests are in one file, which all processes share here.
fault-test: install
	$(PYTEST) --dist load -m fault tests/faults

# The tables of docs/reliability.md.
long-runs: install
	$(BIN)/python tools/long_runs.py

test-opencv4: install $(OPENCV4)/installed
	DTORCH_OPENCV4_PYTHON=$(OPENCV4)/bin/python $(PYTEST) tests/compat

# With PYTHON=... these two install nothing: that Python has PyTorch and what they need already.
ifeq ($(origin PYTHON),file)
GPU_PYTHON := $(BIN)/python
test-gpu bench-gpu: install
else
GPU_PYTHON := $(PYTHON)
endif

# Another release of PyTorch may warn of what is no concern of a test.
test-gpu:
	$(GPU_PYTHON) -m pytest -q -rs -W default -m cuda tests/gpu tests/inference/gpu

bench-gpu:
	$(GPU_PYTHON) tools/bench.py gpu

test-torch: .venv-torch-$(TORCH)/constraints.txt
	$(MAKE) test-suite VENV=$(<D) CONSTRAINTS=$<

# The oldest versions that setup.cfg allows.
test-floor:
	$(MAKE) test-suite VENV=.venv-floor CONSTRAINTS=constraints-floor.txt

# Each extra of setup.cfg in a clean environment, or those named, as in EXTRAS="plot report".
test-extras: install
	$(BIN)/python tools/test_extras.py $(EXTRAS)

# Branches, also those that commands and workers in other processes take. The second report is of
# the modules on which all else depends.
coverage: install $(VENV)/installed-coverage
	rm -f .coverage .coverage.*
	env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 $(BIN)/python -m coverage run \
		-m pytest -q -n auto --dist loadfile
	$(BIN)/python -m coverage combine --quiet
	rm -f .coverage.*  # of processes that tests killed while they wrote
	$(BIN)/python -m coverage report --skip-covered --fail-under 92
	$(BIN)/python -m coverage report --fail-under 100 \
		--include "$$($(BIN)/python tools/core_modules.py)"

# Mistakes put into these modules, and the share of them that their tests notice.
MUTANTS ?= 300
mutants: install
	$(BIN)/python tools/mutants.py --count $(MUTANTS)

# The readers of files, all or those named, as in TARGET="cfg coco"; the table at the end is explained
# in tools/fuzz.py.
SECONDS ?= 600
fuzz: $(VENV)/installed-fuzz
	OMP_NUM_THREADS=1 $(BIN)/python tools/fuzz.py --seconds $(SECONDS) $(TARGET)

# One of docs/experiments.md, as in `make experiment-losses`; goes on where it was stopped. All files
# but those of the repository come from ../shared, see that page.
experiment-%: install
	$(BIN)/python tools/experiment.py $*
	$(BIN)/python tools/experiment_page.py

# Draws pictures, trains the model that the package ships, and evaluates it; goes on where it stopped.
bundled-model: install
	$(BIN)/python tools/bundled_model.py

# The site of docs/, in site/: no broken link, and nothing that a page loads from another server.
docs: $(VENV)/installed-docs
	$(BIN)/zensical build --strict --clean
	$(BIN)/python tools/site_check.py site --browser

# A wheel and a source archive in dist/. The wheel is built from the archive, both are compared with
# the repository, and the wheel is installed and run where nothing else is, also with the OpenCV for
# servers without a screen. What an older build left would be packed again, so it is removed first.
dist:
	rm -rf dist build *.egg-info
	$(PYTHON) -m venv --clear $(DIST_TOOLS)
	$(DIST_TOOLS)/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) build twine
	$(DIST_TOOLS)/bin/python -m build
	$(DIST_TOOLS)/bin/python -m twine check --strict dist/*
	$(PYTHON) -m venv --clear $(DIST)
	$(DIST)/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) torch
	$(DIST)/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) dist/*.whl
	$(DIST)/bin/python tools/check_dist.py dist
	$(DIST)/bin/dtorch --version
	$(DIST)/bin/dtorch info yolov3-tiny
	$(DIST)/bin/dtorch detect --save $(SAMPLE_OUT)
	$(DIST)/bin/dtorch doctor
	$(DIST)/bin/python -m pip uninstall --quiet --yes opencv-python
	$(DIST)/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) opencv-python-headless
	$(DIST)/bin/dtorch doctor

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/installed-dev

$(VENV)/installed: setup.py setup.cfg pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) torch
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable .
	touch $@

# An extra of setup.cfg.
$(VENV)/installed-%: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[$*]'
	touch $@

.venv-torch-%/constraints.txt: constraints.txt
	mkdir -p $(@D)
	sed 's/^torch==.*/torch==$*/' $< > $@

$(OPENCV4)/installed: setup.py setup.cfg constraints-bench.txt
	$(PYTHON) -m venv $(OPENCV4)
	$(OPENCV4)/bin/python -m pip install --quiet --constraint constraints-bench.txt torch
	$(OPENCV4)/bin/python -m pip install --quiet --constraint constraints-bench.txt \
		--editable '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) $(OPENCV4) .venv-torch-* .venv-floor $(DIST_TOOLS) $(DIST) $(SAMPLE_OUT) build dist \
		site .cache *.egg-info
