# Every target needs only Python 3.11 or 3.12 with venv; `make setup` makes .venv itself.
# Targets stand in the order of use: set up, try, test, check, measure, document, release, clean.
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
STAMP := .venv/.installed
REQUIREMENTS := docker/requirements
LOCK := $(REQUIREMENTS)/dev.txt

# Four processes at most; the tests of a file share one. What kills, waits or needs a browser is slow.
PYTEST := $(BIN)/python -m pytest
AT_ONCE := -n auto --maxprocesses 4 --dist loadfile
SLOW := slow or browser

# Tools that look at what is released; they have an environment of their own.
SUPPLY := .venv-supply
IMAGES := api worker worker-cuda

# The fuzzer is beside the environment: nothing of the product needs it.
FUZZ := .venv-fuzz

# What images hold is what was tested: their locks take their versions from dev's.
UPGRADE ?= --upgrade
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-strip-extras --no-emit-index-url --quiet

.PHONY: help setup demo \
  test test-slow test-postgres test-contract test-platforms test-fiftyone test-clients test-compose isolation fuzz \
  check lint types contracts dependencies format coverage \
  measure differential mutation bench-solver bench-certificates bench-features bench-index bench-quality bench-recommended bench-service bench-explorer soak \
  openapi screenshots \
  lock images sbom audit licenses clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# Set up and try

$(STAMP): $(LOCK) pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m solver.warm_up
	touch $@

setup: $(STAMP) ## Make .venv with the locked versions

demo: setup ## Generate a building, choose its seed, serve both (DEMO_SERVE=0: do not serve)
	$(BIN)/seedal demo $(if $(filter 0,$(DEMO_SERVE)),--no-serve)

# Test

test: setup ## Run the tests, but for the slow ones
	$(PYTEST) $(AT_ONCE) -m 'not ($(SLOW))'

test-slow: setup ## Run the tests that kill processes, wait for servers, or drive a browser
	$(PYTEST) $(AT_ONCE) -m '$(SLOW)'

test-postgres: setup ## Run the tests of the store and of workers on PostgreSQL (starts a server)
	$(PYTEST) tests/integration/test_service_store.py tests/integration/test_service_workers.py \
	  tests/integration/test_service_slots.py tests/integration/test_callbacks.py -k postgres

test-contract: setup ## Try every call of the API with many valid and invalid requests (10 minutes)
	$(BIN)/python tests/contract/run.py 300

test-platforms: setup ## Try pushes and syncs on a real Label Studio, and requests against platforms' clients (6 minutes, then 2)
	$(BIN)/python tests/platforms/run.py

test-clients: setup ## Make a seed with generated clients in Python and TypeScript, and by the MCP server (2 minutes, then less)
	$(BIN)/python tests/clients/run.py

test-fiftyone: setup ## Try the plugin in a real FiftyOne (6 minutes, then 1)
	$(BIN)/python tests/platforms/run.py --fiftyone -k fiftyone

fuzz: setup $(FUZZ)/.installed ## Fuzz every reader of untrusted files: counts in fuzz/table.md (MINUTES of CPU each, 10; READERS="uri cloud.ply")
	PYTHONPATH=$(CURDIR):$(CURDIR)/$(FUZZ) $(BIN)/python tests/fuzz/run.py $(READERS) --minutes $(or $(MINUTES),10)

$(FUZZ)/.installed: tests/fuzz/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(FUZZ) --requirement tests/fuzz/requirements.txt
	touch $@

isolation: setup ## Print the matrix of every call, kind of key and project, with what came back
	@$(BIN)/python tests/integration/isolation.py

test-compose: setup ## Run the compose stack in an engine of its own, with kills, backup and restore (10 minutes; root, docker.io, debootstrap)
	$(BIN)/python tests/compose/run.py

# Check

check: setup ## Everything that CI runs
	$(MAKE) --jobs=2 --output-sync lint types contracts dependencies
	$(MAKE) test
	$(MAKE) test-slow

lint: setup ## Part of check: ruff, all rules, and the format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Part of check: mypy, strict
	$(BIN)/mypy

contracts: setup ## Part of check: who may import whom
	$(BIN)/lint-imports

dependencies: setup ## Part of check: what is imported is declared, and the other way round
	$(BIN)/deptry .

format: setup ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: setup ## Run the tests with branch coverage, which has a floor (takes half as long again)
	$(PYTEST) $(AT_ONCE) --cov --cov-report=term

# Measure

measure: setup ## Measure how the code is built: a table (AGAINST=REV beside it; STARTUP=1 times commands; LIST=1 names what is counted)
	$(BIN)/python benchmarks/measure_house.py $(if $(AGAINST),--against $(AGAINST)) $(if $(STARTUP),--startup) $(if $(LIST),--list)

differential: setup ## Compare the solver with a model of its own on 20,000 random problems (an hour or two; ARGS=--help)
	$(BIN)/python benchmarks/differential.py --out bench-differential.json --failures bench-differential $(ARGS)

mutation: setup ## Change the code in a thousand small ways: do the tests notice? (two hours; ARGS="--only verify")
	$(BIN)/python benchmarks/mutation.py --out bench-mutation.json $(ARGS)

bench-solver: setup ## Measure the solver: a table, and bench-solver.json (half an hour)
	$(BIN)/python benchmarks/bench_solver.py --out bench-solver.json

bench-certificates: setup ## Measure certificates: a table, and bench-certificates.json (half an hour; needs 12 GB)
	$(BIN)/python benchmarks/bench_certificates.py --out bench-certificates.json

bench-features: setup ## Measure the feature pipeline: tables, and bench-features.json (20 minutes)
	$(BIN)/python benchmarks/bench_features.py --out bench-features.json

bench-index: setup ## Measure neighbours and near duplicates of 100,000 scenes beside brute force
	$(BIN)/python benchmarks/bench_index.py

bench-quality: setup ## Measure what seeds are worth: tables, pictures and JSON in bench-quality/ (an hour or more)
	$(BIN)/python benchmarks/bench_quality.py --out bench-quality

bench-recommended: setup ## Measure how long recommended seeds take at 300 and 2,000 scenes, and what memory (two minutes)
	$(BIN)/python benchmarks/bench_recommended.py --out bench-recommended.json

bench-service: setup ## Measure the service: answers a second, latencies, a full database (4 minutes; needs wrk)
	$(BIN)/python benchmarks/bench_service.py --out bench-service.json

bench-explorer: setup ## Measure how quick the explorer feels, and its map (3 minutes; needs Chromium)
	$(BIN)/python benchmarks/bench_explorer.py --out bench-explorer.json

soak: setup ## Kill programs of the service under mixed traffic for an hour on SQLite, then on PostgreSQL (MINUTES=3: shorter)
	$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),60) --out soak-sqlite
	$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),60) --postgres --out soak-postgresql

# Document

openapi: setup ## Write docs/openapi.json anew
	$(BIN)/python -m app.cli.openapi > docs/openapi.json

screenshots: setup ## Take the explorer's pictures in docs/img anew (needs Chromium)
	$(BIN)/python tests/browser/screenshots.py

# Release

lock: ## Resolve the dependencies again (needs uv; UPGRADE= keeps the versions that are locked)
	$(COMPILE) $(UPGRADE) --extra features --extra evaluation --extra tracing --extra ray --extra heic --group dev --output-file $(LOCK)
	set -e; for set in "api --extra tracing" "worker --extra features --extra tracing" "worker-cuda --extra gpu --extra ray --extra tracing"; do \
	  set -- $$set; name=$$1; shift; \
	  $(COMPILE) --upgrade --constraints $(LOCK) "$$@" --output-file $(REQUIREMENTS)/$$name.txt; \
	done

images: ## Build the images of compose, labelled with version and commit
	SEEDAL_VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) SEEDAL_REVISION=$$(git rev-parse HEAD) \
	  docker compose build

$(SUPPLY)/.installed: Makefile
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7.5,<8' 'pip-audit>=2.10,<3' 'pip>=26,<27'
	touch $@

sbom: $(SUPPLY)/.installed ## Write what is in the images, as CycloneDX, into sbom/
	mkdir -p sbom
	for name in $(IMAGES); do \
	  $(SUPPLY)/bin/cyclonedx-py requirements $(REQUIREMENTS)/$$name.txt --output-file sbom/$$name.cdx.json || exit 1; done

audit: $(SUPPLY)/.installed ## Look for known vulnerabilities of what is in the images (needs a network)
	for name in $(IMAGES); do \
	  $(SUPPLY)/bin/pip-audit --strict --require-hashes --disable-pip -r $(REQUIREMENTS)/$$name.txt || exit 1; done

licenses: $(SUPPLY)/.installed ## Write the licences of what is in the images into docs/licenses.md (needs a network)
	$(SUPPLY)/bin/python docs/licenses.py

clean: ## Remove what was built, the environment included
	rm -rf .venv .venv-supply .venv-fuzz fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info demo-output
