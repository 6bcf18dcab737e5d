SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := $(CURDIR)/bin
TOOLS := $(BIN)/tools

# Switches of the targets below.
TENANTS ?= 3
USERS ?= 20
MINUTES ?= 60
SHORT ?=
BENCH ?=
SIZES ?=
OUT ?= $(BIN)/bench/results.json
RACE ?= $(if $(shell command -v "$$(go env CC)"),1,0)
TESTS ?= ./...
TESTFLAGS ?=

# The folder with etcd, kube-apiserver, kube-controller-manager and kubectl;
# builds them when they are missing or their pins have changed.
USE_CONTROL_PLANE = assets=$$(hack/k8s/build.sh $(BIN)/k8s); export KUBEBUILDER_ASSETS=$$assets

# What `make generate` writes.
GENERATED := api config/crd/bases docs/api.md

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

# Built and executed rather than `go run`, which would not hand on a signal to stop.

.PHONY: demo
demo: build ## Run the whole on this machine against simulated tenants, and stop.
	@$(USE_CONTROL_PLANE); go build -o $(BIN)/hack/demo ./hack/demo; exec $(BIN)/hack/demo

.PHONY: playground
playground: build ## The same, and leave it running: TENANTS=3 USERS=20 (per tenant).
	@$(USE_CONTROL_PLANE); go build -o $(BIN)/hack/playground ./hack/playground; exec $(BIN)/hack/playground $(TENANTS) $(USERS)

##@ Measure

.PHONY: bench
bench: build ## Measure cost and speed beside peers and ceilings: SHORT=1, BENCH=settled,cold (default: all), SIZES=10000,100000,300x100, OUT=file.
	@$(USE_CONTROL_PLANE); go build -o $(BIN)/hack/bench ./hack/bench; \
		exec $(BIN)/hack/bench $(if $(filter-out 0,$(SHORT)),-short) -only=$(BENCH) -sizes=$(SIZES) -out=$(OUT)

.PHONY: soak
soak: build ## Live through simulated weeks, and look for what grows: MINUTES=60.
	@$(USE_CONTROL_PLANE); go build -o $(BIN)/hack/soak ./hack/soak; exec $(BIN)/hack/soak -minutes=$(MINUTES)

##@ Prove

# Without MINUTES on the command line, the campaign's own.
CHAOS_MINUTES = $(if $(filter command environment,$(firstword $(origin MINUTES))),--minutes=$(MINUTES))

.PHONY: chaos
chaos: build ## Let operations and faults loose on the whole, and compare with a model: SHORT=1, SEED=1 OPS=3200 MINUTES=8.
	@$(USE_CONTROL_PLANE); go build -o $(BIN)/hack/chaos ./hack/chaos; \
		exec $(BIN)/hack/chaos $(if $(filter-out 0,$(SHORT)),--short) $(if $(SEED),--seed=$(SEED)) $(if $(OPS),--ops=$(OPS)) $(CHAOS_MINUTES) $(CHAOS_ARGS)

##@ Develop

.PHONY: build
build: ## Build the binaries into bin/ (the first time some minutes: Microsoft's Graph SDK).
	@for command in cmd/*/; do \
		name=$$(basename $$command); start=$$SECONDS; \
		go build -o $(BIN)/$$name ./$$command; \
		echo "built bin/$$name in $$((SECONDS - start)) s"; \
	done

.PHONY: test
test: ## Run all tests, where there is a C compiler under the race detector: RACE=0 without it, TESTS=./internal/plan/... for some.
	@$(USE_CONTROL_PLANE); \
		$(if $(filter 0,$(RACE)),echo "without the race detector (RACE=0 or no C compiler)";) \
		go test $(if $(filter 0,$(RACE)),,-race) -vet=off -timeout 20m $(TESTFLAGS) $(TESTS)

.PHONY: test-clients
test-clients: build ## Let Microsoft's JavaScript client work against graphsim (needs npm).
	@hack/test-clients/run.sh

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check the code.
	@$< run

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint ## Format the code.
	@$< fmt

.PHONY: generate
generate: $(TOOLS)/controller-gen $(TOOLS)/crd-ref-docs ## Generate deep copies, apply configurations, CRDs and docs/api.md from api/.
	@$< object:headerFile=hack/boilerplate.go.txt \
		applyconfiguration:headerFile=hack/boilerplate.go.txt \
		crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	@mkdir -p docs; $(TOOLS)/crd-ref-docs --log-level=ERROR --source-path=api --config=hack/crd-ref-docs.yaml \
		--renderer=markdown --max-depth=20 --output-path=docs/api.md

.PHONY: dist
dist: $(TOOLS)/kustomize ## Write what one applies to a cluster to dist/install.yaml.
	@mkdir -p dist; $< build config/default >dist/install.yaml; echo "wrote dist/install.yaml"

.PHONY: verify-generate
verify-generate: ## Fail when generated files are stale.
	@hack/verify-generate.sh $(GENERATED)

.PHONY: verify-modules
verify-modules: ## Fail when a go.mod is not tidy.
	@for module in . hack/k8s hack/tools; do go -C $$module mod tidy -diff; done

##@ Needed by the others

.PHONY: k8s
k8s: ## Build etcd, kube-apiserver, kube-controller-manager and kubectl into bin/k8s.
	@$(USE_CONTROL_PLANE); echo "control plane: $$assets"

.PHONY: tools
tools: $(addprefix $(TOOLS)/,controller-gen golangci-lint kustomize crd-ref-docs) ## Build the tools into bin/tools.

$(TOOLS)/controller-gen: PACKAGE := sigs.k8s.io/controller-tools/cmd/controller-gen
$(TOOLS)/golangci-lint: PACKAGE := sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter
$(TOOLS)/kustomize: PACKAGE := sigs.k8s.io/kustomize/kustomize/v5
$(TOOLS)/crd-ref-docs: PACKAGE := github.com/elastic/crd-ref-docs

$(TOOLS)/%: hack/tools/go.mod hack/tools/go.sum
	@start=$$SECONDS; \
	CGO_ENABLED=0 go -C hack/tools build -trimpath -ldflags="-s -w" -o $@ $(PACKAGE); \
	touch $@; \
	echo "built bin/tools/$* in $$((SECONDS - start)) s"

.PHONY: clean
clean: ## Remove bin/.
	@rm -rf $(BIN)
