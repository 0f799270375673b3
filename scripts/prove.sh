#!/usr/bin/env bash
# The proofs that take long. Each writes what was run and found to docs/proof/, with commit and machine, so that a
# figure can be had again. docs/how-to/prove.md says what each shows and what it does not show.
#
#   scripts/prove.sh                   all of them
#   scripts/prove.sh kill power-loss   these
#
# PENDOPO_DATA    folder of recorded data; without it the pages are measured on made-up reports
# PROVE_SECONDS   for each fuzz target, default 60
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(kill power-loss fsync rest pages fuzz)

scripts/setup.sh run
if ! command -v strace >/dev/null; then
    echo "prove: strace is missing. Run: apt-get install --yes strace" >&2
    exit 1
fi
release=target/release/pendopo
prove=target/release/prove
cargo build --release -p pendopo -p pendopo-prove

# Builds that lose reports have a folder of their own: never may one stand where a good one is expected.
sabotaged() { # feature
    cargo build -p pendopo --features "$1" --target-dir target/sabotage
    cp target/sabotage/debug/pendopo "target/sabotage/$1"
}

run_kill() {
    "$prove" kill --binary "$release" --rounds 50 --writers 64
    "$prove" kill --binary "$release" --rounds 10 --writers 64 --postgres --out docs/proof/kill-postgresql.json
}

run_power_loss() {
    sabotaged sabotage-skip-fsync
    sabotaged sabotage-answer-early
    # A debug build, as the sabotaged ones are: they differ in nothing else.
    cargo build -p pendopo
    "$prove" power-loss --binary target/debug/pendopo \
        --sabotaged target/sabotage/sabotage-skip-fsync --sabotaged target/sabotage/sabotage-answer-early
}

run_fsync() { "$prove" fsync --binary "$release"; }

run_rest() { "$prove" rest --binary "$release"; }

run_pages() {
    local out=(--binary "$release" --out docs/proof/pages.json)
    scripts/bench-pages.sh "$prove" "${out[@]}"
}

run_fuzz() {
    local seconds=${PROVE_SECONDS:-60} target name code runs status=0 results=() machine commit at
    if ! cargo fuzz --version >/dev/null 2>&1 || ! cargo +nightly --version >/dev/null 2>&1; then
        echo "Fuzzing needs a nightly toolchain and cargo-fuzz; see fuzz/README.md." >&2
        return 1
    fi
    mkdir -p docs/proof target/prove
    machine="$(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), $(uname -sm)"
    commit=$(git rev-parse --short HEAD)
    [ -z "$(git status --porcelain --untracked-files=no)" ] || commit="$commit with changes"
    for target in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$target" .rs)
        mkdir -p "fuzz/corpus-grown/$name"
        echo "== $name, $seconds s"
        code=0
        # rss_limit: a parser that can be made to take this much memory is a finding, not a reason for a bigger machine.
        cargo +nightly fuzz run "$name" "fuzz/corpus-grown/$name" "fuzz/corpus/$name" -- \
            -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 >"target/prove/$name.txt" 2>&1 || code=$?
        runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "target/prove/$name.txt")
        [ "$code" = 0 ] || { status=1; tail -n 20 "target/prove/$name.txt" >&2; }
        echo "   ${runs:-0} inputs, $([ "$code" = 0 ] && echo 'no crash' || echo 'CRASH, see above')"
        results+=("{\"target\": \"$name\", \"seconds\": $seconds, \"inputs\": ${runs:-0}, \"crashed\": $([ "$code" = 0 ] && echo false || echo true)}")
    done
    {
        printf '{\n  "command": "make prove PROVE_SECONDS=%s",\n  "commit": "%s",\n  "machine": "%s",\n  "results": [\n' "$seconds" "$commit" "$machine"
        for at in "${!results[@]}"; do
            printf '    %s%s\n' "${results[$at]}" "$([ "$at" = $((${#results[@]} - 1)) ] || echo ,)"
        done
        printf '  ]\n}\n'
    } >docs/proof/fuzz.json
    return "$status"
}

# A proof that fails does not hide the others. `set -e` does not reach into a function behind `||`, so each part runs
# in a shell of its own.
failed=()
for part in "${parts[@]}"; do
    printf '\n== %s\n' "$part"
    declare -F "run_${part//-/_}" >/dev/null || { echo "prove: there is no proof called $part" >&2; exit 2; }
    begun=$SECONDS code=0
    (export -f "run_${part//-/_}" sabotaged; release=$release prove=$prove \
        bash -euo pipefail -c "run_${part//-/_}") || code=$?
    printf '== %s: %s after %d s\n' "$part" "$([ "$code" = 0 ] && echo ok || echo FAILED)" $((SECONDS - begun))
    [ "$code" = 0 ] || failed+=("$part")
done
printf '\n%d of %d proofs hold; figures in docs/proof/\n' $((${#parts[@]} - ${#failed[@]})) ${#parts[@]}
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
