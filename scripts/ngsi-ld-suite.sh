#!/usr/bin/env bash
# Runs ETSI's NGSI-LD test suite, as it is, against a city of its own. See docs/conformance.md.
#
#   scripts/ngsi-ld-suite.sh SUITE [GROUP…]
#
# SUITE is a checkout of the suite. ROBOT names its runner (default: robot), PENDOPO the binary (default: the debug build
# of this tree). A GROUP is a folder below TP/NGSI-LD; without one, the groups that docs/conformance.md counts.
# Each group meets a new city, because history outlives what the suite tidies up.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
suite=$(cd "${1:?the folder of the suite}" && pwd)
shift
groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(
  CommonBehaviours
  ContextInformation/Provision
  ContextInformation/Consumption
  ContextInformation/Subscription
)
robot=${ROBOT:-robot}
pendopo=${PENDOPO:-$root/target/debug/pendopo}
database=${DATABASE_URL:-}
port=${PORT:-9190}
work=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill "$node" 2>/dev/null || true; rm -rf "$work"' EXIT

# The suite names contexts on the internet; the node answers from copies.
contexts=$work/contexts
mkdir "$contexts"
cp "$suite"/resources/jsonld-contexts/*.jsonld "$contexts"/
for file in "$contexts"/*.jsonld; do
  name=$(basename "$file")
  for base in \
    https://forge.etsi.org/rep/cim/ngsi-ld-test-suite/-/raw/develop/resources/jsonld-contexts \
    https://forge.etsi.org/rep/cim/ngsi-ld-test-suite/-/raw/main/resources/jsonld-contexts; do
    printf '%s\t%s\n' "$base/$name" "$name"
  done
done >"$work/urls"
# Names elsewhere for the same documents.
for url in \
  https://easy-global-market.github.io/ngsild-api-data-models/ngsildTestSuite/ngsildTestSuiteV1.8-compound.jsonld; do
  printf '%s\t%s\n' "$url" ngsi-ld-test-suite-compound.jsonld
done >>"$work/urls"
python3 - "$work/urls" "$contexts/contexts.json" <<'PY'
import json, sys
pairs = dict(line.rstrip('\n').split('\t') for line in open(sys.argv[1]))
json.dump(pairs, open(sys.argv[2], 'w'), indent=1)
PY

failed=0
for group in "${groups[@]}"; do
  name=${group//\//-}
  slug=suite$(printf '%s' "$name" | cksum | cut -d' ' -f1)
  place=(--data "$work/$slug")
  "$pendopo" city new "$slug" "${place[@]}" --name Suite --zone UTC --bbox=-180,-90,180,90 >"$work/new.log" 2>&1 ||
    { cat "$work/new.log"; exit 1; }
  "$pendopo" serve "${place[@]}" --listen "127.0.0.1:$((port + 1))" --trusted "$slug=127.0.0.1:$port" \
    --contexts "$contexts" >"$work/node.log" 2>&1 &
  node=$!
  for _ in $(seq 100); do
    curl -so /dev/null "http://127.0.0.1:$port/ngsi-ld/v1/types" && break
    sleep 0.1
  done
  out=${OUT:-$root/target/ngsi-ld-suite}/$name
  mkdir -p "$out"
  url=http://127.0.0.1:$port/ngsi-ld/v1
  (cd "$suite" && timeout "${LIMIT:-900}" "$robot" --variable "url:$url" --variable "temporal_api_url:$url" \
    --variable notification_server_host:127.0.0.1 --variable context_source_host:127.0.0.1 \
    --variable context_server_host:127.0.0.1 --variable mqtt_broker_host:127.0.0.1 \
    --variable delete_temporal_on_core_delete:False \
    --outputdir "$out" --console dotted "TP/NGSI-LD/$group") >"$out/console.txt" 2>&1 || failed=1
  printf '%-36s %s\n' "$group" "$(grep -E '[0-9]+ tests?, ' "$out/console.txt" | tail -1)"
  kill "$node" 2>/dev/null || true
  wait "$node" 2>/dev/null || true
  node=
done
exit "$failed"
