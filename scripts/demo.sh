#!/usr/bin/env bash
# The whole loop on this machine: an application goes up for real (a web service, PostgreSQL, a writer), recorded prices make the
# other region cheaper, the autopilot moves it, the dashboard shows it, a rollback brings it back.
#
# Needs PostgreSQL (`placer doctor` says how to install it). Everything is in a folder of its own, which goes away at the end.
# PLACER names another placer than the one that cargo builds; KEEP=1 leaves everything running, with the dashboard.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${PLACER:-}" ]; then
  cargo build --release --locked --bin placer
  PLACER=${CARGO_TARGET_DIR:-target}/release/placer
fi
PLACER=$(realpath "$PLACER")
export PLACER_STORE=${DEMO_STORE:-$(mktemp -d)}
# PostgreSQL does not run as root: whoever it runs as must reach its folder.
chmod 755 "$PLACER_STORE"
listen=${LISTEN:-127.0.0.1:8080}
server=

say() { printf '\n== %s\n' "$*"; }
page() { curl --silent --show-error --fail "$("$PLACER" status demo | awk '/^web / && / 100 % / { print $NF }')/"; }
tidy() {
  status=$?
  if [ -n "${KEEP:-}" ] && [ "$status" = 0 ]; then
    say "left running: http://$listen/ (PLACER_STORE=$PLACER_STORE; \`placer down demo\` ends it)"
    return
  fi
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  for run in $("$PLACER" runs demo 2>/dev/null | awk '/ keeping / { print $1 }'); do
    "$PLACER" rollback "$run" >/dev/null 2>&1 || true
  done
  "$PLACER" down demo --yes >/dev/null 2>&1 || true
  rm -rf "$PLACER_STORE"
}
trap tidy EXIT

say "up: recommended, planned, carried out on this machine"
"$PLACER" up examples/demo.toml --price-book builtin --policy examples/demo/policy.toml --yes
"$PLACER" status demo

say "the dashboard: http://$listen/"
"$PLACER" serve --listen "$listen" --log quiet &
server=$!
for _ in $(seq 100); do
  curl --silent --fail --output /dev/null "http://$listen/readyz" && break
  sleep 0.1
done
page

say "Frankfurt becomes cheaper; the autopilot moves what its policy lets move"
"$PLACER" autopilot --policy examples/demo/policy.toml --price-book builtin --ticks examples/demo/ticks.csv --once
"$PLACER" status demo
page
say "what the dashboard knows of it"
curl --silent --show-error --fail "http://$listen/v1/runs"
echo

say "rollback: back where it was, with every row that was written meanwhile"
"$PLACER" rollback demo-2
"$PLACER" status demo
page
"$PLACER" runs demo
