#!/usr/bin/env bash
# Removes the data of the demo cities, and nothing else. A running demo would lose its files under its feet: it is
# asked first.
set -euo pipefail
cd "$(dirname "$0")/.."

for lock in var/demo/*/node.lock; do
  # A node that serves a city holds this lock.
  if [ -e "$lock" ] && ! flock --nonblock "$lock" true; then
    echo "The demo is running (${lock%/node.lock}). Stop it first." >&2
    exit 1
  fi
done
rm -rf var/demo
echo "The demo cities are gone. The next 'make run' makes new ones."
