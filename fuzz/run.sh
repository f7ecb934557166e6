#!/usr/bin/env bash
# Runs a fuzz target: fuzz/run.sh TARGET [SECONDS]. Ends with an error when it finds something; the input is kept then.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?usage: fuzz/run.sh TARGET [SECONDS]}
seconds=${2:-600}
work=${FUZZ_DIR:-target/fuzz-work}
mkdir -p "$work/found/$target"

if [ -z "${FAIRWAY_CASES:-}" ] && [ -d ../shared/cases ]; then
    FAIRWAY_CASES=$(cd ../shared/cases && pwd)
    export FAIRWAY_CASES
fi
cargo run --quiet --profile fuzz --package fuzz --bin seeds -- "$work/seeds"

# Coverage feedback is a pass of the compiler that stable Rust has too. A triple keeps it off build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
cargo build --quiet --profile fuzz --package fuzz --features engine --bin "fuzz-${target//_/-}" \
    --target "$host" --target-dir "$work/build"

dictionary=()
if [ -f "fuzz/$target.dict" ]; then dictionary=(-dict="fuzz/$target.dict"); fi
mkdir -p "$work/corpus/$target"
"$work/build/$host/fuzz/fuzz-${target//_/-}" "$work/corpus/$target" "$work/seeds/$target" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -artifact_prefix="$work/found/$target/" -print_final_stats=1 "${dictionary[@]}"
