# Everything a newcomer needs: `make run` shows it working, `make test` proves it. Both set up what they need, once.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# Lambda runs 3.13; any Python from 3.11 runs and tests it here.
PYTHON ?= $(shell local/find-python.sh)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV ?= .venv
BIN := $(VENV)/bin
EMULATOR := .local/ministack-$(VERSION)
export PYTHONPATH := functions:.
export PYTHONUNBUFFERED := 1

.PHONY: help setup run up check-model test unit lint lint-template sam-local soak fuzz mutate artefact sbom audit eventbridge redrive \
	schemas lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/ready $(EMULATOR)/ready ## Make the environments, once

$(VENV)/ready: requirements-dev.txt functions/requirements.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" $(VENV) requirements-dev.txt

$(EMULATOR)/ready: local/requirements-ministack.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" $(EMULATOR) local/requirements-ministack.txt

.local/sam/ready: local/requirements-sam.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" .local/sam local/requirements-sam.txt

.local/checkov/ready: local/requirements-checkov.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" .local/checkov local/requirements-checkov.txt

.local/guard/ready: local/requirements-guard.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" .local/guard local/requirements-guard.txt

.local/supply/ready: local/requirements-supply.txt local/make-venv.sh
	@local/make-venv.sh "$(PYTHON)" .local/supply local/requirements-supply.txt

run: export PARAMETERS := $(PARAMETERS)
run: setup ## Train a model on this machine: make run [MODEL=path/to/model-directory] [PARAMETERS="Name=value …"]
	@$(BIN)/python -m local.run $(if $(MODEL),--model "$(MODEL)") --parameters "$$PARAMETERS"

up: export PARAMETERS := $(PARAMETERS)
up: setup ## Leave the local stack running, for any AWS client: make up [PARAMETERS="Name=value …"]
	@$(BIN)/python -m local.up --parameters "$$PARAMETERS"

check-model: $(VENV)/ready ## Check a model before uploading it: make check-model MODEL=path/to/model-directory
	@$(BIN)/python -m local.check_model "$(or $(MODEL),$(error say which: make check-model MODEL=path/to/model-directory))"

test: setup ## Run all tests
	@$(BIN)/python -m pytest -n 2 -m "not e2e"
	@$(BIN)/python -m pytest -m e2e

unit: $(VENV)/ready ## Run the tests of the rules, in less than a minute
	@$(BIN)/python -m pytest -n 2 -m "not e2e and not faults"

lint: $(VENV)/ready ## Check style, types and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/lint-imports pyproject.toml --no-cache --no-logo

lint-template: .local/sam/ready .local/checkov/ready .local/guard/ready ## Check the template with sam, cfn-lint, checkov and cfn-guard
	@SAM_CLI_TELEMETRY=0 .local/sam/bin/sam validate --lint && .local/sam/bin/cfn-lint template.yaml
	@.local/checkov/bin/checkov -f template.yaml --framework cloudformation --compact --quiet --skip-download
	@AWS_DEFAULT_REGION=us-east-1 .local/sam/bin/python -m tests.guard .local/guard/lib/python*/site-packages/cdklabs/*/_jsii/*.tgz

soak: setup ## Many triggers, many faults: make soak N=1000
	@$(BIN)/python -m local.soak --n $(or $(N),1000)

sam-local: setup .local/sam/ready ## Invoke each function with each of events/ by the real `sam local invoke`
	@$(BIN)/python -m local.sam_local $(EVENTS)

fuzz: $(VENV)/ready ## Hostile input for a minute: make fuzz [N=60] [SEED=1]
	@$(BIN)/python -m tests.fuzz --seconds $(or $(N),60) $(if $(SEED),--seed $(SEED))

mutate: $(VENV)/ready ## Change the functions in small ways, and see a test notice each: make mutate [ONLY=functions/neptune_training/flow]
	@$(BIN)/python -m tests.mutation $(ONLY)
	@$(if $(ONLY),,$(BIN)/python -m tests.mutation.by_hand)

artefact: $(VENV)/ready ## Build the functions' zip, the same bytes each time, and print its SHA-256
	@$(BIN)/python -m local.artefact

sbom: .local/supply/ready ## Write what the functions are made of, as CycloneDX, to .local/sbom.json
	@PYTHONWARNINGS=ignore .local/supply/bin/cyclonedx-py requirements functions/requirements.txt \
		--pyproject pyproject.toml --output-reproducible --output-file .local/sbom.json && echo .local/sbom.json

audit: .local/supply/ready ## Look for known vulnerabilities in the functions' requirements (asks the OSV database, on the network)
	@.local/supply/bin/pip-audit --requirement functions/requirements.txt --disable-pip --strict \
		--vulnerability-service osv --progress-spinner off

eventbridge: $(VENV)/ready ## Let an existing bucket send its events to EventBridge: make eventbridge BUCKET=name
	@$(BIN)/python -m local.eventbridge "$(or $(BUCKET),$(error say which: make eventbridge BUCKET=name))"

redrive: $(VENV)/ready ## Send the dead-letter queue's messages back (variables as in .local/env)
	@$(BIN)/python -m local.redrive

schemas: $(VENV)/ready ## Write the JSON Schemas anew
	@$(BIN)/python -m local.schemas

lock: ## Pin the requirements anew, with hashes, for the oldest Python
	@local/lock.sh "$$(local/find-python.sh 3.11)"

clean: ## Remove what the other targets made
	-@[ ! -d .local/containers ] || local/container-engine.sh clean
	rm -rf .venv* .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache
