#!/usr/bin/env python3
"""Writes the reduced provider schemas that tests hold the generated Terraform against.

usage: terraform-schemas.py OUT [--packages DIR]

The providers' schemas come from packages of the npm and PyPI registries that were generated from `terraform providers schema -json`:
CDK bindings for aws, google, azurerm and random (declarations say what is required and of which type, the code next to them
which of it is a block), Pulumi's for hcloud, whose plural names are put back by the table below. Only what a literal in
src/exec/terraform names is kept. `--packages` is where packages are kept between runs.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tarfile
import tempfile
import zipfile

PACKAGES = {
    "aws": ("pypi:cdktn-provider-aws", "25.8.1"),
    "google": ("pypi:cdktn-provider-google", "21.1.0"),
    "azurerm": ("pypi:cdktn-provider-azurerm", "18.9.0"),
    "random": ("@cdktf/provider-random", "12.0.1"),
    "hcloud": ("@pulumi/hcloud", "1.41.0"),
}

# What Pulumi names in the plural and the provider in the singular; these are blocks.
HCLOUD_BLOCKS = {
    "public_nets": "public_net",
    "networks": "network",
    "rules": "rule",
    "apply_tos": "apply_to",
    "targets": "target",
    "algorithm": "algorithm",
    "health_check": "health_check",
    "http": "http",
}
# Pulumi makes names itself where none is given; the provider wants one.
HCLOUD_REQUIRED = {
    "hcloud_server": ["name"],
    "hcloud_network": ["name"],
    "hcloud_volume": ["name"],
    "hcloud_load_balancer": ["name"],
}

MEMBER = re.compile(r"\{@link (?P<url>\S+)#(?P<hcl>[a-z0-9_]+) [^}]*\}\s*\*/\s*readonly (?P<name>\w+)(?P<optional>\??): ", re.S)
ENTRY = re.compile(r"([a-z0-9_]+): \{\s*value: .*?,\s*isBlock: (true|false),\s*type: \"(\w+)\",", re.S)


def used(root):
    """Types of resources, and of data sources, that the generator names."""
    resources, data = set(), set()
    for path in sorted((root / "src/exec/terraform").rglob("*.rs")):
        if path.name in ("audit.rs", "tree.rs", "tests.rs"):
            continue
        text = path.read_text()
        sources = set(re.findall(r"data\(\"([a-z0-9_]+)\"", text))
        data |= sources
        resources |= set(re.findall(r"\"((?:aws|google|azurerm|random|hcloud)_[a-z0-9_]+)\"", text)) - sources
    return sorted(resources), sorted(data)


def unpacked(package, version, keep):
    """The folder of a package."""
    folder = keep / (package.replace("/", "-").strip("@") + "-" + version)
    if not folder.exists() and package.startswith("pypi:"):
        from_pypi(package.removeprefix("pypi:"), version, keep, folder)
    elif not folder.exists():
        with tempfile.TemporaryDirectory(dir=keep) as scratch:
            done = subprocess.run(["npm", "pack", f"{package}@{version}", "--json"], cwd=scratch, check=True, stdout=subprocess.PIPE)
            name = json.loads(done.stdout)[0]["filename"].replace("@", "").replace("/", "-")
            with tarfile.open(pathlib.Path(scratch) / name) as archive:
                archive.extractall(pathlib.Path(scratch) / "all", filter="data")
            (pathlib.Path(scratch) / "all" / "package").rename(folder)
    return folder


def from_pypi(package, version, keep, folder):
    """Python bindings carry the npm package that they call."""
    with tempfile.TemporaryDirectory(dir=keep) as scratch:
        scratch = pathlib.Path(scratch)
        subprocess.run(
            ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", scratch, f"{package}=={version}"],
            check=True,
        )
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
            inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
            wheel.extract(inner, scratch)
        with tarfile.open(scratch / inner) as archive:
            archive.extractall(scratch / "all", filter="data")
        (scratch / "all" / "package").rename(folder)


def balanced(text, start):
    """The text between the brace at `start` and its partner."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + 1 : at]
    raise ValueError("a brace without its partner")


def interfaces(declarations):
    """Members of each interface: (HCL name, required, TypeScript type)."""
    found = {}
    for head in re.finditer(r"export interface (\w+)[^{]*\{", declarations):
        body = balanced(declarations, head.end() - 1)
        members = []
        for member in MEMBER.finditer(body):
            rest = body[member.end() :]
            kind = rest[: rest.index(";")] if not rest.startswith("{") else "{" + balanced(rest, 0) + "}"
            members.append((member["hcl"], member["optional"] == "", " ".join(kind.split())))
        found[head[1]] = members
    return found


def blocks_of(code):
    """Names that are blocks, by the interface they stand in, in lower case; the resource's own under an empty name."""
    found = {}
    for head in re.finditer(r"function (\w+)ToHclTerraform\(struct\) \{", code):
        entries = ENTRY.findall(balanced(code, head.end() - 1))
        found[head[1].lower()] = {name: (block == "true", kind) for name, block, kind in entries}
    at = code.rindex("synthesizeHclAttributes() {")
    entries = ENTRY.findall(balanced(code, code.index("{", at)))
    found[""] = {name: (block == "true", kind) for name, block, kind in entries}
    return found


def plain(kind):
    """A TypeScript type as a type of the configuration language."""
    kind = kind.replace("cdktf.", "cdktn.").replace(" | cdktn.IResolvable", "")
    if kind in ("string", "number", "boolean"):
        return {"boolean": "bool"}.get(kind, kind)
    if kind.endswith("[]"):
        return "list"
    return "map" if kind.startswith("{") else "any"


def body(members, blocks, key, everything):
    attributes, inner = {}, {}
    for name, required, kind in members:
        if name == "timeouts":
            continue
        struct = re.sub(r"\[\]| \| cdkt[fn]\.IResolvable", "", kind)
        is_block, shape = blocks.get(key, {}).get(name, (False, ""))
        if is_block and struct in everything:
            one = "[]" not in kind
            inner[name] = {"required": required, "one": one, **body(everything[struct], blocks, struct.lower(), everything)}
        elif is_block and plain(kind) == "map":
            attributes[name] = {"type": "map", "required": required}
        else:
            attributes[name] = {"type": "list" if struct in everything else plain(kind), "required": required}
    return {"attributes": attributes, "blocks": inner}


def cdk(folder, kind, data):
    """A resource of a CDK package; `None`: the provider has none of that name."""
    name = kind.split("_", 1)[1].replace("_", "-")
    for place in ([f"data-{kind.replace('_', '-')}"] if data else [name, name + "-a"]):
        if (folder / "lib" / place / "index.d.ts").exists():
            break
    else:
        return None
    declarations = (folder / "lib" / place / "index.d.ts").read_text()
    code = (folder / "lib" / place / "index.js").read_text()
    if f'tfResourceType = "{kind}"' not in code:
        return None
    everything = interfaces(declarations)
    top = next(name for name in everything if re.search(rf"interface {name} extends cdkt[fn].TerraformMetaArguments", declarations))
    made = body(everything[top], blocks_of(code), "", everything)
    own = code[code.rindex("static generateConfigForImport") :]
    read = set(re.findall(r"Attribute\('([a-z0-9_]+)'\)", own)) | set(re.findall(r"\(this, \"([a-z0-9_]+)\"", own))
    made["computed"] = sorted(read - made["attributes"].keys() - made["blocks"].keys())
    version = re.search(r"providers/[\w-]+/[\w-]+/([0-9.]+)/docs", declarations)[1]
    return made, version


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", lambda hit: "_" + hit[1].lower(), name)


def pulumi_members(text):
    found = []
    member = r"^\s*(?:readonly )?(\w+)(\??): (pulumi\.Input<\{[^}]*\}[^>;]*>|pulumi\.\w+<.*>);$"
    for name, optional, kind in re.findall(member, text, re.M):
        found.append((snake(name), optional == "", kind))
    return found


def pulumi_body(members, types):
    attributes, inner = {}, {}
    for name, required, kind in members:
        struct = re.search(r"inputs\.(\w+)", kind)
        if struct:
            text = balanced(types, types.index("{", types.index(f"interface {struct[1]} ")))
            inner[HCLOUD_BLOCKS[name]] = {"required": required, "one": False, **pulumi_body(pulumi_members(text), types)}
        else:
            word = "list" if "[]" in kind else "map" if "{[key" in kind else re.search(r"(string|number|boolean|any)", kind)[1]
            attributes[name] = {"type": {"boolean": "bool"}.get(word, word), "required": required}
    return {"attributes": attributes, "blocks": inner}


def hcloud(folder, kind):
    words = [word.capitalize() for word in kind.split("_")[1:]]
    path = folder / (words[0].lower() + "".join(words[1:]) + ".d.ts")
    if not path.exists():
        return None
    text, types = path.read_text(), (folder / "types/input.d.ts").read_text()
    title = "".join(words)
    args = balanced(text, text.index("{", text.index(f"export interface {title}Args")))
    made = pulumi_body(pulumi_members(args), types)
    for name in HCLOUD_REQUIRED.get(kind, []):
        made["attributes"][name]["required"] = True
    own = balanced(text, text.index("{", text.index(f"export declare class {title} ")))
    read = {snake(name) for name in re.findall(r"readonly (\w+): pulumi\.Output<", own)} | {"id"}
    made["computed"] = sorted(read - made["attributes"].keys() - set(HCLOUD_BLOCKS))
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--packages", type=pathlib.Path)
    args = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    keep = args.packages or pathlib.Path(tempfile.mkdtemp())
    keep.mkdir(parents=True, exist_ok=True)
    args.out.mkdir(parents=True, exist_ok=True)
    names, sources = used(root)
    for provider, (package, version) in PACKAGES.items():
        folder = unpacked(package, version, keep)
        resources, data, stated = {}, {}, None
        for into, wanted, is_data in ((resources, names, False), (data, sources, True)):
            for kind in (name for name in wanted if name.split("_")[0] == provider):
                if provider == "hcloud":
                    found = (hcloud(folder, kind), None)
                else:
                    found = cdk(folder, kind, is_data) or (None, stated)
                if found[0] is None:
                    print(f"  not in {package}: {kind}")
                else:
                    into[kind], stated = found
        document = {
            "source": f"npm {package} {version}",
            "provider_version": stated or "not stated by the package",
            "resources": resources,
            "data": data,
        }
        path = args.out / f"{provider}.json"
        path.write_text(written(document))
        print(f"{path}: {len(resources)} resources, {len(data)} data sources of {provider} {document['provider_version']}")


def written(document):
    """JSON with a line for each resource, so that changes can be read."""
    lines = []
    for key, value in document.items():
        if isinstance(value, dict):
            rows = [f"  {json.dumps(kind)}: {json.dumps(made, sort_keys=True)}" for kind, made in sorted(value.items())]
            value = "{\n" + ",\n".join(rows) + "\n }" if rows else "{}"
        else:
            value = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {value}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
