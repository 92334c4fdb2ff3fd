# make demo: try the whole product, offline.   make test: every check.
PYTHON ?= python3.11
BIN := .venv/bin
PORT ?= 8080
LOCK := requirements.lock

.PHONY: demo test test-fast lint setup lock soak bench clean

demo: setup
	@exec $(BIN)/forecourt demo --port $(PORT)

test: setup lint
	$(BIN)/pytest -n auto

# Under a minute: no PostgreSQL, no browser, no kill campaigns.
test-fast: setup lint
	$(BIN)/pytest -n auto -m "not slow" --database sqlite

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

soak: setup
	$(BIN)/forecourt soak updates --updates 1000 --kills 100 --json
	for seed in 7 8 9; do for database in '' postgres; do \
		$(BIN)/forecourt soak outreach --kills 200 --seed $$seed --database "$$database" --json || exit 1; \
	done; done

bench: setup
	@$(MAKE) --no-print-directory .venv-peers/ready || echo "No environment for the peers: those who need it are left out."
	for bench in bench/[a-z]*.py; do $(BIN)/python $$bench --json || exit 1; done

setup: .venv/ready

.venv/ready: $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (a minute or two, once)..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The benches' peers keep to an environment of their own: they pin other versions than we do.
.venv-peers/ready: bench/peers/requirements.lock
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@echo "Setting up .venv-peers (a minute or two, once)..."
	@.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Hashes, no addresses: the lock installs from whichever index is configured.
COMPILE := uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --universal
lock:
	$(COMPILE) --extra dev pyproject.toml -o $(LOCK)
	$(COMPILE) bench/peers/requirements.in -o bench/peers/requirements.lock

clean:
	rm -rf .venv .venv-peers build *.egg-info
