#!/usr/bin/env bash
# Puts admission under load: starts the given binary (or the development one) with the example organisation, whose policies are those
# that ship, and sends create requests over TLS with wrk.
#
#   scripts/bench-admission.sh [BINARY]      CONNECTIONS=16 SECONDS_LONG=10 by default
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for program in wrk curl python3; do
  command -v "$program" > /dev/null || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "missing: ${missing[*]} (apt-get install ${missing[*]}, or brew install ${missing[*]})" >&2
  exit 2
fi

binary=${1:-$(scripts/binary.sh)}
connections=${CONNECTIONS:-16}
seconds=${SECONDS_LONG:-10}
folder=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; fi
  rm -rf "$folder"
}
trap cleanup EXIT

"$binary" up --data "$folder/data" --port 0 --log json --admission-listen 127.0.0.1:0 \
  > "$folder/ready.json" 2> "$folder/log" &
server=$!
for _ in $(seq 300); do
  [ -s "$folder/ready.json" ] && break
  kill -0 "$server" 2> /dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
address=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["admission"])' "$folder/ready.json")

# Bodies for wrk: as many reviews as there are manifests, one in each line.
"$binary" bench policy --manifests 200 --write "$folder/manifests" --requests
cat > "$folder/admission.lua" <<LUA
local bodies = {}
for line in io.lines("$folder/manifests/requests.jsonl") do bodies[#bodies + 1] = line end
local turn = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  turn = turn % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[turn])
end
done = function(summary, latency)
  io.write(string.format("p50 %.2f ms, p99 %.2f ms, %d answers, %d errors\n", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
LUA

echo "one request:"
head -n 1 "$folder/manifests/requests.jsonl" > "$folder/one.json"
curl --silent --show-error --fail --cacert "$folder/data/admission/authority.pem" \
  --header 'Content-Type: application/json' --data-binary "@$folder/one.json" "$address/admission/validate" | head -c 400
echo
for count in 1 "$connections"; do
  echo "$count connections, $seconds seconds:"
  wrk --threads 1 --connections "$count" --duration "${seconds}s" --latency --script "$folder/admission.lua" \
    "$address/admission/validate"
done
