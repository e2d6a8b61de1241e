# What people and machines do with this project; `make help` lists it.

VENV ?= .venv
PYTHON ?= $(firstword $(shell command -v python3.11 || command -v python3) python3)
MEDIA ?= local/sample_media
FORMAT ?= table
FAULT_RUNS ?= 20
SECONDS ?= 60
SBOM ?= sbom.cdx.json

bin := $(VENV)/bin
# An environment that VENV= names is used as it is; only .venv is installed here.
stamp := $(if $(filter .venv,$(VENV)),$(VENV)/.installed)
# If the local stack is up and no other endpoint was chosen, queries go to the stack.
client := $(or $(MEDIA_LAKE_STACK_FOLDER),.stack)/aws.env
use_stack := if [ -z "$$AWS_ENDPOINT_URL" ] && [ -f "$(client)" ]; then . "$(client)"; fi;
compile = uv pip compile --quiet --python-version $(1) --no-emit-index-url --no-emit-find-links --no-annotate \
	--generate-hashes
mwaa_constraints := $(wildcard infrastructure/mwaa/*-constraints-*.txt)
code := include plugins dags infrastructure local tools
in_two_processes := -n 2 --dist loadfile --no-loadscope-reorder
# Measuring takes a third more time, so a person's `make test` leaves it out; .ci/run does not.
coverage := $(if $(COVERAGE),--cov --cov-report=)

# make takes these as typed: a dollar sign in a query or a folder does not name a variable.
override SQL := $(value SQL)
override MEDIA := $(value MEDIA)
override LAKE := $(value LAKE)
override ASSET := $(value ASSET)
override PREFIX := $(value PREFIX)
override SOURCE := $(value SOURCE)
override FEATURES := $(value FEATURES)
override CONTENT := $(value CONTENT)
override FACE := $(value FACE)
override REASON := $(value REASON)
override REGION := $(value REGION)
export SQL FORMAT FROM TO SOURCE FEATURES MEDIA LAKE DAY VERSION AS_OF ASSET PREFIX CONTENT FACE COLLECTION REASON CONFIRM ALLOW \
	REGION
# Airflow's many processes start much faster when Python may keep compiled modules.
unexport PYTHONDONTWRITEBYTECODE
# The local endpoint has no TLS, so its clients get no CA bundle of the machine.
unexport AWS_CA_BUNDLE

.DEFAULT_GOAL := help
.PHONY: help demo up down status query check-lake plan compare-routes prices infrastructure mwaa quicksight rollback \
	erase rebuild-ledger test lint format bench faults fuzz screenshots requirements sbom vulnerabilities

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: export DAYS ?= 3
demo: $(stamp) ## run the pipeline over a folder of media: MEDIA=dir DAYS=3
	@$(bin)/python -m local.stack demo --media "$$MEDIA" --days "$$DAYS"

up: $(stamp) ## start the local stack: PostgreSQL, local AWS, Airflow
	@$(bin)/python -m local.stack up

down: $(stamp) ## stop it; the local lake and Airflow's history end with it
	@$(bin)/python -m local.stack down

status: $(stamp) ## show its components, ports and addresses
	@$(bin)/python -m local.stack status

query: $(stamp) ## run Athena SQL: SQL="select ..." FORMAT=table|json|csv
	@if [ -z "$$SQL" ]; then \
		echo 'give a query: make query SQL="select * from media_lake.labels limit 5"' >&2; exit 1; fi
	@$(use_stack) $(bin)/python -m tools.query "$$SQL" --format "$$FORMAT"

check-lake: export DAYS ?= 30
check-lake: $(stamp) ## check lake.yaml, and what its change would cost: LAKE=file DAYS=30
	@$(use_stack) $(bin)/python -m tools.check_lake $${LAKE:+"$$LAKE"} --days "$$DAYS"

plan: $(stamp) ## what days would call and cost, running nothing: FROM=day TO=day SOURCE=... FEATURES="..."
	@if [ -z "$$FROM" ]; then echo 'name a day: make plan FROM=2026-11-18 TO=2026-11-20' >&2; exit 1; fi
	@$(use_stack) $(bin)/python -m tools.plan_days "$$FROM" $${TO:+"$$TO"} --format "$$FORMAT" \
		$$(for name in $$SOURCE; do echo "--source=$$name"; done) \
		$$(for name in $$FEATURES; do echo "--feature=$$name"; done)

prices: $(stamp) ## compare the price book of a region with AWS's list, and renew it: REGION=eu-west-1
	@if [ -z "$$REGION" ]; then echo 'name a region: make prices REGION=us-east-1' >&2; exit 1; fi
	@$(bin)/python -m tools.refresh_prices "$$REGION"

quicksight: $(stamp) ## create or update QuickSight's data sets and dashboard, and say what changed
	@$(use_stack) $(bin)/python -m infrastructure.quicksight

compare-routes: $(stamp) ## what jobs and frames cost and find in the videos of FOLDER=dir: RATE=0.5 or SCENES=yes
	@if [ -z "$$FOLDER" ]; then echo 'name a folder: make compare-routes FOLDER=local/sample_media' >&2; exit 1; fi
	@$(use_stack) $(bin)/python -m tools.compare_routes "$$FOLDER" $${RATE:+--frames-per-second "$$RATE"} \
		$$([ "$$SCENES" != yes ] || echo --scene-changes)

infrastructure: $(stamp) ## write the CloudFormation template and check it: infrastructure/media-lake.yaml
	@$(bin)/python -m tools.generate
	@$(bin)/cfn-lint infrastructure/media-lake.yaml

mwaa: $(stamp) ## write what Amazon MWAA's bucket gets, with the settings in the environment: build/mwaa/
	@$(bin)/python -m infrastructure.mwaa

rollback: $(stamp) ## list a day's versions, or go back: DAY=2026-11-20 VERSION=... or AS_OF=time
	@if [ -z "$$DAY" ]; then echo 'name a day: make rollback DAY=2026-11-20' >&2; exit 1; fi
	@$(use_stack) $(bin)/python -m tools.rollback "$$DAY" $${VERSION:+--version "$$VERSION"} \
		$${AS_OF:+--as-of "$$AS_OF"}

erase: $(stamp) ## show what the lake has of ASSET, PREFIX, CONTENT or FACE=...; CONFIRM=yes erases it
	@$(use_stack) $(bin)/python -m tools.erase $${ASSET:+--asset="$$ASSET"} $${PREFIX:+--prefix="$$PREFIX"} \
		$${CONTENT:+--content="$$CONTENT"} $${FACE:+--face="$$FACE"} \
		$${COLLECTION:+--collection="$$COLLECTION"} $${REASON:+--reason="$$REASON"} \
		$$([ "$$ALLOW" != yes ] || echo --allow-again) $$([ "$$CONFIRM" != yes ] || echo --confirm)

rebuild-ledger: $(stamp) ## show what the archive can tell a ledger that was lost; CONFIRM=yes writes it
	@$(use_stack) $(bin)/python -m tools.rebuild_ledger $$([ "$$CONFIRM" != yes ] || echo --confirm)

test: $(stamp) ## run the tests that need no AWS account, fast ones first; COVERAGE=yes holds its floor
	@$(bin)/python -m pytest $(in_two_processes) $(coverage) \
		-m "not end_to_end and not benchmark and not matrix"
	@$(bin)/python -m pytest -m "end_to_end and not benchmark and not matrix"

lint: $(stamp) ## check style, types, complexity and generated files
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/complexipy $(code) --max-complexity-allowed 15 --failed --plain
	@$(bin)/python -m tools.generate --check
	@$(bin)/python -m local.aws.coverage --check

format: $(stamp) ## format the code and sort its imports
	@$(bin)/ruff check --fix --show-fixes .
	@$(bin)/ruff format .

bench: $(stamp) ## run the benchmarks, each of which prints a line of JSON
	@$(bin)/python -m pytest -m benchmark -q -s

faults: $(stamp) ## play the whole fault matrix on the real scheduler: FAULT_RUNS=20
	@FAULT_RUNS="$(FAULT_RUNS)" $(bin)/python -m pytest -m matrix

fuzz: $(stamp) ## feed the readers with damaged inputs, and print what escapes: SECONDS=60
	@$(bin)/python -m tests.fuzz --seconds "$(SECONDS)"

screenshots: $(stamp) ## take the pictures of docs/images, after make demo; needs Chromium
	@$(bin)/python -m local.stack.screenshots

requirements: $(VENV)/bin/uv ## compile requirements*.txt, with hashes, from requirements*.in
	$(bin)/$(call compile,3.11) requirements-uv.in -o requirements-uv.txt
	$(bin)/$(call compile,3.11) requirements.in -o requirements.txt
	$(bin)/$(call compile,3.11) requirements-local.in requirements.in -c requirements.txt \
		--overrides requirements-overrides.txt -o requirements-local.txt
	$(bin)/$(call compile,3.12) requirements-mwaa.in $(addprefix -c ,$(mwaa_constraints)) \
		-o requirements-mwaa.txt

# Validation takes fifteen times as long as all else, and checks the library that writes the file.
sbom: $(stamp) ## write the bill of materials of production (CycloneDX): SBOM=sbom.cdx.json
	@PYTHONWARNINGS=ignore $(bin)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--mc-type application --output-reproducible --no-validate --output-file "$(SBOM)"

vulnerabilities: $(stamp) ## ask OSV (https://osv.dev) which packages have known vulnerabilities
	@$(bin)/python -m tools.known_vulnerabilities

ifneq ($(stamp),)
# The list is exact, so nothing is resolved again. `sync` also leaves out what packages ask for and
# requirements-overrides.txt says no to.
$(stamp): requirements-local.txt | $(VENV)/bin/uv
	@echo "installing the packages of requirements-local.txt into $(VENV)"
	@VIRTUAL_ENV="$(VENV)" $(bin)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(bin)/python \
		requirements-local.txt
	@touch $@

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later is needed, as python3.11 or python3; or name it with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv "$(VENV)"
	@$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements-uv.txt
endif
