#!/usr/bin/env bash
# Everything a change must pass. A step that fails does not hide the others; the last line counts them all.
#
# PENDOPO_DATA names a folder of recorded data from other systems. A test that needs it and does not have it prints
# `skipped: 1 test …`, and is counted as skipped, not as passed.
set -euo pipefail
cd "$(dirname "$0")/.."

out=target/test-output
rm -rf "$out" && mkdir -p "$out"
failed=0
failures=()

# step NAME COMMAND…: runs it and keeps its output. Always called with `||`, so that a failure does not end the script.
step() {
  local name=$1 begun=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  "$@" </dev/null 2>&1 | tee "$out/$name.txt"
  # The status of the command, not of tee.
  status=${PIPESTATUS[0]}
  printf '== %s: %s after %d s\n' "$name" "$([ "$status" = 0 ] && echo ok || echo FAILED)" $((SECONDS - begun))
  return "$status"
}
fault() { failures+=("$1"); failed=$((failed + 1)); }

step setup scripts/setup.sh test || { echo '0 passed, 1 failed'; exit 1; }
step data python3 tools/check_data.py || fault data
step format cargo fmt --check || fault format
step lints cargo clippy --workspace --all-targets -- -D warnings || fault lints

# One build for the tests and for the browser: the same crates with the same features. `cargo build -p pendopo` alone
# would choose other features and compile them once more.
built=yes
step build cargo build --workspace --all-targets || { built=no; fault build; }
if [ "$built" = yes ]; then
  cargo_status=0
  # --show-output: what passing tests print is wanted too, figures and what they skipped.
  step tests cargo test --workspace --no-fail-fast -- --show-output || cargo_status=$?
  e2e_status=0
  # The pictures of screens.spec.mjs are for eyes (`make bless`); nothing is asserted there.
  step browser scripts/browser.sh report.spec.mjs secret.spec.mjs base-map.spec.mjs setup.spec.mjs crew.spec.mjs wall.spec.mjs axe-id.spec.mjs axe-en.spec.mjs || e2e_status=$?
fi

# count PATTERN: lines of cargo's output that match.
count() {
  local found
  found=$(grep -cE "$1" "$out/tests.txt" 2>/dev/null) || true
  echo "${found:-0}"
}
passed=$(count '^test .* \.\.\. ok$')
broken=$(count '^test .* \.\.\. FAILED$')
skipped=$(grep -oE 'skipped: [0-9]+ tests?' "$out/tests.txt" 2>/dev/null | awk '{ n += $2 } END { print n + 0 }') || true
passed=$((passed - skipped))
failed=$((failed + broken))
# A crashed or uncompiled test binary prints no FAILED line.
if [ "${cargo_status:-0}" != 0 ] && [ "$broken" = 0 ]; then fault tests; fi

e2e_passed=0 e2e_failed=0 e2e_skipped=0
if [ -s e2e/test-results/results.json ] && [ "$built" = yes ]; then
  read -r e2e_passed e2e_failed e2e_skipped < <(node -p '
    const { stats, errors } = JSON.parse(require("fs").readFileSync("e2e/test-results/results.json"));
    `${stats.expected + stats.flaky} ${stats.unexpected + errors.length} ${stats.skipped}`')
fi
if [ "${e2e_status:-0}" != 0 ] && [ "$e2e_failed" = 0 ]; then fault browser; fi

cat <<SUMMARY

== summary after $SECONDS s
on SQLite                     $(count '^test .*::sqlite \.\.\. ok$')
on PostgreSQL                 $(count '^test .*::postgres \.\.\. ok$')
Rust tests in all             $passed
skipped, PENDOPO_DATA unset   $((skipped + e2e_skipped))
in the browser                $e2e_passed
failed steps                  ${failures[*]:-none}
output kept in                $out
SUMMARY
passed=$((passed + e2e_passed)) failed=$((failed + e2e_failed))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
