#!/usr/bin/env bash
# Kept recommendations per second on loopback, with a token, by wrk; fails below 2,000 a second or above 20 ms (p99).
# Usage: scripts/api-load.sh [PLACER] [SECONDS]; needs wrk (Debian: apt-get install wrk) and a release build.
set -euo pipefail
cd "$(dirname "$0")/.."
placer=${1:-target/release/placer}
seconds=${2:-20}
command -v wrk >/dev/null || { echo "wrk is needed: apt-get install wrk" >&2; exit 1; }

store=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }
  rm -rf "$store"
}
trap cleanup EXIT
export PLACER_STORE=$store
"$placer" serve --listen 127.0.0.1:0 --no-runs --log quiet >"$store/out" &
server=$!
until grep -qs '^placer serves' "$store/out"; do kill -0 "$server" && sleep 0.1; done
url=$(sed -n 's/^placer serves \(.*\)\/$/\1/p' "$store/out")
token=$("$placer" token create --role admin 2>/dev/null)
auth="Authorization: Bearer $token"
curl -fsS -o /dev/null -X PUT -H "$auth" -H 'Content-Type: text/toml' --data-binary @examples/eu-saas.toml "$url/v1/apps/eu-saas"
path=$url/v1/apps/eu-saas/recommendation
bytes=$(curl -fsS -H "$auth" -o /dev/null -w '%{size_download}' "$path")
echo "a recommendation has $bytes bytes; $(nproc) processors, $(cut -d' ' -f1 /proc/loadavg) load before"
wrk -t 1 -c 16 -d "${seconds}s" --latency -H "$auth" "$path" | tee "$store/wrk"
awk '
  /99%/ { p99 = $2; unit = p99; sub(/[0-9.]+/, "", unit); p99 += 0; if (unit == "us") p99 /= 1000; if (unit == "s") p99 *= 1000 }
  /Requests\/sec/ { rate = $2 }
  /Non-2xx/ { bad = $0 }
  END { printf "%.0f a second, p99 %.2f ms\n", rate, p99; exit !(rate >= 2000 && p99 > 0 && p99 < 20 && bad == "") }
' "$store/wrk"
