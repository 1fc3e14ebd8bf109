# Short names for the commands that README.md and docs explain.

# The gate that CI runs.
ci:
    bash .ci/run

# PostgreSQL and Redis for the tests and the demo; `just parts --all` also what `api-load` and `browser` need (Debian, root).
parts which="":
    bash scripts/install-parts.sh {{ which }}

# The README's test command.
test:
    cargo test

# Build the price book anew from the facts tables beside the repository.
book facts="../shared/facts":
    cargo run --release -- price-book build --facts {{ facts }} --out pricing-data

# Every example: proven optimal, and how long `recommend` takes (wall clock).
examples:
    cargo build --release
    bash scripts/time-examples.sh

# The solver on large random problems of realistic structure.
solver:
    cargo test --release --test solver_timing -- --ignored --nocapture

# Kill a collecting process two hundred times at random moments; the store has to stay whole.
crash:
    cargo test --test collect two_hundred_kills -- --ignored --nocapture

# Rewrite the report in README.md after prices or the report changed.
readme:
    UPDATE_README=1 cargo test --test readme

# Parse a synthetic EC2 offer file of 2 GB as it arrives: under 200 MB of memory, at least half the speed of tokenizing it.
ec2-stream bytes="2000000000":
    mkdir -p target/ec2-stream
    test -f target/ec2-stream/{{ bytes }}.json || cargo bench --bench ec2_stream -- generate "$PWD/target/ec2-stream/{{ bytes }}.json" {{ bytes }}
    cargo bench --bench ec2_stream -- measure "$PWD/target/ec2-stream/{{ bytes }}.json"

# Ten thousand random applications on the whole price book; see docs/fleet.md.
fleet apps="10000" seed="1" style="mixed":
    cargo build --release --bin placer --example generate-fleet
    target/release/examples/generate-fleet target/fleet-{{ style }}-{{ seed }} {{ apps }} {{ seed }} {{ style }}
    time target/release/placer fleet recommend target/fleet-{{ style }}-{{ seed }} --summary

# How long each stage of a fleet takes for an application, apart from the search; see docs/fleet.md.
fleet-stages apps="1000" seed="1" style="varied" rounds="3":
    cargo bench --no-default-features --bench fleet_stages -- {{ apps }} {{ seed }} {{ style }} {{ rounds }}

# Pairwise problems: the whole table of cold solves, then ticks. `cargo bench --bench pairwise -- help` for one case.
pairwise celar="../shared/bench/wcsp/celar6sub0.wcsp":
    cargo bench --bench pairwise -- table
    cargo bench --bench pairwise -- file {{ celar }}
    cargo bench --bench pairwise -- ticks --size 30x100 --seeds 3 --widest place
    cargo bench --bench pairwise -- ticks --size 30x100 --seeds 3
    cargo bench --bench pairwise -- ticks --size 300x200 --seeds 1 --count 1000 --check 250 --repeats 2

# The SAGE packing benchmarks: published optima, under 1 ms each, CP-SAT beside (needs `pip install ortools`).
sage folder="../shared/bench/sage" python="python3":
    cargo build --release
    {{ python }} benches/sage.py {{ folder }}

# The LP text of every example through HiGHS (needs `pip install highspy`).
lp python="python3":
    cargo build --release
    {{ python }} scripts/check-lp.py

# placer and its peers on the same generated files; see docs/benchmarks.md for the whole table.
compare sizes="10x50,30x100" seeds="3" limit="60" python="python3":
    cargo build --release
    cargo bench --bench pairwise -- export target/instances --size {{ sizes }} --seeds {{ seeds }} --format json
    {{ python }} benches/compare.py target/instances/*.json --limit {{ limit }}

# Every real source against a misbehaving server: every fault on each of its pages, every lasting fault of either half; and a
# thousand broken answers of each.
faults:
    PLACER_MUTATIONS=1000 cargo test --test sources -- --include-ignored --nocapture

# The whole loop on this machine: up, a cheaper region, the autopilot, the dashboard, rollback.
demo:
    bash scripts/demo.sh

# A hundred real migrations under a writer, with kill -9 of placer or a component at a random moment each.
soak migrations="100" seed="1":
    MIGRATIONS={{ migrations }} SEED={{ seed }} cargo test --release --test migrations -- --nocapture

# The executor `process` alone: migrations with kills, and all that executors promise with PostgreSQL.
soak-process migrations="60" seed="1":
    PLACER_SOAK={{ migrations }} PLACER_SEED={{ seed }} cargo test --test process -- --ignored --nocapture

# schemathesis against a live server (needs Python; installs into target/schemathesis).
api-contract examples="100":
    cargo build --release --bin placer
    bash scripts/api-contract.sh target/release/placer {{ examples }}

# Kept recommendations per second on loopback: at least 2,000 with p99 under 20 ms (needs wrk).
api-load seconds="20":
    cargo build --release --bin placer
    bash scripts/api-load.sh target/release/placer {{ seconds }}

# The dashboard in headless Chromium: approve a move and watch it finish (needs chromium and npm).
browser:
    cargo build --release --bin placer
    bash scripts/browser.sh target/release/placer

# Read the providers' schemas anew, and write the extracts that the tests hold generated Terraform against.
terraform-schemas packages="target/terraform-packages" python="python3":
    {{ python }} scripts/terraform-schemas.py tests/terraform/schemas --packages {{ packages }}

# The whole conformance suite against the terraform executor, by a rehearsal: some two thousand runs of the binary.
terraform-conformance cases="":
    PLACER_CASES={{ cases }} cargo test --test terraform keeps_every_promise -- --ignored --nocapture
