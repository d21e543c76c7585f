# Two commands: `make run` serves the site, `make test` tests it. Each does all of its own set-up.
# Needs Debian's python3 (3.11 or newer) and make; the rest is installed into .venv.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
WORKERS ?= 2
export HOST PORT

BIN := .venv/bin
RUNS := .venv/runs.stamp
TESTS := .venv/tests.stamp
CHECKERS := tests/node_modules/.stamp

.PHONY: run test check lint browsers strings pictures bench bench-traces clean

run: $(RUNS)
	@echo "Sidedoor is at http://$(HOST):$(PORT)  (Ctrl+C stops it)"
	@exec $(BIN)/granian --interface wsgi --host $(HOST) --port $(PORT) --workers $(WORKERS) \
		--blocking-threads 4 --backpressure 64 \
		--respawn-failed-workers --no-ws --log-level warning app:app

test: $(TESTS) $(CHECKERS) browsers lint
	$(BIN)/python -m pytest tests --ignore tests/browser
	$(BIN)/python -m pytest tests/browser

# Everything wrong with the content, or due.
check: $(RUNS)
	$(BIN)/flask content check

lint: $(TESTS) $(CHECKERS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/node_modules/.bin/tsc -p tests/tsconfig.json

browsers:
	@sh tests/browser/install.sh

clean:
	rm -rf .venv tests/node_modules

.venv/bin/python:
	@sh -c '$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))"' || { echo "Sidedoor needs Python 3.11 or newer; PYTHON=… names one."; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy --no-install-recommends python3-venv; \
		else echo "Please install Debian's package python3-venv, then try again."; exit 1; fi; }
	@$(PYTHON) -m venv .venv

$(RUNS): requirements.txt pyproject.toml | .venv/bin/python
	@echo "Setting up …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(TESTS): requirements-dev.txt requirements.txt pyproject.toml | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(RUNS)

# The checkers that npm carries, run by the Node.js that requirements-dev.txt installs.
$(CHECKERS): tests/package.json tests/package-lock.json $(TESTS)
	@cd tests && PATH="$(CURDIR)/.venv/bin:$$PATH" ../$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Gathers the interface strings anew for the translators: locale/*/LC_MESSAGES/sidedoor.po.
strings: $(RUNS)
	cd site/sidedoor && ../../$(BIN)/pybabel -q extract -F locale/babel.cfg --no-location --sort-output -o ../../data/sidedoor.pot .
	$(BIN)/pybabel -q update -D sidedoor -d site/sidedoor/locale -i data/sidedoor.pot --no-fuzzy-matching

# The README's pictures, taken anew from the running site.
pictures: $(TESTS) browsers
	$(BIN)/python docs/pictures.py

# Measures what the README states. Each writes its own table there.
bench-traces: $(TESTS) browsers
	$(BIN)/python -m bench.traces
