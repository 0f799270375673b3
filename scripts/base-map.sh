#!/usr/bin/env bash
# Builds the base map once: coastlines of the world, indexed, so that a city is cut out of it in no time.
#
#   scripts/base-map.sh target/release/pendopo
set -euo pipefail
cd "$(dirname "$0")/.."

world=crates/web/assets/node_modules/@geo-maps/earth-lands-100m/map.geo.json
map=var/base-map/land.fgb
[ ! -s "$map" ] || exit 0
if [ ! -s "$world" ]; then
  # The package is optional: a city works without a coastline, on areas and reports alone.
  echo "base map: $world is not there; the maps are drawn without a coast" >&2
  exit 0
fi
mkdir -p "$(dirname "$map")"
echo "base map: building $map"
# Under another name first: an interrupted build must not look like a finished one.
"$1" base-map build "$world" "$map.part"
mv "$map.part" "$map"
