#!/usr/bin/env python3
"""The LP text of every example, solved by HiGHS, against placer's own optimum.

    pip install highspy && python scripts/check-lp.py [--placer target/release/placer] [--limit 1800] [examples/*.toml]

Fails when HiGHS proves another optimum than placer, beyond a relative difference of a millionth.
"""
import argparse, glob, json, os, subprocess, sys, tempfile, time


def main():
    import highspy
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("apps", nargs="*", default=sorted(glob.glob("examples/*.toml")))
    args.add_argument("--placer", default="target/release/placer")
    args.add_argument("--limit", type=float, default=1800.0)
    args = args.parse_args()
    failed = 0
    for app in args.apps:
        name = os.path.basename(app)
        with tempfile.TemporaryDirectory() as folder:
            lp = os.path.join(folder, "p.lp")
            done = subprocess.run([args.placer, "problem", app, "--format", "lp", "-o", lp], capture_output=True, text=True)
            if done.returncode:
                print(f"{name}: no LP: {done.stderr.strip()}")
                continue
            document = subprocess.run([args.placer, "problem", app, "--format", "json"], capture_output=True, text=True)
            ours = subprocess.run([args.placer, "solve", "-"], input=document.stdout, capture_output=True, text=True)
            ours = json.loads(ours.stdout)
            solver = highspy.Highs()
            solver.setOptionValue("output_flag", False)
            solver.setOptionValue("time_limit", args.limit)
            solver.setOptionValue("mip_rel_gap", 1e-9)
            solver.readModel(lp)
            start = time.perf_counter()
            solver.run()
            seconds = time.perf_counter() - start
        status = solver.modelStatusToString(solver.getModelStatus())
        size = f"{solver.getNumCol()} columns, {solver.getNumRow()} rows, {seconds:.1f} s; placer {ours['solve_ms']:.1f} ms"
        if ours["status"] == "infeasible":
            agrees, dollars = status == "Infeasible", "infeasible"
        else:
            exact, theirs = ours["objective"] / 1e9, solver.getInfo().objective_function_value
            agrees = status == "Optimal" and abs(theirs - exact) <= 1e-6 * (1 + abs(exact))
            dollars = f"placer ${exact:.6f}, HiGHS ${theirs:.6f}"
        verdict = "agree" if agrees else ("not proven by HiGHS in time" if status == "Time limit reached" else "DIFFER")
        failed += verdict == "DIFFER"
        print(f"{name}: {verdict}: {dollars} ({status}; {size})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
