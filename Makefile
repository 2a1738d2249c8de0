# One command a habit; .ci/run uses the same ones. `make PYTHON=... test` takes another Python.

PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)
RESULTS ?= benchmarks/results
PAINTING ?=# a picture of Composition VII, which `make bench` needs for the quality

.PHONY: all lint types test bench

all: lint types test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

# Type checkers don't run import hooks, so they find the package by a link to its own folder.
types:
	mkdir -p .typing
	ln -sfn .. .typing/stylize_video
	$(PYTHON) -m mypy -p stylize_video
	MYPYPATH=benchmarks $(PYTHON) -m mypy benchmarks
	MYPYPATH=samples $(PYTHON) -m mypy samples
	$(PYTHON) -m mypy tests/test_packaging.py

test:
	$(PYTHON) -m pytest

# On an otherwise idle machine. Ends at the first claim that does not hold.
bench:
	$(PYTHON) benchmarks/macs.py --json $(RESULTS)/macs.json
	$(PYTHON) benchmarks/startup.py --json $(RESULTS)/startup.json
ifneq ($(PAINTING),)
	$(PYTHON) benchmarks/quality.py --painting "$(PAINTING)" --json $(RESULTS)/quality.json
else
	@echo "quality left out: give the painting, make bench PAINTING=picture.jpg"
endif
	$(PYTHON) benchmarks/whole_job.py --json $(RESULTS)/whole_job.json
