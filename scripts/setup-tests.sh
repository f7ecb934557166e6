#!/usr/bin/env bash
# Installs what the tests need beside Rust, git and a C compiler: Postgres, Chromium, Node.js, Go, Python's venv,
# and the Node packages of the tests in a browser and with Backstage's clients. Does nothing where everything is
# there already.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
has() { command -v "$1" >/dev/null 2>&1; }
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has initdb || missing+=(postgresql)
has chromium || missing+=(chromium)
has node || missing+=(nodejs)
has npm || missing+=(npm)
has go || missing+=(golang-go)
has python3 || missing+=(python3)
python3 -c 'import ensurepip' >/dev/null 2>&1 || missing+=(python3-venv)

if ((${#missing[@]})); then
    if ! has apt-get; then
        echo "Please install: ${missing[*]} (this script knows apt-get only)" >&2
        exit 1
    fi
    privileged=()
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || { echo "Please install as root: apt-get install ${missing[*]}" >&2; exit 1; }
        privileged=(sudo)
    fi
    echo "Installing ${missing[*]}" >&2
    "${privileged[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${privileged[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ -f tests/browser/package.json ] && [ ! -d tests/browser/node_modules ]; then
    npm install --prefix tests/browser --no-audit --no-fund --no-package-lock --loglevel=error
fi

# The real nunjucks, which the template language is held against.
if [ ! -d tests/oracle/nunjucks/node_modules ]; then
    npm ci --prefix tests/oracle/nunjucks --no-audit --no-fund --loglevel=error
fi

# GitHub's REST API on this machine, for the story of discovery.
if [ ! -d tests/emulate/node_modules ]; then
    npm install --prefix tests/emulate --no-audit --no-fund --no-package-lock --loglevel=error
fi

# Backstage's own clients.
if [ ! -d tests/backstage/node_modules ]; then
    npm ci --prefix tests/backstage --no-audit --no-fund --loglevel=error
fi

# The validators of OpenAPI documents and of Kubernetes manifests.
if [ ! -x tests/.venv/bin/python ]; then
    python3 -m venv tests/.venv
    tests/.venv/bin/pip install --quiet --disable-pip-version-check openapi-spec-validator kubernetes-validate
fi

# The real Cookiecutter, which the templates of its kind are held against.
if [ ! -x tests/oracle/cookiecutter/.venv/bin/cookiecutter ]; then
    python3 -m venv tests/oracle/cookiecutter/.venv
    tests/oracle/cookiecutter/.venv/bin/pip install --quiet --disable-pip-version-check \
        -r tests/oracle/cookiecutter/requirements.txt
fi

# Examples that Backstage ships to its own new users, as input that nobody here wrote.
if [ ! -d tests/.create-app/package ]; then
    mkdir -p tests/.create-app
    (cd tests/.create-app && npm pack --silent @backstage/create-app@0.9.2 >/dev/null && tar -xzf backstage-create-app-*.tgz)
fi
