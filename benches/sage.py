#!/usr/bin/env python3
"""placer on every instance of the SAGE deployment benchmarks, held against the published optima, with CP-SAT beside it.

    python benches/sage.py ../shared/bench/sage [--limit 60] [--no-cpsat]

The folder holds apps/, offers/ and optima.csv. placer's time is `solve_ms` (patterns and integer program, cold, in
process; least of five runs). CP-SAT solves the direct model: machines in a row, each with an offer or none, a boolean per component
and machine, dearer offers first against symmetry; it is told one machine more than the optimum needs. Fails when an
optimum differs or placer takes 1 ms or more.
"""
import argparse, csv, json, os, subprocess, sys, time


def placer(program, app, offers, runs=5):
    best = None
    for _ in range(runs):
        done = subprocess.run([program, "solve", app, "--sage-offers", offers], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        answer = json.loads(done.stdout)
        if best is None or answer["solve_ms"] < best["solve_ms"]:
            best = answer
    return best


def cpsat(app_path, offers_path, machines, limit):
    from ortools.sat.python import cp_model
    app, offers = json.load(open(app_path)), list(json.load(open(offers_path)).values())
    components = app["components"]
    ordinal = {c["id"]: i for i, c in enumerate(components)}
    model = cp_model.CpModel()
    on = [[model.new_bool_var("") for _ in range(machines)] for _ in components]
    used = [model.new_bool_var("") for _ in range(machines)]
    price = [model.new_int_var(0, max(o["price"] for o in offers), "") for _ in range(machines)]
    for m in range(machines):
        amounts = [model.new_int_var(0, max(o[r] for o in offers), "") for r in ("cpu", "memory", "storage")]
        rows = [(o["cpu"], o["memory"], o["storage"], o["price"], 1) for o in offers] + [(0, 0, 0, 0, 0)]
        model.add_allowed_assignments(amounts + [price[m], used[m]], rows)
        for amount, of in zip(amounts, (lambda c: c["Compute"]["CPU"], lambda c: c["Compute"]["Memory"],
                                        lambda c: c["Storage"]["StorageSize"])):
            model.add(sum(of(c) * on[i][m] for i, c in enumerate(components)) <= amount)
        model.add(sum(on[i][m] for i in range(len(components))) >= 1).only_enforce_if(used[m])
        if m:
            model.add(price[m - 1] >= price[m])
    count = [sum(row) for row in on]
    clash, optional = {i: set() for i in range(len(components))}, set()
    for r in app["restrictions"]:
        if r["type"] in ("Conflicts", "FullDeployment"):
            for other in r["compsIdList"]:
                clash[ordinal[r["alphaCompId"]]].add(ordinal[other])
                clash[ordinal[other]].add(ordinal[r["alphaCompId"]])
    for i, others in clash.items():
        for j in others:
            for m in range(machines):
                model.add(on[i][m] + on[j][m] <= 1)
    for r in app["restrictions"]:
        kind = r["type"]
        a, b = ordinal.get(r.get("alphaCompId")), ordinal.get(r.get("betaCompId"))
        total = sum(count[ordinal[i]] for i in r.get("compsIdList", [])) if "bound" in r else 0
        if kind == "FullDeployment":
            for m in range(machines):
                model.add(on[a][m] + sum(on[j][m] for j in clash[a]) >= used[m])
        elif kind == "OneToOneDependency":
            for m in range(machines):
                model.add(on[a][m] == on[b][m])
        elif kind == "LowerBound":
            model.add(total >= r["bound"])
        elif kind == "UpperBound":
            model.add(total <= r["bound"])
        elif kind == "EqualBound":
            model.add(total == r["bound"])
        elif kind == "RequireProvideDependency":
            model.add(r["alphaCompIdInstances"] * count[a] <= r["betaCompIdInstances"] * count[b])
        elif kind == "OneToManyDependency":
            over = r["number"] * count[a] - count[b]
            model.add(over >= 0)
            model.add(over < r["number"])
        elif kind == "AlternativeComponents":
            is_a, is_b = model.new_bool_var(""), model.new_bool_var("")
            for flag, c in ((is_a, a), (is_b, b)):
                model.add(count[c] >= 1).only_enforce_if(flag)
                model.add(count[c] == 0).only_enforce_if(~flag)
            model.add(is_a + is_b == 1)
            optional |= {a, b}
        elif kind != "Conflicts":
            raise SystemExit(f"unknown restriction {kind}")
    for i in range(len(components)):
        if i not in optional:
            model.add(count[i] >= 1)
    model.minimize(sum(price))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.num_workers = os.cpu_count()
    start = time.perf_counter()
    status = solver.solve(model)
    seconds = time.perf_counter() - start
    return status == cp_model.OPTIMAL, round(solver.objective_value) if status == cp_model.OPTIMAL else None, seconds


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folder")
    args.add_argument("--placer", default="target/release/placer")
    args.add_argument("--limit", type=float, default=60.0)
    args.add_argument("--no-cpsat", action="store_true")
    args = args.parse_args()
    wrong = []
    print("| application | offers | optimum | placer ms | CP-SAT s | ratio | published CPLEX s |\n|---|---|---|---|---|---|---|")
    with open(os.path.join(args.folder, "optima.csv")) as file:
        for row in csv.DictReader(file):
            app = os.path.join(args.folder, "apps", row["app"] + ".json")
            offers = os.path.join(args.folder, "offers", f"offers_{row['offers']}.json")
            ours = placer(args.placer, app, offers)
            optimum, ms = int(row["optimum_milli_usd_hour"]), ours["solve_ms"]
            if ours["status"] != "optimal" or ours["objective"] != optimum:
                wrong.append(f"{row['app']} {row['offers']}: {ours['status']} {ours['objective']}, published {optimum}")
            if ms >= 1.0:
                wrong.append(f"{row['app']} {row['offers']}: {ms} ms")
            theirs = ratio = ""
            if not args.no_cpsat:
                machines = sum(machine["count"] for machine in ours["assignment"]) + 1
                proven, objective, seconds = cpsat(app, offers, machines, args.limit)
                if proven and objective != optimum:
                    wrong.append(f"{row['app']} {row['offers']}: CP-SAT {objective}, published {optimum}")
                mark = "" if proven else ">"
                theirs, ratio = f"{mark}{seconds:.2f}", f"{mark}{seconds * 1e3 / ms:,.0f}x"
            published = row["published_cplex_best_s"]
            print(f"| {row['app']} | {row['offers']} | {optimum} | {ms:.3f} | {theirs} | {ratio} | {published} |", flush=True)
    for line in wrong:
        print("WRONG", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
