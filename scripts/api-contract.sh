#!/usr/bin/env bash
# schemathesis against a live server: every operation with right and wrong data, as an admin, then without a token at all.
# Usage: scripts/api-contract.sh [PLACER] [EXAMPLES]; needs Python. What it installs goes to target/schemathesis.
set -euo pipefail
cd "$(dirname "$0")/.."
placer=${1:-target/release/placer}
examples=${2:-100}
venv=target/schemathesis
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'; }

store=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
  rm -rf "$store"
}
trap cleanup EXIT
export PLACER_STORE=$store

serve() {
  "$placer" serve --listen 127.0.0.1:0 --no-runs --log quiet >"$store/out" &
  server=$!
  until grep -qs '^placer serves' "$store/out"; do kill -0 "$server" && sleep 0.1; done
  url=$(sed -n 's/^placer serves \(.*\)\/$/\1/p' "$store/out")
}
run() {
  "$venv/bin/schemathesis" run "$url/openapi.json" --max-examples "$examples" --continue-on-failure --no-color "$@"
}

serve
# Something to find: an application, a plan that waits.
curl -fsS -o /dev/null -X PUT -H 'Content-Type: text/toml' --data-binary @examples/wordpress.toml "$url/v1/apps/wordpress"
curl -fsS -o /dev/null -X POST -H 'Content-Type: application/json' -d '{"app":"wordpress"}' "$url/v1/plans"
echo "== open to this machine"
run
token=$("$placer" token create --role admin 2>/dev/null)
echo "== with tokens"
run -H "Authorization: Bearer $token"
kill -0 "$server" # It is still there.
