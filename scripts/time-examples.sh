#!/usr/bin/env bash
# Runs `recommend` on every example, ten times each after one warm-up; prints status, total and the median wall time.
# Exits 1 when an example is not proven optimal or its median exceeds 300 ms. Needs a release build and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 - <<'PY'
import glob, json, statistics, subprocess, sys, time
bad = False
print(f"{'example':<28}{'status':<12}{'$/month':>14}{'median ms':>12}{'worst ms':>12}")
for path in sorted(glob.glob("examples/*.toml")):
    command = ["target/release/placer", "recommend", path, "--format", "json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append((time.perf_counter() - start) * 1000)
    median = statistics.median(times)
    bad |= report["status"] != "optimal" or median > 300
    print(f"{path.split('/')[1]:<28}{report['status']:<12}{float(report['total_usd_month']):>14.2f}{median:>12.1f}{max(times):>12.1f}")
sys.exit(bad)
PY
