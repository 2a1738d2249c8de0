# One command a habit; .ci/run uses the same ones. `make PYTHON=... test` takes another Python.

PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)
RESULTS ?= benchmarks/results
PAINTINGS ?=# a folder with NAME.jpg for each style, which `make bench` needs for the quality

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
ifneq ($(PAINTINGS),)
	$(PYTHON) benchmarks/canvas_quality.py --paintings "$(PAINTINGS)" --json $(RESULTS)/canvas_quality.json
	$(PYTHON) benchmarks/films.py --paintings "$(PAINTINGS)" --json $(RESULTS)/films.json
	$(PYTHON) benchmarks/films.py --method wct --paintings "$(PAINTINGS)" --json $(RESULTS)/wct_films.json
	$(PYTHON) benchmarks/wct_quality.py --paintings $(addprefix $(PAINTINGS)/,the-scream.jpg delaunay.jpg matisse.jpg) --json $(RESULTS)/wct_quality.json
	$(PYTHON) benchmarks/gatys_quality.py --paintings $(addprefix $(PAINTINGS)/,the-scream.jpg delaunay.jpg matisse.jpg) --json $(RESULTS)/gatys_quality.json
	$(PYTHON) benchmarks/keyframes.py --painting $(PAINTINGS)/starry-night.jpg --json $(RESULTS)/keyframes.json
else
	@echo "quality and stability left out: give the paintings, make bench PAINTINGS=folder"
endif
	$(PYTHON) benchmarks/fuzz.py --json $(RESULTS)/fuzz.json
	$(PYTHON) benchmarks/whole_job.py --json $(RESULTS)/whole_job.json
	$(PYTHON) benchmarks/wct_speed.py --json $(RESULTS)/wct_speed.json
	$(PYTHON) benchmarks/stabilizer_cost.py --json $(RESULTS)/stabilizer_cost.json
	$(PYTHON) benchmarks/engines.py --json $(RESULTS)/engines.json
	$(PYTHON) benchmarks/large_frames.py --json $(RESULTS)/large_frames.json
	$(PYTHON) benchmarks/endurance.py --json $(RESULTS)/endurance.json
	$(PYTHON) benchmarks/side_by_side.py --json $(RESULTS)/side_by_side.json
