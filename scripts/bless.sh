#!/usr/bin/env bash
# Accepts what the tests produce now as what is expected, and takes the screenshots anew. Read `git diff` afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
cargo build --workspace --all-targets
# A test that fails for another reason than a snapshot, or a picture that is not taken, does not keep the rest from being
# accepted; it is told at the end.
failed=()
INSTA_UPDATE=always cargo test --workspace --no-fail-fast || failed+=(tests)
picture=e2e/screenshots/home-1920-light.png
rm -f "$picture"
scripts/browser.sh screens.spec.mjs || failed+=(screenshots)
# The picture in the README.
if [ -s "$picture" ]; then
  mkdir -p docs/img
  cp "$picture" docs/img/home.png
fi
git status --short
[ ${#failed[@]} = 0 ] || { echo "bless: failed: ${failed[*]}" >&2; exit 1; }
