#!/usr/bin/env bash
# How fast the release build takes in reports, answers pages, keeps live data on both databases and shows it: a short
# version of `make prove`'s fsync, pages, live and reach. BENCH_ENTITIES of the city of live data, default 20000;
# BENCH_SECONDS at most for each of its figures, default 4; BENCH_SAMPLES of a reading that is to be seen, default 50.
# BENCH_REQUESTS for each page, default 200; BENCH_REPORTS for each rate, default 2000. Writes to target/bench/; docs/proof/ is for the long version.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh prove
cargo build --release -p pendopo -p pendopo-prove
built=${CARGO_TARGET_DIR:-target}/release
"$built/prove" fsync --binary "$built/pendopo" --reports "${BENCH_REPORTS:-2000}" --counted 300 --sqlite-only \
    --out target/bench/group-commit.json
live=(live --binary "$built/pendopo" --entities "${BENCH_ENTITIES:-20000}" --seconds "${BENCH_SECONDS:-4}" --tail 20000)
"$built/prove" "${live[@]}" --out target/bench/live.json
"$built/prove" "${live[@]}" --postgres --out target/bench/live-postgresql.json
"$built/prove" reach --binary "$built/pendopo" --samples "${BENCH_SAMPLES:-50}" --out target/bench/reach.json
exec scripts/bench-pages.sh "$built/prove" --binary "$built/pendopo" \
    --requests "${BENCH_REQUESTS:-200}" --out target/bench/pages.json
