# Short names for the commands that README.md and docs explain.

# The gate that CI runs.
ci:
    bash .ci/run

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

# Rewrite the report in README.md after prices or the report changed.
readme:
    UPDATE_README=1 cargo test --test readme

# Parse a synthetic EC2 offer file of 2 GB as it arrives: under 200 MB of memory, at least half the speed of tokenizing it.
ec2-stream bytes="2000000000":
    mkdir -p target/ec2-stream
    test -f target/ec2-stream/{{ bytes }}.json || cargo bench --bench ec2_stream -- generate "$PWD/target/ec2-stream/{{ bytes }}.json" {{ bytes }}
    cargo bench --bench ec2_stream -- measure "$PWD/target/ec2-stream/{{ bytes }}.json"
