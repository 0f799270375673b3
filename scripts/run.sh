#!/usr/bin/env bash
# Builds Pendopo and starts the demo: three cities below one address, and one port for each.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh run
cargo build --release -p pendopo
built=${CARGO_TARGET_DIR:-target}/release
scripts/base-map.sh "$built/pendopo"

demo=("$built/pendopo" demo --data var/demo --listen "${LISTEN:-127.0.0.1:8080}")
if [ -s var/base-map/land.fgb ]; then
  demo+=(--base-map var/base-map/land.fgb)
fi

used() { du -scB1 "$@" 2>/dev/null | tail -n 1 | cut -f 1 | numfmt --to=si --suffix=B; }
echo "Prepared in $SECONDS s. On disk: build $(used "$built"), npm $(used crates/web/assets/node_modules), base map $(used var/base-map)."
exec "${demo[@]}"
