#!/usr/bin/env bash
# Installs the real components that tests and the demo run against: PostgreSQL and Redis; with `--all` also what the checks
# of the API and the dashboard need (wrk, Chromium, Node). What is there already is left alone. Debian and Ubuntu, as root;
# `placer doctor` says how other systems do it. Without a part, the tests that need it say so and are skipped.
set -euo pipefail

wanted=()
need() { # program package
  command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null || wanted+=("$2")
}
need initdb postgresql
need redis-server redis-server
if [ "${1:-}" = --all ]; then
  need wrk wrk
  need chromium chromium
  need node nodejs
  need npm npm
fi
[ ${#wanted[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "not here: ${wanted[*]}; install them as root, or see \`placer doctor\`" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Only their programs are used: no cluster is made, and no server is started at boot.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
apt-get update -qq
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${wanted[@]}"
