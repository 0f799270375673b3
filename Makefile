# The daily commands. Each is a short script in scripts/, which also says why it does what it does.
# `make setup` asks for nothing; as root it installs what Debian packages are missing.

.DEFAULT_GOAL := help
.PHONY: help setup run check test bless prove bench clean-demo

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: Debian packages (as root), browser code, test browser
	@scripts/setup.sh test

run: ## Build and start three demo cities on http://localhost:8080
	@scripts/run.sh

check: ## Quick: format, lints, data, unit tests of the rules and the wire formats
	@scripts/check.sh

test: ## Everything a change must pass: all tests on SQLite and PostgreSQL, then the browser
	@scripts/test.sh

bless: ## Accept new snapshots and take new screenshots; read the diff before you commit
	@scripts/bless.sh

prove: ## The long ones: kill, power loss, syncs, memory, page times, live data, fuzzing; figures in docs/proof/
	@scripts/prove.sh

bench: ## How fast the release build answers (BENCH_REQUESTS for each page, default 200)
	@scripts/bench.sh

clean-demo: ## Forget what happened in the demo cities; the next `make run` begins anew
	@scripts/clean-demo.sh
