#!/usr/bin/env python3
"""An executor for placer that keeps everything in a directory: executor-plugin.py DIR

A side of a component is an entry in DIR/APP.json, nothing more. Where this one changes an entry, a real executor
calls its cloud; everything around it is what every executor has to do. docs/executor-protocol.md has the protocol, and
`placer executor test python3 executor-plugin.py DIR` holds this file, or yours, to what every executor promises.
"""
import contextlib
import fcntl
import json
import os
import sys

KINDS = "service worker job static_site postgres mysql redis kafka object_storage load_balancer".split()
STORES = ("postgres", "mysql", "redis", "kafka")
FOLDER = sys.argv[1]


class Failure(Exception):
    def __init__(self, kind, what, help=""):
        self.data = {"kind": kind, "what": what, "help": help}


def path_of(app):
    return os.path.join(FOLDER, app + ".json")


def load(app):
    """What is there of an application. Nothing is changed by looking."""
    try:
        with open(path_of(app)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"fence": 0, "done": {}, "sides": {}}


def save(app, state):
    """Written as a whole, so that a crash leaves the old state."""
    with open(path_of(app) + ".new", "w") as file:
        json.dump(state, file)
    os.replace(path_of(app) + ".new", path_of(app))


@contextlib.contextmanager
def state_of(app, fence):
    """The state of an application, for one process at a time; what is done to it is kept unless the step fails."""
    with open(path_of(app) + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load(app)
        if fence < state["fence"]:
            raise Failure("fenced", f"fence {fence} is over: {state['fence']} was seen")
        if fence > state["fence"]:  # Kept before anything is done, so that it also holds when the step fails.
            state["fence"] = fence
            save(app, state)
        yield state
        save(app, state)


def initialize(params):
    return {"protocol": 1, "name": "directory", "version": "1.0", "kinds": KINDS, "undo": True, "observe": True}


def ready(params):
    secrets = {name for component in params["components"] for name in component["secrets"]}
    missing = ", ".join(sorted(secrets - os.environ.keys()))
    if missing:
        raise Failure("missing", f"secrets are not set: {missing}", "set them in placer's environment")
    return {}


def apply(order):
    step, name = order["step"], order["step"]["name"]
    with state_of(order["app"], order["fence"]) as state:
        if step["key"] not in state["done"]:  # What was done already is answered, and nothing else.
            progress(f"writing {order['app']}.json")
            carry_out(state["sides"], order, step["action"])
            state["done"][step["key"]] = f"{name} done"
        return {"note": state["done"][step["key"]]}


def undo(order):
    step = order["step"]
    with state_of(order["app"], order["fence"]) as state:
        if state["done"].pop(step["key"], None):  # What was never begun, or taken back already, needs nothing.
            take_back(state["sides"], order, step["undo"])
        return {"note": f"{step['name']} taken back"}


def carry_out(sides, order, action):
    if action["do"] == "provision":
        seat, kind = order["to"]["seat"], order["component"]["kind"]
        side = {"component": seat["component"], "seat": order["to"]["id"], "health": "ready", "percent": 0}
        side |= {"provider": seat["provider"], "region": seat["region"]}
        # A store takes writes when it is made, unless there is an old side that does.
        sides[order["to"]["id"]] = side | {"writable": not order["from"] if kind in STORES else None}
    elif action["do"] == "verify":
        image = order["component"]["image"] or ""
        if ".invalid/" in image:  # A domain that cannot be (RFC 2606).
            raise Failure("passing", f"{image} cannot be pulled: no such host", "name an image that is there")
    elif action["do"] == "shift":
        share(sides, order, order["to"], action["percent"])
        share(sides, order, order["from"], 100 - action["percent"])
    elif action["do"] == "drain" and not order["to"]:
        share(sides, order, order["from"], 0)  # It goes without a successor: this is the end of its traffic.
    elif action["do"] == "retire":
        del sides[order["from"]["id"]]
    # copy, verify_data and keep have nothing to do here: an entry has no data.


def take_back(sides, order, undo):
    if undo["do"] == "retire_new":
        del sides[order["to"]["id"]]
    elif undo["do"] == "shift_back":
        share(sides, order, order["to"], undo["percent"])
        share(sides, order, order["from"], 100 - undo["percent"])
    elif undo["do"] == "resume" and not order["to"]:
        share(sides, order, order["from"], 100)


def share(sides, order, side, percent):
    """Gives a side so much of the traffic. Of the two sides of a store, the one that has it takes the writes."""
    if side:
        writable = percent == 100 or not order["from"]
        sides[side["id"]] |= {"percent": percent, "writable": writable if order["component"]["kind"] in STORES else None}


def observe(params):
    return {"sightings": list(load(params["app"])["sides"].values())}


def send(message):
    print(json.dumps({"jsonrpc": "2.0"} | message), flush=True)


def progress(text):
    send({"method": "progress", "params": {"text": text}})


METHODS = {"initialize": initialize, "ready": ready, "apply": apply, "undo": undo, "observe": observe}

for line in sys.stdin:  # When placer has gone, the input ends, and so does this.
    request = json.loads(line)
    if "id" not in request:
        continue  # `cancel`: a step of this executor is over before it could be heard.
    try:
        send({"id": request["id"], "result": METHODS[request["method"]](request["params"])})
    except Failure as failure:
        error = {"code": -32000, "message": failure.data["what"], "data": failure.data}
        send({"id": request["id"], "error": error})
