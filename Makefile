# make demo    two fintechs read their customers' accounts, over the whole local stack; nothing to click
# make demo PROFILE=fapi2-message-signing SENDER=dpop   the same under other rules: signed, with tokens bound to DPoP keys
# make run     the same stack, kept up, with pages to click
# make run CLIENT=client.json   the same, with one more client: a record of your own; BANK='My Bank' and DIRECTORY=module:function
#              take another name and another directory of users, THEME=local/brands/coral another brand. Clients, users and consents
#              are there again at the next start
# make local   make run, with every endpoint served by plain chalice local
# make screenshots   every page in every language and both brands, as pictures in build/screenshots; needs Chromium
# make clean   forget those
# make revoke CERTIFICATE=.local/client-rent-scout.pem   a client certificate revoked: `make run` refuses it within seconds
# make test    every check, in under three minutes of two cores
# make specs   the tests of the specifications and of the attacks alone, in under one
# make synth SETTINGS=ducat.json   the AWS deployment as a CloudFormation template, in build/cdk.out; every setting checked
# make smoke ISSUER=https://login.mybank.example   one whole login on a deployment, by a client and a person made for it
# make bench   CPU, cold start and calls of what ships, in build/performance.md; PEER=1 puts node-oidc-provider beside it, and then
#              the page is docs/reference/performance.md; KEYCLOAK=../keycloak-26.7.3 puts Keycloak of that folder, unpacked, beside
#              it; TLS=1 has TLS to the stand-in for AWS
# make capacity   a payday morning, simulated: docs/operate/capacity.md
# make model   the storage protocol, every order of its calls; needs spin
# make races   10,000 races of the stores over two Regions
# make faults ONLY='token*'   each AWS call of each request met by each fault, and every order of two requests (all without ONLY)
# make roles   the calls to AWS of the last `make test` against the roles; IAM_SIMULATE_MODULES=node_modules compares with npm's
#              @cloud-copilot/iam-simulate in that folder
# make rotations   signatures across a rotation and a compromise of keys, each verified as a client does
# make rollback   logins while a release that fails gets a tenth of the traffic, until its alarm gives the release before all again
# make restores   a deployment put on restored tables: logins, refreshes and codes from before, after
# make revocations   a client certificate that is revoked, and one that is denied: what each endpoint answers, step by step
# make foreign FOREIGN_MODULES=../foreign/node_modules FOREIGN_GO=~/go/pkg/mod FOREIGN_MAVEN=~/.m2/repository   client libraries
#              by others, on a live stack: Authlib, and those for Node, Go and Java that are there
# make docs    docs/reference, written anew from the code
# make conformance SUITE=https://localhost:8443   the OpenID Foundation's plans, by a suite at an address
# make mutants ONLY='token-*'   each rule broken on purpose, one at a time (all of them without ONLY): a test must notice
# make audit   what is known against the packages that are used; needs an advisory source
# make sbom    what ships, as CycloneDX, in build/sbom.json
# make coverage   lines and branches of the protocol packages that the tests of the specifications and attacks reach
# make lock    the requirements, resolved anew where their .in files changed; needs uv
#
# It needs Python 3.11 or newer and a package index. The environment is .venv; PORT=9843 takes other ports than 8843 to 8845.
# PYTHON=python3.14 makes the environment with that one.

PORT ?= 8843
PROFILE ?= fapi2-security
SENDER ?= mtls
FOREIGN_MODULES ?= node_modules
SETTINGS ?=
CERTIFICATE ?=
THEME ?=
ISSUER ?=
SUITE ?= https://localhost:8443
BIN := .venv/bin
LOCAL := .venv/.local
DEV := .venv/.dev
AUDIT := .venv/.audit
BENCH := .venv/.bench

.PHONY: local clean revoke rollback foreign help environment demo run test specs synth smoke bench capacity model races revocations roles rotations restores faults docs conformance mutants audit sbom coverage lock
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(LOCAL)
	@$(BIN)/python -m local.demo --port $(PORT) --profile $(PROFILE) --sender $(SENDER)

run: $(LOCAL)
	@$(BIN)/python -m local.run --port $(PORT) $(if $(CLIENT),--client '$(CLIENT)') $(if $(BANK),--bank-name '$(BANK)') \
	  $(if $(DIRECTORY),--user-directory '$(DIRECTORY)') $(if $(THEME),--theme '$(THEME)')

local: $(LOCAL)
	@$(BIN)/python -m local.run --port $(PORT) --chalice-local $(if $(CLIENT),--client '$(CLIENT)') \
	  $(if $(BANK),--bank-name '$(BANK)') $(if $(DIRECTORY),--user-directory '$(DIRECTORY)')

screenshots: $(DEV)
	@$(BIN)/python -m tests.users.screenshots

clean:
	@rm -f .local/state.json .local/run.json .local/audit.jsonl .local/notices.jsonl

revoke: $(LOCAL)
	@$(BIN)/python -m local.revoked '$(CERTIFICATE)'

environment: $(DEV)

test: $(DEV)
	@$(BIN)/python .ci/checks

specs: $(DEV)
	@$(BIN)/python -m pytest -n 2 tests/specs tests/attacks

synth: $(DEV)
	@$(BIN)/python -m ducat_cdk.app $(SETTINGS)

smoke: $(LOCAL)
	@$(BIN)/python -m local.smoke --issuer '$(ISSUER)'

capacity: $(BENCH)
	@$(BIN)/python -m docs.capacity

bench: $(BENCH)
	@$(BIN)/python -m benchmarks --write $(if $(PEER),--peer) $(if $(KEYCLOAK),--keycloak '$(KEYCLOAK)') $(if $(TLS),--tls)

foreign: $(DEV)
	@FOREIGN_MODULES='$(FOREIGN_MODULES)' FOREIGN_GO='$(FOREIGN_GO)' FOREIGN_MAVEN='$(FOREIGN_MAVEN)' $(BIN)/python -m pytest -n0 tests/client_libraries

docs: $(DEV)
	@$(BIN)/python -m docs.generate

model:
	@sh models/run.sh

roles: $(DEV)
	@$(BIN)/python -m tests.aws_calls

rollback: $(DEV)
	@$(BIN)/python -m tests.releases.roll_back_drill

rotations: $(DEV)
	@$(BIN)/python -m tests.rotation_drill

restores: $(DEV)
	@$(BIN)/python -m tests.restore_drill

revocations: $(DEV)
	@$(BIN)/python -m tests.revocation_drill

races: $(DEV)
	@RACES=1250 $(BIN)/python -m pytest -n 2 --dist load tests/storage/test_two_regions.py

faults: $(DEV)
	@$(BIN)/python -m tests.fault_injection $(if $(ONLY),--only '$(ONLY)')

conformance: $(DEV)
	@$(BIN)/python -m conformance $(SUITE) --port $(PORT) $(if $(ONLY),--only '$(ONLY)')

mutants: $(DEV)
	@$(BIN)/python -m tests.mutants $(if $(ONLY),--only '$(ONLY)')

audit: $(AUDIT)
	@$(BIN)/python .ci/audit

sbom: $(AUDIT)
	@$(BIN)/python -m venv --clear --without-pip build/shipped
	@$(BIN)/python -m pip --python build/shipped/bin/python install --disable-pip-version-check --quiet --require-hashes \
	  --requirement requirements.txt
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible --validate \
	  --output-file build/sbom.json build/shipped/bin/python && rm -r build/shipped && echo build/sbom.json

coverage: $(AUDIT)
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -n0 -p no:randomly tests/specs tests/attacks tests/storage tests/keys tests/users tests/gateway
	@$(BIN)/python -m coverage report

lock:
	@for set in requirements requirements-local requirements-dev requirements-audit requirements-bench; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command 'make lock' --output-file $$set.txt $$set.in; done

$(LOCAL): requirements-local.txt
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3 none; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && break; done; \
	if [ $$python = none ]; then echo "make: Python 3.11 or newer is needed, and none was found" >&2; exit 1; fi; \
	if ! $(BIN)/python -m pip --version > /dev/null 2>&1; then $$python -m venv .venv > /dev/null 2>&1 || \
	  { echo "make: $$python can't make an environment (Debian has that in python3-venv)" >&2; exit 1; }; fi
	$(call install,$<)
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/$(BIN)/python" -m ducat_admin "$$@"\n' "$(CURDIR)" "$(CURDIR)" > $(BIN)/ducat
	@chmod +x $(BIN)/ducat

$(DEV): requirements-dev.txt $(LOCAL)
	$(call install,$<)

$(AUDIT): requirements-audit.txt $(DEV)
	$(call install,$<)

$(BENCH): requirements-bench.txt $(DEV)
	$(call install,$<)

# By hashes alone. What pip says is shown only as a place to look at.
define install
	@echo "Installing $(1) into .venv" >&2
	@$(BIN)/python -m pip install --disable-pip-version-check --retries 2 --require-hashes --requirement $(1) \
	  > .venv/pip.log 2>&1 || \
	  { echo "make: the packages can't be had: is a package index in reach? .venv/pip.log says more" >&2; exit 1; }
	@touch $@
endef
