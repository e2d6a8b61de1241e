# Everything a person or a machine does with this project; `make help` lists it.

VENV ?= .venv
PYTHON ?= $(firstword $(shell command -v python3.11 || command -v python3) python3)
MEDIA ?= local/sample_media
DAYS ?= 3
FORMAT ?= table
FAULT_RUNS ?= 20

bin := $(VENV)/bin
# A ready environment that is named with VENV= is used as it is.
stamp := $(if $(filter .venv,$(VENV)),$(VENV)/.installed)
# The local stack's endpoint, if the stack is up and no other endpoint was chosen.
client := $(or $(MEDIA_LAKE_STACK_FOLDER),.stack)/aws.env
use_stack := if [ -z "$$AWS_ENDPOINT_URL" ] && [ -f "$(client)" ]; then . "$(client)"; fi;
compile := uv pip compile --quiet --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate

# Taken as typed: a dollar sign in a query or a folder is no variable of make.
override SQL := $(value SQL)
override MEDIA := $(value MEDIA)
export SQL FORMAT MEDIA DAYS
# Packages are compiled once, at installation; Airflow's many processes start much faster with them.
unexport PYTHONDONTWRITEBYTECODE
# A CA bundle of the machine's own has no place in calls to a local endpoint without TLS.
unexport AWS_CA_BUNDLE

.DEFAULT_GOAL := help
.PHONY: help demo up down status query test lint format bench faults requirements

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(stamp) ## run the pipeline over a folder of media: MEDIA=dir DAYS=3
	@$(bin)/python -m local.stack demo --media "$$MEDIA" --days "$$DAYS"

up: $(stamp) ## start the local stack: PostgreSQL, local AWS, Airflow
	@$(bin)/python -m local.stack up

down: $(stamp) ## stop it; the local lake and Airflow's history end with it
	@$(bin)/python -m local.stack down

status: $(stamp) ## show its components, ports and addresses
	@$(bin)/python -m local.stack status

query: $(stamp) ## run Athena SQL: SQL="select ..." FORMAT=table|json|csv
	@if [ -z "$$SQL" ]; then echo 'give a query: make query SQL="select * from media_lake.labels limit 5"' >&2; exit 1; fi
	@$(use_stack) $(bin)/python -m tools.query "$$SQL" --format "$$FORMAT"

test: $(stamp) ## run every test that needs no AWS account, fast ones first
	@$(bin)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not end_to_end and not benchmark and not matrix"
	@$(bin)/python -m pytest -m "end_to_end and not benchmark and not matrix"

lint: $(stamp) ## check style, types and generated files
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/python -m tools.generate --check
	@$(bin)/python -m local.aws.coverage --check

format: $(stamp) ## format the code and sort its imports
	@$(bin)/ruff check --fix --show-fixes .
	@$(bin)/ruff format .

bench: $(stamp) ## run the benchmarks, each of which prints a line of JSON
	@$(bin)/python -m pytest -m benchmark -q -s

faults: $(stamp) ## play the whole fault matrix on the real scheduler: FAULT_RUNS=20
	@FAULT_RUNS="$(FAULT_RUNS)" $(bin)/python -m pytest -m matrix

requirements: $(VENV)/bin/uv ## compile requirements*.txt from requirements*.in
	$(bin)/$(compile) requirements.in -o requirements.txt
	$(bin)/$(compile) requirements-local.in requirements.in -c requirements.txt \
		--overrides requirements-overrides.txt -o requirements-local.txt

ifneq ($(stamp),)
# The list is exact and consistent: nothing is resolved again, and nothing else is installed (some package asks for
# opencv-python, which would overwrite its headless form).
$(stamp): requirements-local.txt | $(VENV)/bin/uv
	@echo "installing the packages of requirements-local.txt into $(VENV)"
	@VIRTUAL_ENV="$(VENV)" $(bin)/uv pip sync --quiet --compile-bytecode --python $(bin)/python requirements-local.txt
	@touch $@

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or later is needed, as python3.11 or python3; or name it with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing; install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv "$(VENV)"
	@$(bin)/python -m pip install --quiet --disable-pip-version-check uv
endif
