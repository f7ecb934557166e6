#!/usr/bin/env bash
# Builds the development binary and prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --package fairway-cli --bin fairway
target=$(cargo metadata --format-version 1 --no-deps --offline | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
echo "$target/debug/fairway"
