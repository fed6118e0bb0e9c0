# Everything a newcomer needs is `make run MUSIC=/path/to/music` and `make test`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help kernels run test test-exhaustive test-native test-fast test-load check format lint types layers bench bench-memory bench-quality bench-start bench-guard soak test-page check-deploy docs-dashboard test-kubernetes test-cgroup2 test-arm64 test-old-cpu test-navidrome test-audiomuse test-mpd test-cluster integrations lock clean

MUSIC ?=
DATA ?= ./data
SOAK ?= all
ROUNDS ?= 2000
TESTS ?=
# --write puts the tables of bench-start, test-kubernetes, test-cgroup2, test-navidrome and test-mpd into the docs.
REPORT ?=
# A checkout of Navidrome whose plugin kit is used; empty takes the kit from the Go module proxy.
NAVIDROME_SOURCE ?=
NAVIDROME ?=
# Parts of test-cluster; all where none is named.
PARTS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
TEST_MODELS := build/models

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# The stamps carry the checksum of what they were made from: a changed lock is installed, an unchanged one is not.
RUN_STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
TEST_STAMP := $(VENV)/.tested-$(shell cat requirements.lock requirements-test.lock pyproject.toml | cksum | cut -d' ' -f1)

$(BIN)/python:
	@sh deploy/make-venv.sh $(VENV)

$(RUN_STAMP): | $(BIN)/python
	@echo "playlista: installing the locked packages into $(VENV) (once; about 300 MB)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@rm -f $(VENV)/.installed-* && touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@echo "playlista: installing the locked test tools into $(VENV) (once)"
	@$(PIP) install --require-hashes -r requirements-test.lock
	@rm -f $(VENV)/.tested-* && touch $@

SOAK_STAMP := $(VENV)/.soaked-$(shell cat requirements.lock requirements-test.lock requirements-soak.lock | cksum | cut -d' ' -f1)

$(SOAK_STAMP): $(TEST_STAMP)
	@echo "playlista: installing the programs that the soak also runs into $(VENV) (once)"
	@$(PIP) install --require-hashes -r requirements-soak.lock
	@rm -f $(VENV)/.soaked-* && touch $@

# The library's name carries the checksum of its sources: what is there and fits stays. Without a compiler it is a line.
kernels: $(RUN_STAMP)
	@$(BIN)/python -m playlista.native.build --compiler "$(CC)"

run: $(RUN_STAMP) kernels ## Analyze a folder and keep watching it: make run MUSIC=/path/to/music [DATA=./data]
	@if [ -z "$(MUSIC)" ]; then echo "playlista: say which folder: make run MUSIC=/path/to/music" >&2; exit 2; fi
	@$(BIN)/playlista models prepare --data "$(DATA)"
	@exec $(BIN)/playlista run --music "$(MUSIC)" --data "$(DATA)"

# More workers than CPUs, since tests also wait; idle workers take over tests of busy ones (pytest-xdist).
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
LOAD ?= 20
# Two workers beside 20 programs would get a twelfth of the CPUs; eight get a third, and the machine is as busy.
LOAD_WORKERS ?= 8

# Every kind of case, with our ffmpeg, which starts in a sixth of the time of a system's.
FEW := --ffmpeg bundled --hypothesis-profile few
FEW_TESTS := not exhaustive and not cost

test: $(TEST_STAMP) kernels ## Run the tests, a few cases of each kind
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@echo "playlista: running the tests"
	@$(PYTEST) $(FEW) -m "$(FEW_TESTS)"

test-exhaustive: $(TEST_STAMP) kernels ## Run what `make test` leaves out: every case, more random examples, the system's ffmpeg
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@echo "playlista: running the exhaustive tests"
	@$(PYTEST) -m "(exhaustive or hypothesis or reading) and not cost"

test-fast: $(TEST_STAMP) kernels ## Run the tests that take no processes and no seconds, all or those in TESTS: under a minute
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(PYTEST) $(FEW) -m "not slow and not exhaustive and not cost" $(TESTS)

test-arm64: $(TEST_STAMP) ## Run `make run` and `make test-fast` on emulated 64-bit ARM: make test-arm64 MUSIC=... [TESTS=...]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@sh deploy/arm64/test.sh "$(MUSIC)" "$(TESTS)"

test-old-cpu: $(TEST_STAMP) ## Run every MusiCNN runtime on emulated processors without AVX: make test-old-cpu MUSIC=FILE
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m deploy.old_cpu "$(MUSIC)"

test-native: $(TEST_STAMP) ## Try the kernels under sanitizers and on other processors: make test-native [ROUNDS=2000]
	@$(BIN)/python -m tests.native --compiler "$(CC)" --rounds $(ROUNDS)

test-load: $(TEST_STAMP) kernels ## Run the tests of `make test` while LOAD programs keep the CPUs busy (default 20)
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.load $(LOAD) $(BIN)/python -m pytest -n $(LOAD_WORKERS) --dist worksteal $(FEW) -m "$(FEW_TESTS)"

check: format lint types layers test test-exhaustive ## Formatter, linter, types, import layers, then every test

format: $(TEST_STAMP)
	@echo "playlista: checking the format" && $(BIN)/ruff format --check .

lint: $(TEST_STAMP)
	@echo "playlista: linting" && $(BIN)/ruff check .

types: $(TEST_STAMP)
	@echo "playlista: checking types" && $(BIN)/mypy

layers: $(TEST_STAMP)
	@echo "playlista: checking the import layers" && $(BIN)/lint-imports --no-logo

bench: $(TEST_STAMP) kernels ## Measure speed and compare it with other programs: make bench MUSIC=/path/to/music
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m benchmarks.speed $(if $(MUSIC),--music "$(MUSIC)")

bench-memory: $(TEST_STAMP) kernels ## Measure memory: the guide's tables, lengths, limits (as root for real cgroups)
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m benchmarks.memory $(if $(MUSIC),--music "$(MUSIC)")

bench-quality: $(TEST_STAMP) kernels ## Check every number against its truth, and the optimized against the full analysis
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m benchmarks.quality $(if $(MUSIC),--music "$(MUSIC)")

bench-start: $(TEST_STAMP) kernels ## Measure what each command costs to start: make bench-start [BEFORE=PYTHON] [REPORT=--write]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m benchmarks.start $(if $(BEFORE),--before "$(BEFORE)") $(REPORT)

bench-guard: $(TEST_STAMP) kernels ## Guard the CPU time of each stage of the analysis by ratios (its calls: `make test`)
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m pytest -m cost tests/benchmarks/test_stage_costs.py

soak: $(SOAK_STAMP) ## Hours of faults: kills, poison, mutants, a day's work: make soak [MUSIC=...] [SOAK=kills]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.soak $(SOAK) $(if $(MUSIC),--music "$(MUSIC)")

test-page: $(TEST_STAMP) ## Visit the page in a real Chromium: make test-page [PICTURES=docs/page]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@sh deploy/tools.sh page
	@$(BIN)/python -m tests.page $(if $(PICTURES),--pictures "$(PICTURES)")

check-deploy: $(TEST_STAMP) ## Check image, compose, chart, rules and dashboard with their real tools
	@sh deploy/tools.sh
	@$(BIN)/python -m deploy.checks

docs-dashboard: $(TEST_STAMP) ## Draw docs/deploy/dashboard.png with Grafana's own panels: make docs-dashboard MUSIC="FOLDER..."
	@if [ -z "$(MUSIC)" ]; then echo "playlista: say which folders: make docs-dashboard MUSIC=/path/to/music" >&2; exit 2; fi
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@sh deploy/tools.sh dashboard
	@$(BIN)/python -m deploy.grafana $(foreach folder,$(MUSIC),--music "$(folder)")

test-kubernetes: $(TEST_STAMP) ## Install the chart on a real Kubernetes API server, built from source (needs Go)
	@sh deploy/tools.sh kubernetes
	@$(BIN)/python -m deploy.cluster $(REPORT)

test-cgroup2: $(TEST_STAMP) ## Run under a real cgroup v2, in Debian's user-mode-linux: make test-cgroup2 [MUSIC=...]
	@sh deploy/tools.sh cgroup2
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.cgroup2 $(if $(MUSIC),--music "$(MUSIC)") $(REPORT)

test-cluster: $(TEST_STAMP) ## Kill and cut a real cluster on this machine: make test-cluster [MUSIC=...] [PARTS="real scale faults"]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.cluster $(PARTS) $(if $(MUSIC),--music "$(MUSIC)") $(REPORT)

test-mpd: $(TEST_STAMP) ## Load playlists and tags in a real MPD: make test-mpd [MUSIC=...]
	@sh deploy/tools.sh mpd
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.mpd $(if $(MUSIC),--music "$(MUSIC)") $(REPORT)

integrations: ## Build the plugin for Navidrome (needs Go): make integrations [NAVIDROME_SOURCE=/path/to/checkout]
	@NAVIDROME_SOURCE="$(NAVIDROME_SOURCE)" sh integrations/navidrome/build.sh

test-navidrome: $(TEST_STAMP) ## Try the plugin in a real Navidrome: make test-navidrome NAVIDROME=PROGRAM [MUSIC=...]
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.navidrome $(NAVIDROME) $(if $(MUSIC),--music "$(MUSIC)") $(REPORT)

# A checkout of AudioMuse-AI-NV-plugin; a folder with AudioMuse-AI's audiomuse.py for beets.
AUDIOMUSE ?=
AUDIOMUSE_BEETS ?=
test-audiomuse: $(SOAK_STAMP) ## Try AudioMuse-AI's plugins: make test-audiomuse NAVIDROME=PROGRAM AUDIOMUSE=FOLDER AUDIOMUSE_BEETS=FOLDER
	@$(BIN)/playlista models prepare --models "$(TEST_MODELS)"
	@$(BIN)/python -m tests.audiomuse $(if $(NAVIDROME),--navidrome "$(NAVIDROME)") $(if $(AUDIOMUSE),--plugin "$(AUDIOMUSE)") \
		$(if $(AUDIOMUSE_BEETS),--beets "$(AUDIOMUSE_BEETS)") $(if $(MUSIC),--music "$(MUSIC)") $(REPORT)

lock: $(TEST_STAMP) ## Resolve the dependencies anew and write the lock files
	@sh deploy/lock.sh

clean: ## Remove the environment and everything built
	rm -rf $(VENV) build *.egg-info daemon/*.egg-info daemon/playlista/native/*.so
