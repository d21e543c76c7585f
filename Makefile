# Two commands: `make run` serves the site, `make test` tests it. Each does all of its own set-up.
# You need Debian's python3 (3.11 or newer) and make; the rest is installed into .venv.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
WORKERS ?= 2
export HOST PORT WORKERS

BIN := .venv/bin
# Only what the lock files name is installed, checked by hash; Sidedoor itself is built from this folder.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install
INSTALL := $(PIP) --require-hashes
INSTALL_OURSELVES := $(PIP) --no-deps --no-build-isolation --editable .
# Python 3.11 puts a setuptools that is years old, with known holes, into every new venv; nothing here needs it.
LEAVE_OUT := $(BIN)/python -m pip --quiet --disable-pip-version-check uninstall --yes setuptools 2>/dev/null
RUNS := .venv/runs.stamp
TESTS := .venv/tests.stamp
CHECKERS := tests/node_modules/.stamp

.PHONY: run desk editor staff test test-inside test-servers test-long prepared init check export backup restore doctor lint lock browsers bench-tools strings pictures bench bench-speed bench-scale bench-traces bench-chat audit clean

run: $(RUNS)
	@exec $(BIN)/sidedoor run

# The staff desk, for the press office and the advisers. To add the first person: make staff NAME="Ann Lee" ROLE=admin
desk staff: PORT := $(if $(filter file,$(origin PORT)),5001,$(PORT))
desk staff: export SIDEDOOR_DESK_URL ?= http://localhost:$(PORT)
desk: $(RUNS)
	@$(MAKE) --no-print-directory editor || echo "The desk shows a plain form to write in, until make editor works."
	@exec $(BIN)/sidedoor desk

# The desk's editor that shows a text as on the page: builds editor/src and the packages in npm's lock file into one file.
EDITOR := static/js/desk/built/editor.js
editor: $(EDITOR)
$(EDITOR): requirements-editor.txt editor/package-lock.json editor/build.mjs $(wildcard editor/src/*.js) | $(RUNS)
	@$(INSTALL) -r requirements-editor.txt
	@cd editor && PATH="$(CURDIR)/$(BIN):$$PATH" ../$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd editor && ../$(BIN)/node build.mjs

staff: $(RUNS)
	@$(BIN)/sidedoor staff add "$(NAME)" --role "$(ROLE)"

# Where a gigabyte of memory is free, tests keep databases and histories there: waiting for a disk takes half of the time.
PYTEST = $(if $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'END { print $$4 }')" -gt 1000000 ] 2>/dev/null && echo yes),PYTEST_DEBUG_TEMPROOT=/dev/shm) \
	$(BIN)/python -m pytest
# Otherwise each of the hundreds of processes that tests start would compile the program again.
unexport PYTHONDONTWRITEBYTECODE

test: $(TESTS)
	@$(MAKE) --no-print-directory --jobs 4 $(CHECKERS) editor browsers prepared
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target lint test-servers test-inside
	$(PYTEST) $$(grep -rl --include="test_*.py" "pytest.mark.alone" tests) -m alone
	$(PYTEST) tests/browser -n 3 --dist loadfile --no-loadscope-reorder

# pytest compiles each test file once, with a message for every assertion, and keeps the result. Without this, the six
# processes that start together would each do it, at seven processor seconds apiece.
prepared: $(TESTS)
	@output=$$($(BIN)/python -m pytest tests --collect-only 2>&1) || { echo "$$output" | tail -n 40; exit 1; }

# Tests without a server compute all the time. Tests with a server wait half of the time, so they get the processor first.
test-inside: $(TESTS) $(CHECKERS) editor browsers
	nice -n 5 env $(PYTEST) tests --ignore tests/browser -m "not server and not alone" -n 2 --dist worksteal

test-servers: $(TESTS) $(CHECKERS) editor browsers
	$(PYTEST) tests --ignore tests/browser -m "server and not alone" -n 4 --dist loadfile

# The same with 10,000 messages under kill -9 instead of 2,000, and twenty times as many random inputs.
test-long: export SIDEDOOR_TEST_LONG := 1
test-long: test

# Says what is wrong with the content, or due.
check: $(RUNS)
	$(BIN)/sidedoor check

# The public site as files, for any web server: make export FOLDER=/srv/mirror
FOLDER ?= data/mirror
export: $(RUNS)
	$(BIN)/sidedoor export $(FOLDER)

# Backs up everything except chats, encrypted: make backup FILE=/mnt/one.age TO=age1…; and restores it into a new folder:
# make restore FILE=/mnt/one.age FOLDER=/srv/new KEY=key.txt. Without TO or KEY they ask for a passphrase. See docs/backup.md.
FILE ?= data
backup: $(RUNS)
	$(BIN)/sidedoor backup $(FILE) $(if $(TO),--to $(TO))

restore: $(RUNS)
	$(BIN)/sidedoor restore $(FILE) $(FOLDER) $(if $(KEY),--key $(KEY))

# Says what is wrong with the set-up, a sentence for each fault.
doctor: $(RUNS)
	$(BIN)/sidedoor doctor
# A site of your own: make init FOLDER=/srv/our-site FOR=blank (or another folder of examples/starters). It asks for the rest.
FOR ?= blank
init: $(RUNS)
	@$(if $(filter file,$(origin FOLDER)),echo "Say where: make init FOLDER=/srv/our-site FOR=blank"; exit 1,$(BIN)/sidedoor init "$(FOLDER)" --for "$(FOR)")

lint: $(TESTS) $(CHECKERS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	nice $(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/node_modules/.bin/tsc -p tests/tsconfig.json

browsers:
	@sh tests/browser/install.sh

bench-tools:
	@sh tests/browser/install.sh bench

# Makes the lock files from pyproject.toml: exact versions and hashes of everything, for every Python and machine.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --group build pyproject.toml
lock: $(TESTS)
	$(LOCK) -o requirements.txt $(if $(UPGRADE),--upgrade)
	$(LOCK) --all-extras -c requirements.txt -o requirements-deploy.txt $(if $(UPGRADE),--upgrade)
	$(LOCK) --group editor -c requirements.txt -o requirements-editor.txt $(if $(UPGRADE),--upgrade)
	$(LOCK) --all-extras --group dev -c requirements-deploy.txt -o requirements-dev.txt $(if $(UPGRADE),--upgrade)
	$(BIN)/python -m tools.pins

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
	@$(INSTALL) -r requirements.txt
	@$(LEAVE_OUT)
	@$(INSTALL_OURSELVES)
	@touch $@

$(TESTS): requirements-dev.txt requirements.txt pyproject.toml | .venv/bin/python
	@$(INSTALL) -r requirements-dev.txt
	@$(LEAVE_OUT)
	@$(INSTALL_OURSELVES)
	@touch $@ $(RUNS)

# Checkers from npm, which run on the Node.js that requirements-dev.txt installs.
$(CHECKERS): tests/package.json tests/package-lock.json $(TESTS)
	@cd tests && PATH="$(CURDIR)/.venv/bin:$$PATH" ../$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Gathers the interface strings for the translators: locale/*/LC_MESSAGES/sidedoor.po.
strings: $(TESTS)
	$(BIN)/python -m tools.strings

# Takes the README's pictures from the running site.
pictures: $(TESTS) browsers
	$(BIN)/python -m tools.pictures

# Measures what the README states; each writes its own table there.
bench: bench-speed bench-scale bench-traces bench-chat

bench-speed: $(TESTS) bench-tools
	$(BIN)/python -m bench.speed

bench-scale: $(TESTS)
	$(BIN)/python -m bench.scale 10000 100000

bench-traces: $(TESTS) bench-tools
	$(BIN)/python -m bench.traces

bench-chat: $(TESTS) bench-tools
	$(BIN)/python -m bench.chat

# Runs other people's checkers, with a line for each; then prints a visit as a screen reader speaks it.
audit: $(TESTS) bench-tools
	$(BIN)/python -m bench.audit
	$(BIN)/python -m bench.spoken
