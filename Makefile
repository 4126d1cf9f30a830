# The README's two commands are `make book` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
N ?= 1

VENV := .venv
BENCH := _build/bench
# What the packages take with torch's CPU build; its build for GPUs takes 5 more.
GIGABYTES ?= 3
IN_VENV := source $(VENV)/bin/activate &&
# A chapter by its number, another page with cells by its name: make outputs N=corrections.
CHAPTER = $(or $(wildcard book/$(N).ipynb),$(wildcard chapters/$(shell printf %02d $(N) 2>/dev/null)_*.ipynb))
UNIT = $(wildcard tests/unit/test_$(shell basename $(CHAPTER) .ipynb | cut -c4-).py)
NBVAL := PYTHONPATH="$$HERE/tests/notebooks/guard" pytest -q --nbval-lax --nbval-cell-timeout 300 --nbval-sanitize-with tests/notebooks/sanitize.cfg

# The chapters' matrices are small: more threads only get in each other's way.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

# The settings of whoever builds stay outside: language, pip, Matplotlib, IPython, Jupyter.
unexport $(filter PYTHON%,$(shell env | cut -d= -f1)) MPLBACKEND MATPLOTLIBRC
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_DRY_RUN JUPYTER_PATH JUPYTER_CONFIG_PATH
export LC_ALL := C.UTF-8
export PYTHONUTF8 := 1
export PYTHONNOUSERSITE := 1
export PIP_USER := 0
export MPLCONFIGDIR := $(CURDIR)/_build/settings/matplotlib
export IPYTHONDIR := $(CURDIR)/_build/settings/ipython
export JUPYTER_CONFIG_DIR := $(CURDIR)/_build/settings/jupyter
export JUPYTER_PREFER_ENV_PATH := 1

# An environment is this folder's, for these pins, and its Python runs: one that was
# copied or moved here, or whose Python has gone, is made anew.
export HERE := $(CURDIR)
export OURS := $(CURDIR) $(shell cat requirements.txt pyproject.toml | sha256sum | cut -c1-16)
ifneq ($(shell $(VENV)/bin/python -c 'import pip' 2>/dev/null && cat $(VENV)/installed 2>/dev/null),$(OURS))
.PHONY: $(VENV)/installed
endif
# The browser files may lie anywhere, but they are those of the lock.
LOCKED := $(shell cat package.json package-lock.json | sha256sum | cut -c1-16)
ifneq ($(shell test -e node_modules/.package-lock.json && cat node_modules/installed 2>/dev/null),$(LOCKED))
.PHONY: node_modules/installed
endif

.PHONY: help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

.PHONY: book
book: $(VENV)/installed node_modules/installed  ## execute the chapters and build the site in _build/html
	@$(IN_VENV) python tools/build_book.py

.PHONY: test
test: style checks  ## run every test, over the package, the chapters and the built site

.PHONY: style
style: $(VENV)/installed
	@echo "== style and types"
	@$(IN_VENV) ruff format --check -q . && ruff check -q . && mypy

.PHONY: checks
checks: book
	@echo "== unit tests, sources, site"
	@$(IN_VENV) pytest tests -n 2 --dist loadfile --no-loadscope-reorder --durations=25
	@echo "== every comparison with a library, once, untimed"
	@$(IN_VENV) BENCH_SEED=0 pytest benchmarks -n 2 --benchmark-disable -k "book or test_growth"
	@echo "== every cell of every chapter"
	@$(IN_VENV) $(NBVAL) chapters book -n 2 --dist loadfile

.PHONY: test-release
test-release: test  ## and what is too long for every run: browser, Colab, Binder, builds cut short
	@$(IN_VENV) pytest tests -m release -n 2 --dist loadfile

.PHONY: chapter
chapter: $(VENV)/installed node_modules/installed  ## one chapter: export, nbval, unit tests, page (make chapter N=1)
	@test -n "$(CHAPTER)" || { echo "there is no chapter $(N)"; exit 1; }
	@$(IN_VENV) nbdev-export && python tools/passed.py $(CHAPTER) "$(UNIT)" \
	  '$(NBVAL) $(CHAPTER) $(if $(UNIT),&& pytest -q $(UNIT))'
	@$(IN_VENV) python tools/build_book.py && python tools/chapter_facts.py $(CHAPTER) _build/html

.PHONY: outputs
outputs: $(VENV)/installed  ## run one chapter and store the outputs of its tagged cells (make outputs N=1)
	@test -n "$(CHAPTER)" || { echo "there is no chapter $(N)"; exit 1; }
	@$(IN_VENV) nbdev-export && jupyter nbconvert --to notebook --execute --inplace --coalesce-streams $(CHAPTER) \
	  && nbstripout --keep-count --keep-id --extra-keys "metadata.widgets cell.metadata.execution" $(CHAPTER)

.PHONY: front-end
front-end: $(VENV)/installed node_modules/installed  ## bundle the front end of live pieces into the package
	@$(IN_VENV) python tools/front_end.py

.PHONY: experiments
experiments: $(VENV)/installed  ## run what is too long for a chapter, keep its table (make experiments NAMES=…)
	@$(IN_VENV) python tools/run_experiments.py $(NAMES)

.PHONY: weights
weights: $(VENV)/installed  ## train again what chapters 6 and 8 load trained (twenty minutes)
	@$(IN_VENV) python tools/character_weights.py && python tools/draw_weights.py

.PHONY: bench
bench: book  ## measure the code beside the libraries and write the page benchmarks (half an hour)
	@mkdir -p $(BENCH)
	@$(IN_VENV) pytest -q benchmarks --benchmark-timer=time.process_time --benchmark-min-rounds=7 \
	  --benchmark-warmup=on --benchmark-warmup-iterations=1 --benchmark-disable-gc \
	  --benchmark-columns=median,iqr,rounds --benchmark-json=$(BENCH)/times.json
	@$(IN_VENV) python benchmarks/memory.py $(BENCH)/memory.json
	@$(IN_VENV) PYTHONPATH=tests/site python benchmarks/chapters.py $(BENCH)/chapters.json
	@$(IN_VENV) PYTHONPATH=tests/site python benchmarks/python_in_page.py steps $(BENCH)/page_python.json
	@$(IN_VENV) PYTHONPATH=tests/site python benchmarks/python_in_page.py pieces $(BENCH)/pieces.json
	@$(IN_VENV) PYTHONPATH=tests/site python benchmarks/python_in_page.py seconds
	@$(IN_VENV) python benchmarks/report.py $(BENCH) && python tools/build_book.py

.PHONY: pdf
pdf: book  ## print the whole book into _build/book.pdf (needs Chromium)
	@$(IN_VENV) python tools/print_book.py _build/html _build/book.pdf

.PHONY: links
links: book  ## follow every outward link of the book (needs the network)
	@$(IN_VENV) jupyter-book build . --builder linkcheck

.PHONY: audit
audit: $(VENV)/installed node_modules/installed  ## ask for known vulnerabilities of the pinned packages (needs the network)
	@$(IN_VENV) pip-audit --strict --skip-editable
	@$(IN_VENV) pip-audit --strict --disable-pip --require-hashes -r tools/browser_requirements.txt
	@npm audit --omit=dev

.PHONY: release-check
release-check: $(VENV)/installed  ## what stands between this commit and a release
	@$(IN_VENV) python tools/release_check.py

.PHONY: serve
serve: book  ## build the site and serve it on this machine
	@$(IN_VENV) python -m http.server --bind 127.0.0.1 --directory _build/html 8000

.PHONY: clean
clean:  ## remove what was built and installed
	rm -rf _build $(VENV) node_modules book/_assets/vendor src/*.egg-info

$(VENV)/installed: requirements.txt pyproject.toml
	@"$(PYTHON)" tools/check_machine.py $(GIGABYTES)
	@echo "== installing the pinned requirements into $(VENV) (a few minutes)"
	@test "$$(cat $(VENV)/folder 2>/dev/null)" = "$$HERE" && $(VENV)/bin/python -m pip --version >/dev/null 2>&1 \
	  || "$(PYTHON)" -m venv --clear $(VENV)
	@echo "$$HERE" > $(VENV)/folder
	@$(IN_VENV) python tools/explained.py "the packages were not installed" \
	  pip install -q --progress-bar off -r requirements.txt
	@$(IN_VENV) python tools/explained.py "the book's own package was not installed" \
	  pip install -q --no-deps -e .
	@$(VENV)/bin/python -c 'import tutorial_utils' \
	  || { echo "pip has installed elsewhere than into $(VENV): see its settings, pip config list"; exit 1; }
	@echo "$$OURS" > $@

node_modules/installed: package.json package-lock.json
	@"$(PYTHON)" tools/check_machine.py 0.5
	@echo "== fetching the browser files from npm, by lock file"
	@"$(PYTHON)" tools/explained.py "the browser files were not fetched" \
	  npm ci --ignore-scripts --silent --loglevel=error
	@echo '$(LOCKED)' > $@
