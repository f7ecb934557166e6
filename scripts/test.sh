#!/usr/bin/env bash
# Every check, in the order in which a failure is cheapest to find.
set -euo pipefail
cd "$(dirname "$0")/.."

# Acceptance data from outside lies beside the project; tests that use it are skipped where it is missing.
if [ -z "${FAIRWAY_CASES:-}" ] && [ -d ../shared/cases ]; then
    FAIRWAY_CASES=$(cd ../shared/cases && pwd)
    export FAIRWAY_CASES
fi
if [ -d tests/.create-app/package ]; then
    FAIRWAY_CREATE_APP=$PWD/tests/.create-app/package
    export FAIRWAY_CREATE_APP
fi

say() { printf '\n== %s\n' "$*"; }

say "formatting"
cargo fmt --all --check
say "lints"
cargo clippy --workspace --all-targets -- -D warnings
say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
say "build"
FAIRWAY_BIN=$(./scripts/binary.sh)
export FAIRWAY_BIN
say "unit tests and stories"
FAIRWAY_GOLDEN=1 FAIRWAY_ORACLES=1 cargo test --workspace
say "Backstage's clients"
npm test --prefix tests/backstage
if [ -f tests/browser/package.json ]; then
    say "browser"
    npm test --prefix tests/browser
fi
say "everything passed"
