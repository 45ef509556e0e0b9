#!/usr/bin/env python3
"""Derives the figures of ordinary instructions from LLVM's scheduling models.

    python3 data/derive/derive.py            rewrites data/microarchitectures/*.json
    python3 data/derive/derive.py --check    fails when that would change a file

Reads instructions.csv (a figure's key and one instruction in Intel syntax) and asks the tools of LLVM 19 about each instruction. The rule:

    cycles = low = max(reciprocal throughput, 1 / dispatch width),   high = max(latency, cycles)
    uops = micro-operations,   latency = from the register sources to the result, without a load,   ports = the groups of units, see ports.py

Figures whose source begins with "LLVM 19" are replaced by what is derived here. All other figures are kept by hand in the JSON files, and
a key that a file keeps by hand is not derived for it. LLVM gives a placeholder latency to what it does not model (microcode): such an
answer is never taken, and the key must then be kept by hand in that file. Of "pipeline" the fields in DERIVED_FIELDS are replaced.
"""

import csv
import json
import pathlib
import re
import sys
from dataclasses import dataclass
from fractions import Fraction

import llvm
import ports

UNITS_PER_CYCLE = 256
HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "microarchitectures"
PIPELINE_FIELDS = (
    "issueWidth", "retireWidth", "reorderBuffer", "ports", "loads", "storeAddress", "storeData", "loadLatency", "storeForward", "mispredict",
    "l1i", "l1d", "l2", "l3", "memory", "source", "confidence")
DERIVED_FIELDS = ("issueWidth", "reorderBuffer", "ports", "loads", "storeAddress", "storeData", "loadLatency")
LOAD, STORE = "mov r,m", "mov m,r"

BMI2_ADX = r"(bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|adcx|adox|movbe)\b"
BMI1 = r"(andn|bextr|blsi|blsmsk|blsr|tzcnt|lzcnt)\b"
AVX2 = r"vp\w+ [ry],[xy]|vpbroadcast|v(extract|insert)i128"


@dataclass(frozen=True)
class Model:
    """`prefix` begins the names of the model's units; `lacks` matches the keys of what the processor does not know."""
    cpu: str
    name: str
    prefix: str
    lacks: str = "$"


MODELS = {
    "sandybridge": Model("sandybridge", "SandyBridgeModel", "SB", f"{BMI1}|{BMI2_ADX}|{AVX2}"),
    "haswell": Model("haswell", "HaswellModel", "HW"),
    "skylake": Model("skylake", "SkylakeClientModel", "SKL"),
    "cascadelake": Model("cascadelake", "SkylakeServerModel", "SKX"),
    "icelake": Model("icelake-server", "IceLakeModel", "ICX"),
    "sapphirerapids": Model("sapphirerapids", "SapphireRapidsModel", "SPR"),
    "steamroller": Model("bdver2", "BdVer2Model", "Pd", f"{BMI2_ADX}|{AVX2}"),
    "zen": Model("znver1", "Znver1Model", "Zn"),
    "zen2": Model("znver2", "Znver2Model", "Zn2"),
    "zen3": Model("znver3", "Znver3Model", "Zn3"),
    "zen4": Model("znver4", "Znver4Model", "Zn4"),
}


def main():
    check = "--check" in sys.argv[1:]
    with open(HERE / "instructions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    changed = [name for name in MODELS if update(name, rows, check)]
    if check and changed:
        sys.exit(f"Out of date: {', '.join(changed)}. Run python3 data/derive/derive.py.")


def update(name, rows, check):
    path = DATA / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    kept = [figure for figure in document["figures"] if not figure["source"].startswith(llvm.VERSION)]
    derived, pipeline = derive(name, rows, {figure["key"] for figure in kept})
    document["figures"] = sorted(kept + derived, key=lambda figure: figure["key"])
    pipeline = document.get("pipeline", {}) | pipeline
    document["pipeline"] = {field: pipeline[field] for field in sorted(pipeline, key=PIPELINE_FIELDS.index)}
    result = render(document)
    if not check:
        path.write_text(result, encoding="utf-8", newline="\n")
        print(f"{name}: {len(derived)} figures derived, {len(kept)} kept by hand")
    return result != text


def derive(name, rows, by_hand):
    model = MODELS[name]
    rows = [row for row in rows if not re.match(model.lacks, row["key"])]
    entries = dict(zip((row["key"] for row in rows), llvm.entries(model.cpu, [row["assembly"] for row in rows])))
    core = llvm.core(model.cpu)
    load_latency = entries["add r,m"].latency - entries["add r,r"].latency
    load, store = (ports.operations(model.prefix, entries[key]) for key in (LOAD, STORE))
    width = Fraction(1, core.dispatch_width)
    figures, placeholders = [], []
    for key, entry in entries.items():
        if key in by_hand:
            continue
        if entry.is_placeholder:
            placeholders.append(key)
            continue
        operations = ports.operations(model.prefix, entry)
        report(name, key, model, entry, operations)
        cycles = max(entry.throughput, width)
        figures.append({
            "key": key,
            "cycles": number(cycles),
            "low": number(cycles),
            "high": number(max(Fraction(entry.latency), cycles)),
            "uops": max(entry.uops, 1),
            "latency": latency(key, entries, load_latency, load[0] in operations and load[0] not in store),
            "ports": ports.text(operations),
            "unit": "cycles",
            "confidence": "published",
            "source": f"{llvm.VERSION} scheduling model {model.name}, reciprocal throughput (llvm-mca)",
        })
    if placeholders:
        sys.exit(f"{name}: LLVM has only placeholders for {', '.join(placeholders)}. Keep figures for these by hand in {name}.json.")
    return figures, pipeline_of(core, load, store, load_latency, figures)


def latency(key, entries, load_latency, takes_load):
    """From the sources in registers to the result. In a vector instruction the load takes longer than into a general register, and
    the other source is awaited later: so what also reads a register is as fast as its form without memory. LLVM does not say that RET loads."""
    entry = entries[key]
    if not (entry.loads or takes_load):
        return entry.latency
    rest = max(entry.latency - load_latency, 0)
    mnemonic, _, kinds = key.partition(" ")
    register = next((kind for kind in "yx" if kind in kinds), "r")
    counterpart = entries.get(f"{mnemonic} {kinds.replace('m', register)}")
    return min(rest, counterpart.latency) if counterpart and not entry.stores and not READS_MEMORY_ONLY.match(mnemonic) else rest


READS_MEMORY_ONLY = re.compile("v?(mov|cvt|sqrt|pshuf|pabs|pmov|lddqu|broadcast|pbroadcast)|popcnt|[lt]zcnt|bs[fr]|pop|rorx|jmp|call")


def report(name, key, model, entry, operations):
    """Says where the ports do not repeat what llvm-mca says: they should, but a model may hold a group and its part at once."""
    if ports.differs_from_pressure(model.prefix, entry, operations):
        print(f"{name}: {key}: the shares of the ports are not those of llvm-mca: {ports.text(operations)}", file=sys.stderr)
    throughput = ports.throughput(operations) if operations else entry.throughput  # without units only the width counts
    if abs(throughput - entry.throughput) > Fraction(1, 20) and max(throughput, entry.throughput) > Fraction(1, 4):
        print(f"{name}: {key}: the ports allow one in {float(throughput):.2f} cycles, the model says {float(entry.throughput):.2f}: {ports.text(operations)}", file=sys.stderr)


def pipeline_of(core, load, store, load_latency, figures):
    def choice(operations, kind):
        return next(("|".join(choice) for choice, _ in operations if choice[0] in kind), "")

    used = {port for figure in figures for term in figure["ports"].split(" + ") for port in term.split("*")[0].split("|") if port}
    values = (
        core.dispatch_width,
        core.reorder_buffer,
        sorted(used, key=lambda port: (port.rstrip("0123456789"), int("0" + port.lstrip("abcdefghijklmnopqrstuvwxyz")))),
        choice(load, ports.ADDRESS),
        choice(store, ports.ADDRESS) if choice(store, ports.DATA) else "",
        choice(store, ports.DATA) or choice(store, ports.ADDRESS),
        load_latency,
    )
    return dict(zip(DERIVED_FIELDS, values))


def number(value):
    """The nearest multiple of 1/256 of a cycle, the unit of the emulated clock: exact in JSON, and as short as can be."""
    exact = Fraction(round(value * UNITS_PER_CYCLE), UNITS_PER_CYCLE)
    return int(exact) if exact.denominator == 1 else float(exact)


INNERMOST = re.compile(r'("(?:l1i|l1d|l2|l3|ports)": )([{\[][^{}\[\]]*[}\]])')
"""The caches and the list of ports."""


def on_one_line(match):
    return match[1] + re.sub(r"\s+", " ", match[2]).replace("[ ", "[").replace(" ]", "]").replace("{ ", "{").replace(" }", "}")


def render(document):
    """JSON with one figure a line, so that a difference shows which figures changed."""
    head = {key: value for key, value in document.items() if key != "figures"}
    lines = INNERMOST.sub(on_one_line, json.dumps(head, indent=2, ensure_ascii=False)).rstrip("}").rstrip() + ',\n  "figures": [\n'
    figures = ["    " + json.dumps(figure, ensure_ascii=False) for figure in document["figures"]]
    return lines + ",\n".join(figures) + "\n  ]\n}\n"


if __name__ == "__main__":
    main()
