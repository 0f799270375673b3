#!/usr/bin/env bash
# What to run after every small change. Needs no browser and no PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh check
cargo fmt --check
python3 tools/check_data.py
cargo clippy --workspace --all-targets --quiet -- -D warnings
cargo test --quiet -p pendopo-domain -p pendopo-standards
