# Hoist: `make` lists what there is. Chores with logic in them are in xtask.
export HOIST_CACHE ?= $(HOME)/.cache/hoist
export CARGO_TARGET_DIR ?= $(HOIST_CACHE)/target
export PATH := $(HOIST_CACHE)/tools/bin:$(PATH)

TARGET := x86_64-unknown-linux-gnu
# One optimised build serves the images, the demo, the tests against a real instance and the bench.
BIN := $(CARGO_TARGET_DIR)/$(TARGET)/release
PROGRAMS := --package hoist-bootstrap --package hoist-cli --package hoist-node-agent --package hoist-operator --package hoist-router
CARGO_DENY_VERSION := 0.20.2

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: ## Install what Debian packages offer and a machine may lack
	@bash setup/debian.sh

.PHONY: tools
tools: $(HOIST_CACHE)/tools/bin/cargo-deny
$(HOIST_CACHE)/tools/bin/cargo-deny:
	@# Unoptimised: it runs for a second, and optimising it takes minutes on a machine that never saw the project.
	cargo install --quiet --debug --locked cargo-deny --version $(CARGO_DENY_VERSION) --root $(HOIST_CACHE)/tools

.PHONY: check
check: tools ## Format, lints, dependency rule, licences, docs, tests that need neither root nor payload
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- --deny warnings
	cargo xtask check-layers
	cargo deny --offline --log-level error check bans licenses sources
	RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --workspace --no-deps --document-private-items
	INSTA_UPDATE=no cargo test --quiet --workspace

.PHONY: generate
generate: ## Write anew what is generated from the code and committed; a test fails when it drifts
	HOIST_GENERATE=1 cargo test --quiet --package hoist-api --test generated
	HOIST_GENERATE=1 cargo test --quiet --package hoist-cli --test references

.PHONY: build
build: ## Build hcp and the programs of the images
	cargo build --release --bins $(PROGRAMS)

.PHONY: payload
payload: build ## Build upstream's components and ours into release images (once; cached by content)
	cargo xtask payload rootfs
	cargo xtask payload build --hoist-bin $(BIN)

.PHONY: install
install: build ## Put hcp, hypershift and kubectl-hcp into /usr/local/bin
	install -m 0755 $(BIN)/hcp /usr/local/bin/hcp
	ln -sf hcp /usr/local/bin/hypershift
	ln -sf hcp /usr/local/bin/kubectl-hcp

.PHONY: test
test: ## Everything: `make check`, then the tests against real programs and a real instance
	@MAKE="$(MAKE)" bash setup/stages.sh setup check payload test-programs e2e

.PHONY: test-programs
test-programs: setup payload ## The tests against real programs alone
	INSTA_UPDATE=no cargo test --quiet --workspace -- --ignored --test-threads=1

.PHONY: e2e
e2e: setup payload ## The cases against a real instance alone
	@bash setup/debian.sh nftables
	cargo run --quiet --release --package hoist-e2e -- --hcp $(BIN)/hcp $(E2E)

.PHONY: test-vm
test-vm: demo ## An emulated Debian 12 machine joins the demo's cluster, restarts and leaves
	@bash vm/test.sh

.PHONY: demo
demo: setup install payload ## From nothing to a running hosted cluster with two nodes
	@bash demo/up.sh

.PHONY: demo-down
demo-down: ## Remove every trace of the demo
	hcp local down

.PHONY: bench
bench: install payload ## Measure what the project promises: a table and bench/out/bench.json
	cargo run --quiet --release --package hoist-bench -- --hcp $(BIN)/hcp $(BENCH)
