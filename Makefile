# The commands that people type. `make help` lists them.

CARGO ?= cargo
DATA ?= data
PORT ?= 7007

.PHONY: help up test check fmt lint unit story browser golden doc bench bench-templates setup screenshots

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

up: ## build, and start with the example organisation on http://127.0.0.1:7007
	$(CARGO) run --release --package fairway-cli --bin fairway -- up --data $(DATA) --port $(PORT)

test: setup ## install what the tests need, and run every check
	./scripts/test.sh

setup: ## install what the tests need (Debian and Ubuntu)
	./scripts/setup-tests.sh

check: fmt lint ## formatting and lints

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

unit: ## unit and integration tests
	$(CARGO) test --workspace

doc: ## the code's documentation, without warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

bench: ## measure what the README promises
	$(CARGO) run --release --package fairway-cli --bin fairway -- bench

bench-templates: ## measure the template language, beside nunjucks in Node
	$(CARGO) bench --package fairway-template

screenshots: ## pictures of every page, light and dark, wide and narrow
	FAIRWAY_BIN=$${FAIRWAY_BIN:-$$(./scripts/binary.sh)} node tests/browser/screenshots.mjs screenshots
