# Two commands matter: `make demo` and `make test`. Each gets what it needs first, once.

# The environment first: `python` is its own, and `pulumi` is the one on PATH unless tools/build.sh linked a built one into it.
# The tests' environment is .venv-dev; .venv is a stack's, and a built `pulumi` is linked into that.
RUN := PATH="$(CURDIR)/.venv-dev/bin:$(CURDIR)/.venv/bin:$$PATH"
# The same with the extra `sso`.
RUN_SSO := PATH="$(CURDIR)/.venv-sso/bin:$(CURDIR)/.venv/bin:$$PATH"
# The same with what drives a browser.
RUN_BROWSER := PATH="$(CURDIR)/.venv-browser/bin:$(CURDIR)/.venv/bin:$$PATH"
# ENGINE=oldest: the oldest engine that README promises, built for it, in place of the newest.
ifeq ($(ENGINE),oldest)
tools: oldest
export ZOT_CI_TEST_ENGINE := $(CURDIR)/.tools/oldest
endif
# Test processes: one for each core that this process may use.
JOBS ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
PYTEST := pytest -q -n $(JOBS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help venv extras dev tools oldest newest test-tools check test test-all nightly test-fast coverage versions test-sso test-backends test-browser faults commands parts soak mutants workflows alerts demo estate pictures docs bench dist sbom release lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/installed: requirements.lock
	@tools/build.sh venv

venv: .venv/installed ## what a stack needs: the Python packages of requirements.lock, in .venv (PYTHON=… chooses the interpreter)

.venv/extras: requirements-extras.lock
	@tools/build.sh extras

extras: .venv/extras tools ## the same with what single features need: notices, metrics, a 1Password service account

.venv-dev/installed: requirements-dev.lock
	@tools/build.sh dev

dev: .venv-dev/installed ## what tests, checks and the demo need: the packages of requirements-dev.lock, in .venv-dev

# Apart, because the engine wants the plugins of the two packages in it wherever they are installed.
.venv-sso/installed: requirements-sso.lock
	@tools/build.sh sso

tools: venv ## and the pulumi engine: the one on PATH, else built from its Go module
	@tools/build.sh pulumi

oldest: venv ## the oldest engine that README promises, for any target with ENGINE=oldest
	@tools/build.sh oldest

newest: tools dev ## is there a newer engine or SDK? then every part, and a choice of the commands, on both; takes half an hour
	@tools/build.sh newest
	@PATH="$(CURDIR)/.venv-newest/bin:$$PATH" ZOT_CI_TEST_ENGINE="$(CURDIR)/.tools/newest" JOBS="$(JOBS)" python -m tests.parts
	@PATH="$(CURDIR)/.venv-newest/bin:$$PATH" ZOT_CI_TEST_ENGINE="$(CURDIR)/.tools/newest" JOBS="$(JOBS)" STATES="in sync,half-way,several" python -m tests.commands

test-tools: tools dev ## and a Gitea and an actionlint, for the tests only
	@tools/build.sh gitea
	@tools/build.sh actionlint

check: dev ## lint, format, types, which folder may import which
	@echo "checking: ruff"
	@$(RUN) ruff check --quiet .
	@echo "checking: ruff format"
	@$(RUN) ruff format --diff --quiet .
	@echo "checking: mypy"
	@$(RUN) mypy --no-error-summary
	@echo "checking: import-linter"
	@$(RUN) lint-imports --no-logo --no-cache
	@# A line for each table of figures that are of older code: worth knowing, and no fault.
	@-$(RUN) python -m tests.evidence

test: test-tools check test-sso ## the checks and the tests, the same ones each day (JOBS processes)
	@echo "testing: pytest, $(JOBS) processes"
	@$(RUN) $(PYTEST)

versions: export ALL = 1
versions: test-tools ## all tests, and docs/limits.md's table of what they ran against
	@echo "testing: pytest, $(JOBS) processes, for the table of docs/limits.md"
	@$(RUN) $(PYTEST) --record-versions

test-all: export ALL = 1
test-all: test ## the same, with every case of the tests of which `make test` tries some (hours have their own targets)

# What one of these draws, the seed draws again: `make nightly SEED=…`.
nightly: export ALL = 1
nightly: export HYPOTHESIS_PROFILE = deep
nightly: export SEED := $(or $(SEED),$(shell date +%s))
nightly: test-tools ## every such case, other cells of the long matrices and other examples each time; says the SEED that repeats it
	@echo "testing: pytest, $(JOBS) processes; make nightly SEED=$(SEED) repeats this"
	@$(RUN) $(PYTEST) --hypothesis-seed=$(SEED)
	@echo "testing: two weeks of the soak; make nightly SEED=$(SEED) repeats this"
	@$(RUN) DAYS=14 LOGS="$(LOGS)" python -m tests.soak

test-fast: dev ## while you type: all tests that need neither the engine nor Gitea, in under 90 seconds
	@echo "testing: pytest without the engine, $(JOBS) processes"
	@$(RUN) $(PYTEST) -m "not engine"

coverage: dev ## the lines and branches of components/ that `make test-fast` never reaches; fails below 95 %
	@echo "testing: pytest without the engine, under coverage, $(JOBS) processes"
	@rm -rf .tools/coverage && mkdir -p .tools/coverage
	@$(RUN) coverage run -m $(PYTEST) -m "not engine"
	@$(RUN) coverage combine --quiet
	@$(RUN) coverage report

test-sso: tools .venv-sso/installed ## of these, what needs the packages of requirements-sso.lock, in .venv-sso
	@echo "checking: mypy, with the packages of single sign-on"
	@$(RUN_SSO) mypy --no-error-summary zot_ci/registry_sso.py
	@echo "testing: pytest, single sign-on, $(JOBS) processes"
	@$(RUN_SSO) $(PYTEST) tests/sso tests/test_failed_places.py

test-backends: tools dev ## stacks on S3 and on PostgreSQL, moved and split, at length; a versitygw is built for it
	@tools/build.sh versitygw
	@tools/build.sh postgresql
	@echo "testing: pytest, state backends, $(JOBS) processes"
	@$(RUN) LONG=1 $(PYTEST) tests/backends

# Apart, because nothing but the look at pages needs it.
.venv-browser/installed: requirements-browser.lock
	@tools/build.sh browser

test-browser: docs .venv-browser/installed ## the site and the report's page as a Chromium shows them, wide and narrow (SHOTS=folder keeps pictures)
	@tools/build.sh chromium
	@echo "testing: pytest, pages in a browser, $(JOBS) processes"
	@$(RUN_BROWSER) SHOTS="$(SHOTS)" $(PYTEST) tests/browser

faults: tools dev ## every request of every scenario by every fault; takes hours (SCENARIOS, FAULTS, EVERY, JOBS, RECORD=1)
	@$(RUN) JOBS="$(JOBS)" SCENARIOS="$(SCENARIOS)" FAULTS="$(FAULTS)" EVERY="$(or $(EVERY),1)" RECORD="$(RECORD)" python -m tests.faults

commands: tools dev ## every command of the engine by every state; takes hours (STATES, COMMANDS, KILL=1, LOGS, JOBS, RECORD=1)
	@$(RUN) JOBS="$(JOBS)" STATES="$(STATES)" COMMANDS="$(COMMANDS)" KILL="$(KILL)" LOGS="$(LOGS)" RECORD="$(RECORD)" python -m tests.commands

parts: tools dev ## every part away for a whole run, gone or moved, by every scenario; takes hours (CELLS, EVERY, LOGS, JOBS, RECORD=1)
	@$(RUN) JOBS="$(JOBS)" CELLS="$(CELLS)" EVERY="$(EVERY)" LOGS="$(LOGS)" RECORD="$(RECORD)" python -m tests.parts

soak: tools dev ## a year that rotates each day, with systems away and runs killed; takes hours, with LOGS goes on where it was cut off (DAYS, SEED, RECORD=1)
	@$(RUN) DAYS="$(DAYS)" SEED="$(SEED)" LOGS="$(LOGS)" RECORD="$(RECORD)" python -m tests.soak

# Apart, because nothing but this needs them.
.venv-mutants/installed: requirements-mutants.lock
	@tools/build.sh mutants

mutants: .venv-mutants/installed ## change one place of the code, see a fast test fail, and so on; some two hours (SAMPLE, SEED, JOBS, RECORD=1)
	@SAMPLE="$(SAMPLE)" SEED="$(SEED)" JOBS="$(JOBS)" RECORD="$(RECORD)" .venv-mutants/bin/python -m tests.mutants

workflows: test-tools ## run examples/workflows as a runner does, with act, which is built for it
	@tools/build.sh act
	@$(RUN) $(PYTEST) tests/test_workflows.py tests/engine/test_workflows.py tests/engine/test_verify.py

alerts: dev ## check and test monitoring/'s alert rules with promtool, which is built for it
	@tools/build.sh promtool
	@$(RUN) $(PYTEST) tests/watch

demo: tools dev ## the whole story against embedded systems (KEEP=1 leaves them up, VERBOSE=1 shows all that Pulumi prints)
	@$(RUN) KEEP="$(KEEP)" VERBOSE="$(VERBOSE)" python -m tests.demo

# The ports are those of stacks/Pulumi.demo.yaml.
estate: tools dev ## the demo's four systems, empty, until Ctrl-C: docs/tutorial.md goes on from there
	@$(RUN) python -m tests.estate --port authentik=29101 --port zot=29102 --port onepassword=29103 --port forgejo=29104

pictures: tools dev .venv-browser/installed ## docs/pictures again, from real runs against embedded systems; the page's where a Chromium is
	@$(RUN) python -m tests.pictures
	@$(RUN_BROWSER) python -m tests.browser.picture

# Apart, because nothing but the site needs them.
.venv-docs/installed: requirements-docs.lock
	@tools/build.sh docs

docs: .venv-docs/installed ## the documentation site, in .tools/site; a link that leads nowhere is an error
	@echo "building the documentation site"
	@.venv-docs/bin/python tools/docs/build.py

# Apart, because nothing but the bench needs it.
.tools/ansible/installed: requirements-bench.lock
	@tools/build.sh ansible

bench: tools dev .tools/ansible/installed ## measure, and write bench/RESULTS.md; takes an hour and wants a quiet machine (ROWS)
	@$(RUN) python -m bench $(ROWS)

.venv-dist/installed: requirements-dist.lock
	@tools/build.sh dist

dist: .venv-dist/installed ## the package in dist/: sdist, wheel, and their SHA-256 sums
	@tools/dist.sh .venv-dist/bin

sbom: .venv-dist/installed ## what a stack's environment holds, as CycloneDX: dist/zot-ci.cdx.json
	@mkdir -p dist
	@echo "writing dist/zot-ci.cdx.json from requirements.lock"
	@.venv-dist/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-format JSON --output-file dist/zot-ci.cdx.json requirements.lock

release: dev .venv-dist/installed ## all that a release needs but its tests, and pushes nothing: VERSION=1.2.3
	@$(RUN) tools/release.py "$(VERSION)"

HOW := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet $(if $(UPGRADE),--upgrade)
LOCK := uv pip compile $(HOW) --output-file
# The versions of the tests' lock, as constraints: what is tested there is what is used here.
SAME = grep -E '^[^ ]+==' requirements-dev.lock | sed 's/ \\$$//'

lock: ## all locks again from pyproject.toml (needs uv; UPGRADE=1 takes newer versions)
	@command -v uv >/dev/null || { echo "no uv on PATH to write the locks: install it (docs.astral.sh/uv)" >&2; exit 1; }
	@echo "locking: pyproject.toml into requirements-dev.lock, requirements.lock and those beside them"
	@$(LOCK) requirements-dev.lock pyproject.toml --group dev
	@$(SAME) | $(LOCK) requirements.lock pyproject.toml --constraint -
	@$(SAME) | $(LOCK) requirements-extras.lock pyproject.toml --extra metrics --extra notify --extra service-account --constraint -
	@# The same versions but for the engine's SDK, which the extra limits, and the extra's packages beside them.
	@$(SAME) | grep -v '^pulumi==' | $(LOCK) requirements-sso.lock pyproject.toml --group dev --extra sso --constraint -
	@$(LOCK) requirements-docs.lock --group pyproject.toml:docs
	@$(LOCK) requirements-dist.lock --group pyproject.toml:dist
	@$(LOCK) requirements-bench.lock --group pyproject.toml:bench
	@$(SAME) | $(LOCK) requirements-mutants.lock pyproject.toml --group dev --group mutants --constraint -
	@$(SAME) | $(LOCK) requirements-browser.lock pyproject.toml --group dev --group browser --constraint -

clean: ## away with all that make made, the built tools too
	@echo "removing .venv, .tools and caches"
	@rm -rf .venv .venv-dev .venv-dist .venv-sso .venv-docs .venv-newest .venv-mutants .venv-browser .tools build dist zot_ci.egg-info .hypothesis .mutants .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
