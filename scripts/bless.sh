#!/usr/bin/env bash
# Accepts what the tests produce now as what is expected, and takes the screenshots anew. Read `git diff` afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
cargo build --workspace --all-targets
INSTA_UPDATE=always cargo test --workspace --no-fail-fast
scripts/browser.sh screens.spec.mjs
# The picture in the README.
mkdir -p docs/img
cp e2e/screenshots/home-1920-light.png docs/img/home.png
git status --short
