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
	for bench in bench/[a-z]*.py; do $(BIN)/python $$bench --json || exit 1; done

setup: .venv/ready

.venv/ready: $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (a minute or two, once)..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Hashes, no addresses: the lock installs from whichever index is configured.
lock:
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --universal \
		--extra dev pyproject.toml -o $(LOCK)

clean:
	rm -rf .venv build *.egg-info
