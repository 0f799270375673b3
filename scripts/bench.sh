#!/usr/bin/env bash
# How fast the release build takes in reports and answers pages: a short version of `make prove`'s fsync and pages.
# BENCH_REQUESTS for each page, default 200; BENCH_REPORTS for each rate, default 2000. Writes to target/bench/; docs/proof/ is for the long version.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh prove
cargo build --release -p pendopo -p pendopo-prove
built=${CARGO_TARGET_DIR:-target}/release
"$built/prove" fsync --binary "$built/pendopo" --reports "${BENCH_REPORTS:-2000}" --counted 300 --sqlite-only \
    --out target/bench/group-commit.json
exec scripts/bench-pages.sh "$built/prove" --binary "$built/pendopo" \
    --requests "${BENCH_REQUESTS:-200}" --out target/bench/pages.json
