#!/usr/bin/env bash
# The dashboard in headless Chromium, on a live server whose runs are carried out by the executor `process`: approve a move and
# watch it finish. Usage: scripts/browser.sh [PLACER]; needs node, npm and chromium (Debian: apt-get install chromium).
set -euo pipefail
cd "$(dirname "$0")/.."
placer=$(realpath "${1:-target/release/placer}")
tools=target/browser
mkdir -p "$tools"
[ -d "$tools/node_modules/axe-core" ] || npm install --silent --no-audit --no-fund --prefix "$tools" playwright-core@1 axe-core@4
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}

store=$(mktemp -d)
server=
cleanup() {
  status=$?
  trap - EXIT
  # Whatever the executor has started goes before its folder does.
  "$placer" down browser --yes --store "$store" >/dev/null 2>&1 || true
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
  [ "$status" = 0 ] || tail -n 20 "$store/log" >&2
  rm -rf "$store"
  exit "$status"
}
trap cleanup EXIT
export PLACER_STORE=$store
token=$("$placer" token create --role operator 2>/dev/null)
"$placer" serve --listen 127.0.0.1:0 >"$store/out" 2>"$store/log" &
server=$!
until grep -qs '^placer serves' "$store/out"; do kill -0 "$server" && sleep 0.1; done
url=$(sed -n 's/^placer serves \(.*\)\/$/\1/p' "$store/out")
URL=$url TOKEN=$token CHROMIUM=$chromium TOOLS=$PWD/$tools SHOTS=$PWD/$tools timeout 300 node tests/browser/dashboard.mjs
