#!/usr/bin/env bash
# Runs the own tests of rendered golden-path repositories, as their CI would.
#
# usage: scripts/test-golden-paths.sh DIR
#
# DIR holds one folder for each rendered repository. What it is written in is told from its files. The folders
# themselves stay as they are: everything happens in a copy. CARGO_TARGET_DIR is used if set.
# Ends with the line "N passed, N failed" and fails if anything failed or nothing passed.
set -uo pipefail

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  echo "usage: $0 DIR   (a folder with one rendered repository in each of its folders)" >&2
  exit 2
fi

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

test_python() {
  python3 -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None' &&
    python3 -m venv "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --constraint constraints.txt ".[dev]" &&
    "$work/venv/bin/ruff" check --quiet . &&
    "$work/venv/bin/ruff" format --quiet --check . &&
    "$work/venv/bin/python" -m pytest --quiet
}

test_node() {
  npm ci --no-audit --no-fund --loglevel=error && npm run build && npm test
}

test_rust() {
  cargo fmt --check && cargo test --quiet --locked
}

# 77 is skipped.
test_go() {
  local have want
  if ! command -v go >/dev/null; then
    echo "go is not installed"
    return 77
  fi
  unformatted=$(gofmt -l .) || return 1
  if [ -n "$unformatted" ]; then
    echo "not formatted: $unformatted"
    return 1
  fi
  want=$(sed -n 's/^go //p' go.mod)
  have=$(go env GOVERSION | sed 's/^go//')
  if [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" != "$want" ]; then
    echo "go $have is older than the $want that go.mod asks for; only the formatting was checked"
    return 77
  fi
  if ! timeout 120 go mod tidy; then
    echo "the modules cannot be fetched here; only the formatting was checked"
    return 77
  fi
  go vet ./... && go test ./...
}

for repository in "$1"/*/; do
  name=$(basename "$repository")
  if [ -f "$repository/pyproject.toml" ]; then kind=python
  elif [ -f "$repository/package.json" ]; then kind=node
  elif [ -f "$repository/Cargo.toml" ]; then kind=rust
  elif [ -f "$repository/go.mod" ]; then kind=go
  else
    echo "failed   $name: has no pyproject.toml, package.json, Cargo.toml or go.mod"
    failed=$((failed + 1))
    continue
  fi
  cp -R "$repository" "$work/repository"
  started=$SECONDS
  (cd "$work/repository" && "test_$kind") >"$work/log" 2>&1
  outcome=$?
  case $outcome in
    0)
      echo "passed   $name ($kind, $((SECONDS - started)) s)"
      passed=$((passed + 1))
      ;;
    77) echo "skipped  $name ($kind): $(tail -n 1 "$work/log")" ;;
    *)
      echo "failed   $name ($kind):"
      tail -n 60 "$work/log" | sed 's/^/         /'
      failed=$((failed + 1))
      ;;
  esac
  rm -rf "$work/repository" "$work/venv"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
