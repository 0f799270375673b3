#!/usr/bin/env bash
# How fast the release build takes in reports and answers pages: a short version of `make prove`'s fsync and pages.
# BENCH_REQUESTS for each page, default 200. Writes to target/bench/; docs/proof/ is for the long version.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh run
cargo build --release -p pendopo -p pendopo-prove
target/release/prove fsync --binary target/release/pendopo --reports 2000 --counted 300 --sqlite-only \
    --out target/bench/group-commit.json
exec scripts/bench-pages.sh target/release/prove --binary target/release/pendopo \
    --requests "${BENCH_REQUESTS:-200}" --out target/bench/pages.json
