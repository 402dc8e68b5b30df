# Two commands do everything: `make demo` and `make test`. Each makes the .venv it needs.
PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
NATIVE := setup.py $(wildcard jobs/*/native/*.[ch] jobs/*/*/native/*.[ch])

# Only tests import torch, to prove that exports load. Its CUDA companions are left unlocked:
# a CPU build does not want them.
TORCH := torch==2.13.0
COMPILER := ziglang==0.17.1
UNLOCKED := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
  nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
  nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx

.PHONY: help demo test test-slow test-chaos test-images test-cluster check lock clean

help:
	@echo "make demo        sample corpus -> examples -> a tiny BERT -> a Hugging Face model, below bucket/"
	@echo "make test        the default tests        make test-slow, test-chaos: the longer ones"
	@echo "make test-cluster  tests against the cluster of KUBECONFIG, or on kind where that and Docker are"
	@echo "make test-images   tests of the images that COVID_CTL_TEST_IMAGES names, run by docker or podman"
	@echo "make check       formatting, lint, types, layers"
	@echo "make lock        resolve the lock files again"
	@echo "make clean       remove .venv and caches; bucket/ stays"

demo: .venv/.jobs
	$(BIN)/covid-ctl submit export tiny --with-inputs --corpus sample
	$(BIN)/covid-ctl status

test: .venv/.dev
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test-slow: .venv/.dev
	$(BIN)/pytest -q -m slow

test-chaos: .venv/.dev
	$(BIN)/pytest -q -m chaos

test-images: .venv/.dev
	$(BIN)/pytest -q -m images -rs tests/images

test-cluster: .venv/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/cluster/run

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.venv/bin/pip:
	@echo "Creating .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

.venv/.requirements: requirements.lock | .venv/bin/pip
	@echo "Installing what the jobs need (tensorflow among it) into .venv; this takes some minutes once"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# Without a C compiler, the one that the package ziglang brings compiles them.
.venv/.jobs: .venv/.requirements pyproject.toml $(NATIVE)
	@echo "Installing covid-ctl into .venv"
	@if command -v "$${CC:-cc}" > /dev/null; then \
	  $(PIP) install --no-deps --no-build-isolation --editable .; \
	else \
	  $(PIP) install $(COMPILER) && \
	  CC="$(CURDIR)/$(BIN)/python -m ziglang cc" $(PIP) install --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.jobs
	@echo "Installing the development tools (torch and transformers among them) into .venv"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install $(TORCH)
	@touch $@

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
PLATFORM = --python-platform x86_64-manylinux_2_28

lock: | .venv/bin/pip
	@$(PIP) install uv
	$(COMPILE) --universal pyproject.toml --extra jobs --output-file requirements.lock
	$(COMPILE) --universal pyproject.toml --extra jobs --extra dev \
	  $(foreach package,$(UNLOCKED),--no-emit-package $(package)) --output-file requirements-dev.lock
	for image in build worker trainer-cpu controller; do \
	  $(COMPILE) $(PLATFORM) images/$$image.in --constraint requirements.lock --output-file images/$$image.lock; \
	done
	$(COMPILE) $(PLATFORM) images/trainer-tpu.in --output-file images/trainer-tpu.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
