#!/usr/bin/env python3
"""placer and its peers on the same files, one after another in one run, and the whole table of ratios.

    cargo build --release && cargo bench --bench pairwise -- export /tmp/instances --size 10x50,30x100 --seeds 3
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install ortools highspy pytoulbar2 skypilot numpy
    /tmp/peers/bin/python benches/compare.py /tmp/instances/*.json --limit 60

Every peer runs in a process of its own, and every figure is of a first solve in its process. placer's time is `solve_ms`:
from the costs in memory to the proven answer, so all preparation counts. A peer's time is that of its solver alone on a
model that is built, which is in its favour; the summary also has the ratio with the building of the model (toulbar2:
reading its .wcsp file; SkyPilot's optimiser builds its ILP itself; CP-SAT and HiGHS are fed from Python). A peer that is not
done within the limit counts as "at least" (>). Objectives of those who finish must be equal, or the script fails.
"""
import argparse, json, math, os, statistics, subprocess, sys, time

PEERS = ["toulbar2", "toulbar2-A", "toulbar2-Amax", "cpsat", "highs", "skypilot"]
# What issue 3 asks for: geometric mean and least ratio of the better setting, by peer.
GOALS = {"toulbar2": "50x, none under 3x", "highs": "3,000x at 30x100", "cpsat": "5,000x at 30x100", "skypilot": "10,000x at 30x100"}
FAMILY = {"toulbar2": "toulbar2", "toulbar2-A": "toulbar2", "toulbar2-Amax": "toulbar2"}


CPU = False


def clock():
    """Seconds: of the wall clock, or of the processor that this process and its children used (--cpu)."""
    return time.process_time() + sum(os.times()[2:4]) if CPU else time.perf_counter()


def workers():
    return 1 if CPU else os.cpu_count()


def load(path):
    """(L, unary, [(a, b, table)]) of a plain pairwise document; None is forbidden."""
    with open(path) as file:
        p = json.load(file)
    return p["places"], [c["cost"] for c in p["components"]], [(q["a"], q["b"], q["cost"]) for q in p["pairs"]]


def wcsp(path):
    """(sizes, unary, pairs) of a .wcsp file with unary and binary functions; None at or above its top."""
    words = iter(open(path).read().split())
    next(words)
    n, _, functions, top = (int(next(words)) for _ in range(4))
    sizes = [int(next(words)) for _ in range(n)]
    unary, pairs = [[0] * s for s in sizes], {}
    add = lambda x, y: None if x is None or y is None else x + y
    cut = lambda c: None if c >= top else c
    for _ in range(functions):
        arity = int(next(words))
        scope = [int(next(words)) for _ in range(arity)]
        default, count = cut(int(next(words))), int(next(words))
        if arity == 0:
            raise SystemExit("a constant function is not read")
        if arity == 1:
            table = [default] * sizes[scope[0]]
            for _ in range(count):
                x = int(next(words))
                table[x] = cut(int(next(words)))
            unary[scope[0]] = [add(u, t) for u, t in zip(unary[scope[0]], table)]
        elif arity == 2:
            a, b = scope
            table = [[default] * sizes[b] for _ in range(sizes[a])]
            for _ in range(count):
                x, y = int(next(words)), int(next(words))
                table[x][y] = cut(int(next(words)))
            if a > b:
                a, b, table = b, a, [list(row) for row in zip(*table)]
            old = pairs.get((a, b))
            pairs[a, b] = table if old is None else [[add(u, v) for u, v in zip(r, s)] for r, s in zip(old, table)]
        else:
            raise SystemExit(f"a function over {arity} variables is not read")
    return sizes, unary, pairs


def wcsp_to_json(source, target):
    """The plain form: shorter domains are filled up with forbidden places."""
    sizes, unary, pairs = wcsp(source)
    most = max(sizes)
    fill = lambda row: row + [None] * (most - len(row))
    full = lambda table: [fill(row) for row in table] + [[None] * most] * (most - len(table))
    components = [{"name": f"v{i}", "cost": fill(u)} for i, u in enumerate(unary)]
    rows = [{"a": a, "b": b, "cost": full(t)} for (a, b), t in sorted(pairs.items())]
    with open(target, "w") as file:
        json.dump({"places": most, "components": components, "pairs": rows}, file, separators=(",", ":"))


def to_wcsp(path, target):
    """Writes the .wcsp form (costs at or above 0) and returns what was taken off the total."""
    places, unary, pairs = load(path)
    finite = lambda row: [c for c in row if c is not None]
    tables = [("1 %d" % i, [((x,), c) for x, c in enumerate(u)]) for i, u in enumerate(unary)]
    for a, b, t in pairs:
        tables.append((f"2 {a} {b}", [((x, y), c) for x, row in enumerate(t) for y, c in enumerate(row)]))
    least = [min(finite(c for _, c in cells), default=0) for _, cells in tables]
    most = [max(finite(c for _, c in cells), default=0) for _, cells in tables]
    top = 1 + sum(m - l for m, l in zip(most, least))
    with open(target, "w") as out:
        out.write(f"p {len(unary)} {places} {len(tables)} {top}\n{' '.join([str(places)] * len(unary))}\n")
        for (head, cells), low in zip(tables, least):
            out.write(f"{head} 0 {len(cells)}\n")
            for at, c in cells:
                out.write(" ".join(map(str, at)) + f" {top if c is None else c - low}\n")
    return sum(least)


def run_toulbar2(path, limit, vac):
    import pytoulbar2
    target = f"/tmp/compare-{os.getpid()}.wcsp"
    shift = 0 if path.endswith(".wcsp") else to_wcsp(path, target)
    begin = clock()
    network = pytoulbar2.CFN(vac=vac)
    network.Read(path if path.endswith(".wcsp") else target)
    start = clock()
    answer = network.Solve(timeLimit=int(math.ceil(limit)))
    end = clock()
    seconds, whole = end - start, end - begin
    if os.path.exists(target):
        os.remove(target)
    done = seconds < limit and network.Limit is None
    proven = done and (answer is None or network.GetDDualBound() >= answer[1] - 0.5)
    return proven, None if answer is None else round(answer[1]) + shift, seconds, whole


def run_cpsat(path, limit):
    """Booleans for places; a pair's cost as an element of its table, or the allowed cells where some are forbidden."""
    from ortools.sat.python import cp_model
    places, unary, pairs = load(path)
    begin = clock()
    model = cp_model.CpModel()
    xs, terms = [], []
    for u in unary:
        allowed = [x for x, c in enumerate(u) if c is not None]
        x = model.new_int_var_from_domain(cp_model.Domain.from_values(allowed), "")
        cost = model.new_int_var(min(u[v] for v in allowed), max(u[v] for v in allowed), "")
        model.add_allowed_assignments([x, cost], [(v, u[v]) for v in allowed])
        xs.append(x)
        terms.append(cost)
    for a, b, table in pairs:
        cells = [c for row in table for c in row if c is not None]
        cost = model.new_int_var(min(cells), max(cells), "")
        rows = [(x, y, c) for x, row in enumerate(table) for y, c in enumerate(row) if c is not None]
        model.add_allowed_assignments([xs[a], xs[b], cost], rows)
        terms.append(cost)
    model.minimize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.num_workers = workers()
    start = clock()
    status = solver.solve(model)
    end = clock()
    if status == cp_model.INFEASIBLE:
        return True, None, end - start, end - begin
    proven = status == cp_model.OPTIMAL
    return proven, round(solver.objective_value) if proven else None, end - start, end - begin


def run_highs(path, limit):
    """The local polytope: a variable for each place and each pair of places, marginals as rows."""
    import highspy, numpy as np
    places, unary, pairs = load(path)
    begin = clock()
    forbidden = lambda c: 0.0 if c is None else 1.0
    cost = [0.0 if c is None else float(c) for u in unary for c in u]
    upper = [forbidden(c) for u in unary for c in u]
    for _, _, t in pairs:
        cost += [0.0 if c is None else float(c) for row in t for c in row]
        upper += [forbidden(c) for row in t for c in row]
    n = len(unary)
    starts, index, value, low = [], [], [], []
    def row(columns, values, rhs):
        starts.append(len(index)); index.extend(columns); value.extend(values); low.append(rhs)
    for i in range(n):
        row(range(i * places, (i + 1) * places), [1.0] * places, 1.0)
    base = n * places
    for a, b, _ in pairs:
        for x in range(places):
            row(list(range(base + x * places, base + (x + 1) * places)) + [a * places + x], [1.0] * places + [-1.0], 0.0)
        for y in range(places):
            row(list(range(base + y, base + places * places, places)) + [b * places + y], [1.0] * places + [-1.0], 0.0)
        base += places * places
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(cost), np.zeros(len(cost)), np.array(upper)
    lp.row_lower_ = lp.row_upper_ = np.array(low)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts + [len(index)], dtype=np.int32)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = np.array(index, dtype=np.int32), np.array(value)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * (n * places) + [highspy.HighsVarType.kContinuous] * (len(cost) - n * places)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(limit))
    solver.setOptionValue("threads", workers())
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.5)
    solver.passModel(lp)
    start = clock()
    solver.run()
    end = clock()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return True, None, end - start, end - begin
    proven = status == highspy.HighsModelStatus.kOptimal
    objective = round(solver.getInfo().objective_function_value) if proven else None
    return proven, objective, end - start, end - begin


def run_skypilot(path, limit):
    """SkyPilot's own ILP (sky/optimizer.py, PuLP with CBC) on a DAG with an edge per pair. Its node costs are the unary
    costs; the table takes the place of its egress price, which it asks for every pair of candidates. A forbidden cell
    costs more than everything else together, since its ILP has no such notion."""
    import networkx
    from sky import optimizer
    places, unary, pairs = load(path)
    big = 1 + sum(max(abs(c) for c in u if c is not None) for u in unary)
    big += sum(max(abs(c) for row in t for c in row if c is not None) for _, _, t in pairs)
    graph = networkx.DiGraph()
    tables = {}

    class Node:
        def __init__(self, ordinal):
            self.ordinal, self.name = ordinal, f"c{ordinal}"
        def __lt__(self, other):
            return self.ordinal < other.ordinal

    class Place:
        def __init__(self, ordinal):
            self.ordinal = ordinal

    nodes = [Node(i) for i in range(len(unary))]
    choices = [Place(x) for x in range(places)]
    graph.add_nodes_from(nodes)
    for a, b, table in pairs:
        a, b, table = (a, b, table) if a < b else (b, a, [list(r) for r in zip(*table)])
        graph.add_edge(nodes[a], nodes[b])
        tables[a, b] = table
    costs = {node: {choice: unary[node.ordinal][choice.ordinal] for choice in choices
                    if unary[node.ordinal][choice.ordinal] is not None} for node in nodes}

    def egress(minimize_cost, parent, parent_resources, node, resources):
        cell = tables[parent.ordinal, node.ordinal][parent_resources.ordinal][resources.ordinal]
        return big if cell is None else cell

    optimizer.Optimizer._egress_cost_or_time = staticmethod(egress)
    import pulp
    solving = []
    original = pulp.LpProblem.solve
    def timed(self, solver=None, **rest):
        solver = pulp.PULP_CBC_CMD(msg=False, timeLimit=limit)
        start = clock()
        status = original(self, solver, **rest)
        solving.append(clock() - start)
        return status
    pulp.LpProblem.solve = timed
    start, total = clock(), None
    try:
        _, total = optimizer.Optimizer._optimize_by_ilp(graph, nodes, costs, minimize_cost=True)
    except (AssertionError, ValueError):
        pass  # It asserts that a solution exists, and looks for a chosen value even when CBC ran out of time.
    whole = clock() - start
    proven = bool(solving) and solving[0] < limit
    objective = round(total) if proven and total is not None and total < big else None
    return proven, objective, solving[0] if solving else whole, whole


def one(peer, path, limit):
    if peer.startswith("toulbar2"):
        vac = {"toulbar2": 0, "toulbar2-A": 1, "toulbar2-Amax": 1_000_000}[peer]
        out = run_toulbar2(path, limit, vac)
    else:
        out = {"cpsat": run_cpsat, "highs": run_highs, "skypilot": run_skypilot}[peer](path, limit)
    print("\n" + json.dumps({"proven": out[0], "objective": out[1], "seconds": out[2], "whole": out[-1]}))


def placer(program, path, runs):
    """Least of several runs, and the answer."""
    best = None
    for _ in range(runs):
        done = subprocess.run([program, "solve", path], capture_output=True, text=True)
        if done.returncode not in (0, 3):
            raise SystemExit(f"placer solve {path}: {done.stderr}")
        answer = json.loads(done.stdout)
        if best is None or answer["solve_ms"] < best["solve_ms"]:
            best = answer
    if best["status"] not in ("optimal", "infeasible"):
        raise SystemExit(f"placer did not prove {path}: {best['status']}")
    return best


def peer_run(peer, path, limit):
    command = [sys.executable, os.path.abspath(__file__), "--one", peer, path, "--limit", str(limit)] + ["--cpu"] * CPU
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        # Building a model may take long as well; a process that is not done by then counts with the limit.
        out, err = process.communicate(timeout=limit * 3 + 60)
        return json.loads(out.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"proven": False, "objective": None, "seconds": limit, "whole": time.perf_counter() - start}
    except (IndexError, ValueError):
        return {"proven": False, "objective": None, "seconds": math.nan, "error": err.strip()[-300:]}
    finally:
        # SkyPilot's CBC outlives whoever started it when the time is up, and would run beside those who come next.
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)


def fair(peer, path, limit, runs):
    """Least of as many runs as placer gets, for a peer that takes less than two seconds."""
    best = peer_run(peer, path, limit)
    for _ in range(runs - 1):
        if not best["proven"] or best["seconds"] > 2.0:
            break
        again = peer_run(peer, path, limit)
        best = again if again["seconds"] < best["seconds"] else best
    return best


def same(peer, theirs, ours):
    """Equal; from solvers of floats, to a millionth."""
    if theirs is None or ours is None or peer not in ("highs", "skypilot"):
        return theirs == ours
    return abs(theirs - ours) <= 1e-6 * max(1, abs(ours))


def machine():
    versions = []
    for name in ["ortools", "highspy", "pytoulbar2", "skypilot", "pulp"]:
        try:
            from importlib.metadata import version
            versions.append(f"{name} {version(name)}")
        except Exception:
            versions.append(f"{name} absent")
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    return f"{os.cpu_count()} x {model}; load {os.getloadavg()[0]:.1f}; " + ", ".join(versions)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("files", nargs="*")
    args.add_argument("--one", nargs=2, metavar=("PEER", "FILE"), help=argparse.SUPPRESS)
    args.add_argument("--placer", default="target/release/placer")
    args.add_argument("--peers", default=",".join(PEERS))
    args.add_argument("--limit", type=float, default=60.0, help="seconds for each peer on each file")
    args.add_argument("--runs", type=int, default=5, help="runs of placer, and of peers under two seconds; the fastest counts")
    args.add_argument("--cpu", action="store_true", help="time peers by processor seconds, on one thread: for a busy "
                      "machine, where waiting would count against them (placer's time stays that of the wall clock)")
    args = args.parse_args()
    global CPU
    CPU = args.cpu
    if args.one:
        return one(args.one[0], args.one[1], args.limit)
    print(f"machine: {machine()}\nlimit {args.limit:g} s; least of {args.runs} runs; peers by {'processor' if CPU else 'wall clock'} time\n")
    peers, ratios = args.peers.split(","), {}
    print("| instance | placer ms | " + " | ".join(f"{peer} s (ratio)" for peer in peers) + " |")
    print("|---|---|" + "---|" * len(peers))
    wrong = []
    for path in args.files:
        source = path
        if path.endswith(".wcsp"):
            path = f"/tmp/compare-{os.getpid()}.json"
            wcsp_to_json(source, path)
        ours, cells, best = placer(args.placer, path, args.runs), [], {}
        for peer in peers:
            theirs = fair(peer, source if peer.startswith("toulbar2") else path, args.limit, args.runs)
            if math.isnan(theirs["seconds"]):
                cells.append("failed: " + theirs["error"].splitlines()[-1][:60] if theirs.get("error") else "failed")
                continue
            ratio = theirs["seconds"] * 1e3 / ours["solve_ms"]
            if theirs["proven"] and not same(peer, theirs["objective"], ours["objective"]):
                wrong.append(f"{source}: {peer} says {theirs['objective']}, placer {ours['objective']}")
            mark = "" if theirs["proven"] else ">"
            cells.append(f"{mark}{theirs['seconds']:.3f} ({mark}{ratio:,.1f}x)")
            family = FAMILY.get(peer, peer)
            whole = theirs.get("whole", theirs["seconds"]) * 1e3 / ours["solve_ms"]
            best[family] = min(best.get(family, (math.inf, "", math.inf)), (ratio, mark, whole))
        for family, found in best.items():
            ratios.setdefault(family, []).append(found)
        print(f"| {os.path.basename(source)} | {ours['solve_ms']:.3f} | " + " | ".join(cells) + " |", flush=True)
    mean = lambda values: math.exp(statistics.fmean(map(math.log, values)))
    print("\n| peer (its better setting) | instances | geometric mean | median | least | not finished "
          "| with model: geometric mean | least | asked for |\n|---|---|---|---|---|---|---|---|---|")
    for family, found in ratios.items():
        values, wholes = [ratio for ratio, _, _ in found], [whole for _, _, whole in found]
        late = sum(mark == ">" for _, mark, _ in found)
        least = ">" if late else ""
        print(f"| {family} | {len(values)} | {least}{mean(values):,.1f}x | {statistics.median(values):,.1f}x | {min(values):,.1f}x "
              f"| {late} | {least}{mean(wholes):,.1f}x | {min(wholes):,.1f}x | {GOALS.get(family, '')} |")
    for line in wrong:
        print("WRONG", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
