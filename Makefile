# argotui: `make run` opens the demo, `make test` proves it. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test test-cluster test-conformance lint bench bench-cluster fuzz soak screenshots lock deploy clean help

help:
	@echo "make run          install, start the local cluster, play the demo, open the console"
	@echo "make test         lint, types, layers and every test"
	@echo "make test-cluster  the suites that need a real API server; needs Go or KUBEBUILDER_ASSETS"
	@echo "make test-conformance  every recorded run of upstream on a local cluster"
	@echo "make bench        figures: latency, throughput, start-up, memory"
	@echo "make fuzz         20,000 mutated manifests: a checked run or a located error, in time and memory"
	@echo "make bench-cluster  the controller on a real API server, beside a plain script that makes the same calls"
	@echo "make soak         the long tests: 200 kills of each process, 500 on a real API server, workflows made by chance"
	@echo "make screenshots  make screenshots/ again"
	@echo "make lock         make requirements.lock again from pyproject.toml (needs uv)"
	@echo "make deploy       make deploy/ again from what argotui install applies"

$(STAMP): requirements.lock pyproject.toml
	@sh tools/install.sh "$(PYTHON)" "$(VENV)"
	@touch $(STAMP)

run: $(STAMP)
	@$(BIN)/argotui demo

lint: $(STAMP)
	@$(BIN)/ruff check argotui tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: $(STAMP)
	@$(BIN)/ruff check argotui tests
	@sh tools/test.sh $(BIN) -n 4

test-cluster: $(STAMP)
	@$(BIN)/python -m tests.cluster.envtest --optional
	@$(BIN)/python -m pytest -n 2 -rs --real-server tests/cluster/api tests/cluster/real

test-conformance: $(STAMP)
	@$(BIN)/python -m pytest -n 0 --every-case -v --no-header tests/conformance

bench: $(STAMP)
	@$(BIN)/python -m tests.budget

fuzz: $(STAMP)
	@$(BIN)/python -m tests.fuzz 20000

bench-cluster: $(STAMP)
	@$(BIN)/python -m tests.cluster.envtest
	@$(BIN)/python -m tests.budget.cluster

soak: $(STAMP)
	@$(BIN)/python -m tests.cluster.envtest --optional
	@$(BIN)/python -m pytest -m soak -n 0 -rs --real-server tests
	@ARGOTUI_TEST_SOAK=1 $(BIN)/python -m pytest -n 2 -v tests/unit/engine/test_laws.py

screenshots: $(STAMP)
	@$(BIN)/python -m pytest -n 0 tests/console/test_screenshots.py --screenshots

lock:
	@$(PYTHON) tools/lock.py

deploy: $(STAMP)
	@$(BIN)/python -m tools.deploy

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
