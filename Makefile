# Everything a newcomer needs: `make run` shows it working, `make test` proves it. Both set up what they need, once.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# Lambda runs 3.13; any Python from 3.11 runs and tests it here.
ifndef PYTHON
PYTHON := $(shell local/find-python.sh)
endif
# Its version, and what stands for it and this machine: the first line of the `ready` of each environment made here.
TOLD := $(if $(PYTHON),$(shell "$(PYTHON)" -m local.machine))
VERSION := $(word 1,$(TOLD))
VENV ?= .venv
BIN := $(VENV)/bin
EMULATOR := .local/ministack-$(VERSION)
SET_UP := $(if $(PYTHON),"$(PYTHON)" -m local.set_up,exit 1;)
export PYTHONPATH := functions:.
export PYTHONUNBUFFERED := 1
# The environments are installed without bytecode. Python keeps what it compiles, so that each module is compiled once.
unexport PYTHONDONTWRITEBYTECODE
# As the user has written them: neither make nor a shell reads the `$` or the quotes in them.
export GIVEN_MODEL := $(value MODEL)
export GIVEN_PARAMETERS := $(value PARAMETERS)
export GIVEN_STAGE_SECONDS := $(value STAGE_SECONDS)
export VERBOSE

# A misspelt variable would be ignored: `make run model=mine` would train the example.
KNOWN := EVENTS MODEL N ONLY PARAMETERS PYTHON SEED SHELL STAGE_SECONDS TAG VENV VERBOSE
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
ifneq ($(filter-out $(KNOWN),$(GIVEN)),)
$(error there is no variable $(filter-out $(KNOWN),$(GIVEN)); there are $(KNOWN))
endif

.PHONY: help setup cli run up logs down check-model test unit oldest-python plain proofs lint lint-template sam-local soak fuzz mutate artefact \
	bench bench-burst bench-track bench-memory sbom release audit redrive schemas recording lock clean FORCE

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Set up all that `make run` and `make up` need, once; they need no network after that
	@$(SET_UP) --functions $(VENV)=requirements-dev.txt $(EMULATOR)=local/requirements-ministack.txt

# It makes only what is missing or out of date, whatever the times of the files are.
$(VENV)/ready: requirements-dev.txt
	@$(SET_UP) $(VENV)=requirements-dev.txt && touch $@

.local/%/ready: local/requirements-%.txt
	@$(SET_UP) .local/$*=$< && touch $@

# In a folder that two machines share, the other one's environments are there and new, and do not run here.
OTHERS := $(if $(TOLD),$(shell grep -sLx "$(word 2,$(TOLD))" $(VENV)/ready .local/*/ready))
ifneq ($(OTHERS),)
$(OTHERS): FORCE
endif
FORCE:

run: setup ## Train a model on this machine: make run [MODEL=path/to/model-directory] [PARAMETERS="Name=value …"] [VERBOSE=1]
	@$(BIN)/python -m local.run

$(BIN)/neptune-training: $(VENV)/ready pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

cli: $(BIN)/neptune-training ## Put the command-line program neptune-training into .venv/bin
	@echo "$(BIN)/neptune-training is installed. While make up runs, \`. .local/env\` puts it on your PATH."

up: setup ## Leave the local stack running, for any AWS client: make up [PARAMETERS="Name=value …"] [STAGE_SECONDS=1]
	@$(BIN)/python -m local.up

logs: setup ## Follow the log of the functions of `make up`
	@$(BIN)/python -m local.logs

down: setup ## End `make up` from another terminal
	@$(BIN)/python -m local.down

check-model: $(BIN)/neptune-training ## Check a model before uploading it: make check-model MODEL=path/to/model-directory
	@$(if $(value MODEL),,$(error say which: make check-model MODEL=path/to/model-directory))$(BIN)/neptune-training check "$$GIVEN_MODEL"

test: setup ## Run all tests
	@$(SET_UP) .local/awscli=local/requirements-awscli.txt || echo "without it, no command of the documents is tried"
	@$(SET_UP) .local/durable=local/requirements-durable.txt || echo "without it, no durable function is tried"
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not e2e"
	@$(BIN)/python -m pytest -m e2e

unit: $(VENV)/ready ## Run the tests of the rules, in some minutes
	@$(BIN)/python -m pytest -n 2 -m "not e2e and not faults"

oldest-python: ## Run the rules as plain calls, and some whole flows, on the oldest Python that is supported
	@$(MAKE) --no-print-directory plain PYTHON="$$(local/find-python.sh 3.11)" VENV=.venv-3.11

plain: $(VENV)/ready
	@$(BIN)/python -m pytest -n 2 --ignore=tests/cli -m "not e2e and not faults and not world"
	@$(BIN)/python -m pytest tests/test_step_rules.py

proofs: $(VENV)/ready ## Look at all small worlds and pairs of kills, and at many random histories, for hours: make proofs [N=100]
	@PROOFS=$(or $(N),100) $(BIN)/python -m pytest -n 2 \
		tests/test_small_worlds.py tests/test_crash_everywhere.py tests/test_interleavings.py tests/test_lasting_faults.py

lint: $(VENV)/ready ## Check style, types and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/lint-imports pyproject.toml --no-cache --no-logo

lint-template: .local/sam/ready .local/checkov/ready .local/guard/ready ## Check the template with sam, cfn-lint, checkov and cfn-guard
	@SAM_CLI_TELEMETRY=0 .local/sam/bin/sam validate --lint && .local/sam/bin/cfn-lint template.yaml
	@.local/checkov/bin/checkov -f template.yaml --framework cloudformation --compact --quiet --skip-download
	@AWS_DEFAULT_REGION=us-east-1 .local/sam/bin/python -m tests.cfn_guard .local/guard/lib/python*/site-packages/cdklabs/*/_jsii/*.tgz

soak: setup ## Many triggers, many faults: make soak N=1000
	@$(BIN)/python -m local.soak --n $(or $(N),1000)

sam-local: setup .local/sam/ready ## Invoke each function with each of events/ by the real `sam local invoke`
	@$(BIN)/python -m local.sam_local $(EVENTS)

fuzz: $(VENV)/ready ## Hostile input for a minute: make fuzz [N=60] [SEED=1]
	@$(BIN)/python -m tests.fuzz --seconds $(or $(N),60) $(if $(SEED),--seed $(SEED))

mutate: $(VENV)/ready ## Change the functions in small ways, and see a test notice each: make mutate [ONLY=functions/neptune_training/flow]
	@$(BIN)/python -m tests.mutation $(ONLY)
	@$(if $(ONLY),,$(BIN)/python -m tests.mutation.by_hand)

bench: setup .local/sam/ready .local/lambda/ready ## Measure the functions beside the usual way, and renew docs/performance.md: make bench [N=15]
	@$(BIN)/python -m bench $(if $(N),--processes $(N))

bench-burst: setup .local/durable/ready ## Hold four designs beside each other under a burst and faults: make bench-burst [N=80]
	@$(BIN)/python -m bench.burst $(if $(N),--n $(N))

bench-track: $(VENV)/ready ## Count what an hour with 500 running and 100,000 ended jobs costs
	@$(BIN)/python -m bench.track_at_scale > /dev/null

bench-memory: setup .local/sam/ready .local/lambda/ready ## Measure the functions with the CPU of several memory sizes (needs root): make bench-memory [N=5]
	@$(BIN)/python -m bench.memory_sweep $(if $(N),--processes $(N))

artefact: $(VENV)/ready ## Build the functions' zip, the same bytes each time, and print its SHA-256
	@$(BIN)/python -m local.artefact

sbom: .local/supply/ready ## Write what the functions are made of, as CycloneDX, to .local/sbom.json
	@PYTHONWARNINGS=ignore .local/supply/bin/cyclonedx-py requirements functions/requirements.txt \
		--pyproject pyproject.toml --output-reproducible --output-file .local/sbom.json && echo .local/sbom.json

release: sbom $(VENV)/ready ## Build what a release consists of: template and code as a zip, the program's wheel, checksums
	@$(BIN)/python -m local.release $(if $(TAG),--tag "$(TAG)")

audit: .local/supply/ready ## Look for known vulnerabilities in the functions' requirements (asks the OSV database, on the network)
	@.local/supply/bin/pip-audit --requirement functions/requirements.txt --disable-pip --strict \
		--vulnerability-service osv --progress-spinner off

redrive: $(BIN)/neptune-training ## Send the dead-letter queue's messages back (variables as in .local/env, or the stack's outputs)
	@$(BIN)/neptune-training redrive

schemas: $(VENV)/ready ## Write the JSON Schemas and the list of instance types anew
	@$(BIN)/python -m local.schemas && $(BIN)/python -m local.instance_types

recording: setup ## Renew the README's picture of `make run`
	@$(BIN)/python -m local.recording

lock: ## Pin the requirements anew, with hashes, for the oldest Python
	@local/lock.sh "$$(local/find-python.sh 3.11)"

clean: ## Remove what the other targets made, and what killed ones left
	@$(if $(PYTHON),"$(PYTHON)" -m local.run_folders)
	-@[ ! -d .local/containers ] || local/container-engine.sh clean
	rm -rf .venv* .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache
