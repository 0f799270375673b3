#!/usr/bin/env bash
# The pages in a real browser, against the binary that `cargo build` left in target/debug. Arguments go to Playwright:
#
#   scripts/browser.sh report.spec.mjs -g keyboard
set -euo pipefail
cd "$(dirname "$0")/../e2e"

export NODE_OPTIONS=${NODE_OPTIONS:---max-old-space-size=1024}
# Cargo builds elsewhere when it was told so.
[ -z "${CARGO_TARGET_DIR:-}" ] || export PENDOPO_BINARY=${PENDOPO_BINARY:-$CARGO_TARGET_DIR/debug/pendopo}
# A result of an earlier run must not be taken for this one's.
rm -rf test-results
exec npx --no-install playwright test "$@"
