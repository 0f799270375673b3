#!/usr/bin/env bash
# The pages in a real browser, against the binary that `cargo build` left in target/debug. Arguments go to Playwright:
#
#   scripts/browser.sh report.spec.mjs -g keyboard
set -euo pipefail
cd "$(dirname "$0")/../e2e"

export NODE_OPTIONS=${NODE_OPTIONS:---max-old-space-size=1024}
# A result of an earlier run must not be taken for this one's.
rm -rf test-results
exec npx --no-install playwright test "$@"
