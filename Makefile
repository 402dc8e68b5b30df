# Two commands do everything: `make demo` and `make test`. Each makes the environment it needs.
# PYTHON=python3.12 (or 3.13) makes and takes another environment, .venv-python3.12, beside the first.
PYTHON ?= python3.11
VENV := $(if $(filter python3.11,$(notdir $(PYTHON))),.venv,.venv-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP_OPTIONS := --disable-pip-version-check --quiet
PIP := $(BIN)/pip $(PIP_OPTIONS)
NATIVE := setup.py $(wildcard jobs/*/native/*.[ch] jobs/*/*/native/*.[ch])
COMPILER := ziglang==0.17.1
# Some tests take longer than the minutes that any other may take at most (pyproject.toml).
LONG := -o faulthandler_timeout=3600

# Where exports are loaded in transformers: torch and no tensorflow. Any build of torch will do, so what one build alone
# brings is left unlocked.
TORCH_VENV := $(VENV)-transformers
TORCH := torch==2.13.0
UNLOCKED := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
  nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
  nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx

.PHONY: help demo docs test test-docs test-slow test-chaos test-browser test-installed test-transformers test-images test-cluster check lock clean

help:
	@echo "make demo        sample corpus -> examples -> a tiny BERT -> its embedder, judged, and a search, below bucket/"
	@echo "make test        the default tests        make test-slow, test-chaos: the longer ones"
	@echo "make test-docs   every command of README.md and docs/, as it stands there"
	@echo "make test-installed  every command of a covid-ctl that pip installed into an empty environment"
	@echo "make test-transformers  loads exports in transformers; downloads torch, 3 GB where it comes with CUDA"
	@echo "make test-cluster  tests against the cluster of KUBECONFIG, or on kind where that and Docker are"
	@echo "make test-browser  the search page and the reports in a headless chromium, where there is one"
	@echo "make test-images   tests of the images that COVID_CTL_TEST_IMAGES names, run by docker or podman"
	@echo "make docs        the pages of docs/ as a site, below docs/_build"
	@echo "make check       formatting, lint, types, layers"
	@echo "make lock        resolve the lock files again"
	@echo "make clean       remove the environments and caches; bucket/ stays"
	@echo "PYTHON=python3.12 with any of them takes another Python than 3.11"

demo: $(VENV)/.jobs
	$(BIN)/covid-ctl submit all tiny --corpus sample
	$(BIN)/covid-ctl status
	$(BIN)/covid-ctl report evaluate
	$(BIN)/covid-ctl search "Which receptor does the spike protein bind?" -n 3
	@echo "$(BIN)/covid-ctl search --serve shows the same as a page, at http://127.0.0.1:8080/"

# Sphinx, in an environment of its own. The reference is written from the code first; a warning, as of a link that leads
# nowhere, is an error.
DOCS_VENV := $(VENV)-docs
docs: $(VENV)/.jobs $(DOCS_VENV)/.complete
	PYTHONPATH=. $(BIN)/python docs/reference_pages.py docs/reference
	$(DOCS_VENV)/bin/sphinx-build -q -W --keep-going -n docs docs/_build/html
	@echo "docs/_build/html/index.html"

$(DOCS_VENV)/.complete: requirements-docs.lock
	@$(PYTHON) -m venv $(DOCS_VENV)
	@$(DOCS_VENV)/bin/pip $(PIP_OPTIONS) install --require-hashes -r requirements-docs.lock
	@touch $@

test: $(VENV)/.dev
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test-slow: $(VENV)/.dev
	$(BIN)/pytest -q -m slow $(LONG)

test-docs: $(VENV)/.dev
	$(BIN)/pytest -q -m slow $(LONG) tests/e2e/test_docs.py

test-chaos: $(VENV)/.dev
	$(BIN)/pytest -q -m chaos $(LONG)

test-installed: $(VENV)/.dev
	$(BIN)/pytest -q -m installed tests/e2e/test_installed.py

test-transformers: $(VENV)/.jobs $(TORCH_VENV)/.complete
	COVID_CTL_TEST_PYTHON=$(BIN)/python $(TORCH_VENV)/bin/pytest -q -c tests/in_transformers/pytest.ini tests/in_transformers

test-browser: $(VENV)/.browser
	$(BIN)/pytest -q -m browser -rs tests

test-images: $(VENV)/.dev
	$(BIN)/pytest -q -m images -rs tests/images

test-cluster: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/cluster/run

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q tests/patterns/test_ambiguity.py

$(VENV)/bin/pip:
	@echo "Creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.requirements: requirements.lock | $(VENV)/bin/pip
	@echo "Installing what the jobs need (tensorflow among it) into $(VENV); this takes some minutes once"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# Without a C compiler, the one that the package ziglang brings compiles them.
$(VENV)/.jobs: $(VENV)/.requirements pyproject.toml $(NATIVE)
	@echo "Installing covid-ctl into $(VENV)"
	@if command -v "$${CC:-cc}" > /dev/null; then \
	  $(PIP) install --no-deps --no-build-isolation --editable .; \
	else \
	  $(PIP) install $(COMPILER) && \
	  CC="$(CURDIR)/$(BIN)/python -m ziglang cc" $(PIP) install --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.jobs
	@echo "Installing the development tools into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.browser: requirements-browser.lock $(VENV)/.dev
	@$(PIP) install --no-deps --require-hashes -r requirements-browser.lock
	@touch $@

$(TORCH_VENV)/.complete: requirements-transformers.lock
	@echo "Installing torch and transformers into $(TORCH_VENV); this takes some minutes once"
	@$(PYTHON) -m venv $(TORCH_VENV)
	@$(TORCH_VENV)/bin/pip $(PIP_OPTIONS) install $(TORCH)
	@$(TORCH_VENV)/bin/pip $(PIP_OPTIONS) install --require-hashes -r requirements-transformers.lock
	@touch $@

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
PLATFORM = --python-platform x86_64-manylinux_2_28

lock: | $(VENV)/bin/pip
	@$(PIP) install uv
	$(COMPILE) --universal pyproject.toml --extra jobs --output-file requirements.lock
	$(COMPILE) --universal pyproject.toml --extra jobs --extra dev --output-file requirements-dev.lock
	$(COMPILE) --universal --group pyproject.toml:transformers --constraint requirements.lock \
	  $(foreach package,$(UNLOCKED),--no-emit-package $(package)) --output-file requirements-transformers.lock
	$(COMPILE) --universal --group pyproject.toml:docs --output-file requirements-docs.lock
	for image in build worker trainer-cpu controller search; do \
	  $(COMPILE) $(PLATFORM) images/$$image.in --constraint requirements.lock --output-file images/$$image.lock; \
	done
	for image in trainer-tpu trainer-gpu; do \
	  $(COMPILE) $(PLATFORM) images/$$image.in --output-file images/$$image.lock; \
	done

clean:
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
