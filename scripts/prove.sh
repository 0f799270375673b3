#!/usr/bin/env bash
# The proofs that take long. Each writes what was run and found to docs/proof/, with commit and machine, so that a
# figure can be had again. docs/how-to/prove.md says what each shows and what it does not show.
#
#   make prove                         all of them, about 45 minutes on two quiet cores
#   PROVE="kill rest" make prove       these; so does scripts/prove.sh kill rest
#
# PENDOPO_DATA     folder of recorded data; without it the pages are measured on made-up reports
# PROVE_OUT        where the figures go, default docs/proof; another folder for a trial with small numbers
# PROVE_PROFILE    of Cargo, default release; dev builds faster and is for trials alone
# PROVE_LIMIT      seconds after which a part is ended and has failed, default 900
# PROVE_ROUNDS     kills on each database, default 50; PROVE_WRITERS at once, default 64
# PROVE_MOMENTS    moments without power for each build, default 90; PROVE_EACH reports or changes of each writer,
#                  default 40; PROVE_TIMES that each gauge is beyond its limit, default 10
# PROVE_REPORTS    for each rate of fsync, default 6000; PROVE_COUNTED behind the tracer, default 1000
# PROVE_STARTS     of a node at rest, default 5
# PROVE_REQUESTS   for each page, default 400; PROVE_FILL made-up reports, default 5000
# PROVE_ENTITIES   of the city of live data, default 100000
# PROVE_TAIL       changes that only the journal has when a node starts, default 1000000; on PostgreSQL at most 50000
# PROVE_SAMPLES    readings for each figure of how soon they are seen, default 300
# PROVE_LIVE_ROUNDS kills of live data on each database, default 30
# PROVE_SECONDS    for each fuzz target, default 60
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2206 # words of a list
parts=("$@")
[ ${#parts[@]} -gt 0 ] || read -ra parts <<<"${PROVE:-kill power-loss live-power-loss fsync rest pages live live-kill reach alarms alarms-kill alarms-power-loss fuzz}"
limit=${PROVE_LIMIT:-900}
# What a part ends with when it could not be run and nothing is wrong.
SKIPPED=77

export OUT=${PROVE_OUT:-docs/proof}
export BUILT=${CARGO_TARGET_DIR:-target}
# What is proved is copied here: a build meanwhile must not change it in the middle.
export MINE=target/prove
export NODE=$MINE/pendopo RUN=$MINE/prove

# The files that a part writes.
files_of() {
    case $1 in
        kill | live | live-kill | alarms | alarms-kill) echo "$1.json" "$1-postgresql.json" ;;
        fsync) echo group-commit.json ;;
        *) echo "$1.json" ;;
    esac
}

# Each database by itself: one that fails does not hide the other.
run_kill() {
    local code=0
    "$RUN" kill --binary "$NODE" --rounds "${PROVE_ROUNDS:-50}" --writers "${PROVE_WRITERS:-64}" \
        --out "$OUT/kill.json" || code=1
    "$RUN" kill --binary "$NODE" --rounds "${PROVE_ROUNDS:-50}" --writers "${PROVE_WRITERS:-64}" --postgres \
        --out "$OUT/kill-postgresql.json" || code=1
    return "$code"
}

# Builds that lose data have a folder of their own: never may one stand where a good one is expected. The good one
# is built there too, as they are: in nothing else it differs from them. Quick to build, not to run.
build_power_loss() {
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    local own=(--target-dir target/sabotage --config 'profile.dev.package."*".opt-level=0') feature
    cargo build -p pendopo "${own[@]}"
    cp target/sabotage/debug/pendopo "$MINE/pendopo-debug"
    for feature in sabotage-skip-fsync sabotage-answer-early; do
        cargo build -p pendopo --features "$feature" "${own[@]}"
        cp target/sabotage/debug/pendopo "$MINE/$feature"
    done
    # What lies in the folder last must not be a build that loses data.
    rm -f target/sabotage/debug/pendopo
}

build_live_power_loss() { build_power_loss; }
build_alarms_power_loss() { build_power_loss; }

# The name of its file, more words.
without_power() {
    "$RUN" power-loss "${@:2}" --binary "$MINE/pendopo-debug" --moments "${PROVE_MOMENTS:-90}" --each "${PROVE_EACH:-40}" \
        --sabotaged "$MINE/sabotage-skip-fsync" --sabotaged "$MINE/sabotage-answer-early" --out "$OUT/$1.json"
}

run_power_loss() { without_power power-loss; }
run_live_power_loss() { without_power live-power-loss --of live; }
run_alarms_power_loss() { PROVE_EACH=${PROVE_TIMES:-10} without_power alarms-power-loss --of alarms; }

run_fsync() {
    "$RUN" fsync --binary "$NODE" --reports "${PROVE_REPORTS:-6000}" --counted "${PROVE_COUNTED:-1000}" \
        --out "$OUT/group-commit.json"
}

run_rest() { "$RUN" rest --binary "$NODE" --starts "${PROVE_STARTS:-5}" --out "$OUT/rest.json"; }

run_pages() {
    scripts/bench-pages.sh "$RUN" --binary "$NODE" --requests "${PROVE_REQUESTS:-400}" --fill "${PROVE_FILL:-5000}" \
        --out "$OUT/pages.json"
}

run_live() {
    local code=0 tail=${PROVE_TAIL:-1000000}
    "$RUN" live --binary "$NODE" --entities "${PROVE_ENTITIES:-100000}" --tail "$tail" --out "$OUT/live.json" || code=1
    # Its tables cannot be set back from here, so what a kill leaves is all the tail there is.
    "$RUN" live --binary "$NODE" --entities "${PROVE_ENTITIES:-100000}" --tail $((tail < 50000 ? tail : 50000)) \
        --postgres --out "$OUT/live-postgresql.json" || code=1
    return "$code"
}

run_alarms() {
    local code=0
    "$RUN" alarms --binary "$NODE" --samples "${PROVE_SAMPLES:-100}" --out "$OUT/alarms.json" || code=1
    "$RUN" alarms --binary "$NODE" --samples "${PROVE_SAMPLES:-100}" --postgres --out "$OUT/alarms-postgresql.json" || code=1
    return "$code"
}
run_alarms_kill() {
    local code=0
    "$RUN" alarms-kill --binary "$NODE" --rounds "${PROVE_ALARM_ROUNDS:-30}" --out "$OUT/alarms-kill.json" || code=1
    "$RUN" alarms-kill --binary "$NODE" --rounds "${PROVE_ALARM_ROUNDS:-30}" --postgres \
        --out "$OUT/alarms-kill-postgresql.json" || code=1
    return "$code"
}
run_reach() { "$RUN" reach --binary "$NODE" --samples "${PROVE_SAMPLES:-300}" --out "$OUT/reach.json"; }

run_live_kill() {
    local code=0
    "$RUN" live-kill --binary "$NODE" --rounds "${PROVE_LIVE_ROUNDS:-30}" --out "$OUT/live-kill.json" || code=1
    "$RUN" live-kill --binary "$NODE" --rounds "${PROVE_LIVE_ROUNDS:-30}" --postgres \
        --out "$OUT/live-kill-postgresql.json" || code=1
    return "$code"
}

build_fuzz() {
    if ! rustup run nightly cargo --version >/dev/null 2>&1 || ! cargo fuzz --version >/dev/null 2>&1; then
        echo "skipped: fuzzing needs a nightly toolchain and cargo-fuzz; see fuzz/README.md"
        return "$SKIPPED"
    fi
    cargo +nightly fuzz build --target-dir fuzz/target
}

run_fuzz() {
    local seconds=${PROVE_SECONDS:-60} target name code runs status=0 results=() commit at
    commit=$(git rev-parse --short HEAD)
    # A proof writes into docs/proof, which does not make the code another one.
    [ -z "$(git status --porcelain -- . ':!docs/proof')" ] || commit="$commit with changes"
    for target in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$target" .rs)
        mkdir -p "fuzz/corpus-grown/$name"
        echo "== $name, $seconds s"
        code=0
        # rss_limit: a parser that can be made to take this much memory is a finding, not a reason for a bigger machine.
        # timeout: so is one that thinks for 10 seconds.
        cargo +nightly fuzz run --target-dir fuzz/target "$name" "fuzz/corpus-grown/$name" "fuzz/corpus/$name" -- \
            -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            >"$MINE/fuzz-$name.txt" 2>&1 || code=$?
        runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$MINE/fuzz-$name.txt")
        [ "$code" = 0 ] || { status=1; tail -n 20 "$MINE/fuzz-$name.txt" >&2; }
        echo "   ${runs:-0} inputs, $([ "$code" = 0 ] && echo 'no crash' || echo 'CRASH, see above')"
        results+=("{\"target\": \"$name\", \"seconds\": $seconds, \"inputs\": ${runs:-0}, \"crashed\": $([ "$code" = 0 ] && echo false || echo true)}")
    done
    {
        printf '{\n  "command": "PROVE=fuzz PROVE_SECONDS=%s make prove",\n  "commit": "%s",\n' "$seconds" "$commit"
        printf '  "machine": {"cpu": "%s", "cores": %s, "memory_gib": %s, "kernel": "%s"},\n  "results": [\n' \
            "$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
            "$(awk '/MemTotal/ { printf "%d", $2 / 1048576 }' /proc/meminfo)" "$(uname -r)"
        for at in "${!results[@]}"; do
            printf '    %s%s\n' "${results[$at]}" "$([ "$at" = $((${#results[@]} - 1)) ] || echo ,)"
        done
        printf '  ]\n}\n'
    } >"$OUT/fuzz.json"
    return "$status"
}

for part in "${parts[@]}"; do
    declare -F "run_${part//-/_}" >/dev/null || { echo "prove: there is no proof called $part" >&2; exit 2; }
done

scripts/setup.sh prove
mkdir -p "$MINE" "$OUT"
profile=${PROVE_PROFILE:-release}
cargo build --profile "$profile" -p pendopo -p pendopo-prove
# Cargo's folder of the profile dev is called debug.
cp "$BUILT/${profile/#dev/debug}/pendopo" "$NODE"
cp "$BUILT/${profile/#dev/debug}/prove" "$RUN"

# A proof that fails does not hide the others. `set -e` does not reach into a function behind `||`, so each step runs in
# a shell of its own; in a process group of its own, so that everything it started ends with it.
step() { # function, seconds
    local code=0
    timeout --kill-after=20 "$2" bash -euo pipefail -c "$(declare -f); SKIPPED=$SKIPPED; $1" </dev/null &
    running=$!
    wait "$running" || code=$?
    running=
    [ "$code" != 124 ] && [ "$code" != 137 ] || echo "prove: $1 was not done after $2 s (PROVE_LIMIT)" >&2
    return "$code"
}
running=
trap '[ -z "$running" ] || { kill -TERM "$running" && wait "$running"; } 2>/dev/null || true; exit 130' INT TERM

failed=() skipped=() whole=$SECONDS
for part in "${parts[@]}"; do
    printf '\n== %s\n' "$part"
    begun=$SECONDS code=0 name=${part//-/_}
    # Figures of an earlier run must not be taken for this one's.
    for file in $(files_of "$part"); do rm -f "$OUT/$file"; done
    # Building is not measured, and has time of its own.
    if declare -F "build_$name" >/dev/null; then step "build_$name" 1800 || code=$?; fi
    if [ "$code" = 0 ]; then step "run_$name" "$limit" || code=$?; fi
    case $code in
        0) word=ok ;;
        "$SKIPPED") word=skipped skipped+=("$part") ;;
        *) word=FAILED failed+=("$part") ;;
    esac
    printf '== %s: %s after %d s\n' "$part" "$word" $((SECONDS - begun))
done
held=$((${#parts[@]} - ${#failed[@]} - ${#skipped[@]}))
printf '\n%d of %d proofs hold after %d s; figures in %s/\n' "$held" ${#parts[@]} $((SECONDS - whole)) "$OUT"
[ ${#skipped[@]} = 0 ] || echo "skipped: ${skipped[*]}"
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
