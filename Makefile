# The commands of the project. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test check bench fuzz content setup
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

CARGO ?= cargo
TARGET ?=
SECONDS_EACH ?= 60

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-9s %s\n' "$$name" "$$what"; done

run: ## build, then find the attack in the recorded day that comes with the project
	$(CARGO) build --locked --profile demo --package wardroom
	@"$${CARGO_TARGET_DIR:-target}/demo/wardroom" demo

setup: ## install what the tests need and what is not here yet (a browser, for the report)
	@if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else \
			echo "chromium is not here and cannot be installed without root: the test of the report in a browser will say that it was skipped" >&2; \
		fi; \
	fi

check: ## format, lints and the rules of the project: quick
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) xtask tidy
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --offline check licenses bans sources; fi

test: setup check ## install what is needed and run everything that must hold
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --locked --workspace --no-fail-fast; \
	else \
		$(CARGO) test --locked --workspace --no-fail-fast --lib --bins --tests; \
	fi
	$(CARGO) test --locked --workspace --doc --quiet
	@$(MAKE) --no-print-directory content

content: ## test every source and every rule of content/
	$(CARGO) run --quiet --locked --package wardroom -- sources test
	$(CARGO) run --quiet --locked --package wardroom -- rules test content/rules

bench: ## measure speed beside peers; prints FIGURE lines
	$(CARGO) bench --locked --workspace

fuzz: ## fuzz every parser for a minute each (TARGET=json for one, SECONDS_EACH=600 for longer)
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is not here: cargo install cargo-fuzz --locked" >&2; exit 2; }
	@for target in $(if $(TARGET),$(TARGET),$$(ls fuzz/seeds)); do \
		echo "== $$target"; \
		mkdir -p "fuzz/corpus/$$target"; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run -s none "$$target" "fuzz/corpus/$$target" "fuzz/seeds/$$target" -- \
			-max_total_time=$(SECONDS_EACH) -max_len=32768 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 2>&1 \
			| grep -E '^(Done|stat::(number|average|peak)|SUMMARY|==|thread|.*panicked)' ; \
	done
