#!/usr/bin/env bash
# Measures pages: of a city with recorded history when PENDOPO_DATA has one, else of a city with made-up reports.
#
#   scripts/bench-pages.sh PROVE --binary NODE [options of `prove pages`]
set -euo pipefail
cd "$(dirname "$0")/.."
prove=$1 binary=$3
shift

file=$(compgen -G "${PENDOPO_DATA:-/nowhere}/311/boston_311_*.csv.gz" | head -n 1 || true)
if [ -z "$file" ]; then
    echo "PENDOPO_DATA has no recorded reports: a new city is filled with made-up ones."
    exec "$prove" pages "$@"
fi
data=var/bench
if [ ! -d "$data/boston" ]; then
    rm -rf "$data.new"
    "$binary" city new boston --name 'City of Boston' --zone America/New_York --country US \
        --bbox=-71.20,42.22,-70.98,42.41 --data "$data.new"
    "$binary" import boston-311 "$file" --city boston --data "$data.new"
    rm -rf "$data"
    mv "$data.new" "$data"
fi
# The recorded months; Open311 gives at most 90 days at once.
exec "$prove" pages "$@" --data "$data" --city boston --bbox=-71.20,42.22,-70.98,42.41 \
    --from 2011-07-01T00:00:00Z --to 2011-09-28T00:00:00Z
