#!/usr/bin/env python3
"""Derives the figures of ordinary instructions from LLVM's scheduling models.

    python3 data/derive/derive.py            rewrites data/microarchitectures/*.json
    python3 data/derive/derive.py --check    fails when that would change a file

Reads instructions.csv (a figure's key and one instruction in Intel syntax) and asks llvm-mca, LLVM 16, about each instruction. The rule:

    cycles = low = max(reciprocal throughput, 1 / dispatch width),   high = max(latency, cycles)

Figures whose source begins with "LLVM 16" are replaced by what is derived here. All other figures are kept by hand in the JSON files, and
a key that a file keeps by hand is not derived for it. LLVM gives a placeholder latency to what it does not model (microcode): such an
answer is never taken, and the key must then be kept by hand in that file.
"""

import csv
import json
import pathlib
import subprocess
import sys
from fractions import Fraction

TOOL = "llvm-mca-16"
MODELS = {  # file: (-mcpu, the model's name in LLVM)
    "haswell": ("haswell", "HaswellModel"),
    "skylake": ("skylake", "SkylakeClientModel"),
    "zen2": ("znver2", "Znver2Model"),
}
PLACEHOLDER = {"Latency": 100, "NumMicroOpcodes": 1}
UNITS_PER_CYCLE = 256

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "microarchitectures"


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
    kept = [figure for figure in document["figures"] if not figure["source"].startswith("LLVM 16")]
    by_hand = {figure["key"] for figure in kept}
    derived = derive(name, [row for row in rows if row["key"] not in by_hand])
    document["figures"] = sorted(kept + derived, key=lambda figure: figure["key"])
    result = render(document)
    if not check:
        path.write_text(result, encoding="utf-8", newline="\n")
        print(f"{name}: {len(derived)} figures derived, {len(kept)} kept by hand")
    return result != text


def derive(name, rows):
    cpu, model = MODELS[name]
    assembly = ".intel_syntax noprefix\n" + "".join(row["assembly"] + "\n" for row in rows)
    command = [TOOL, "-mtriple=x86_64", f"-mcpu={cpu}", "-iterations=1", "-json", "-instruction-info"]
    answer = subprocess.run(command, input=assembly, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    region = json.loads(answer.stdout)["CodeRegions"][0]
    width = Fraction(1, region["SummaryView"]["DispatchWidth"])
    instructions = region["InstructionInfoView"]["InstructionList"]
    if len(instructions) != len(rows):
        sys.exit(f"{name}: {len(rows)} instructions went in and {len(instructions)} came out.")
    figures, placeholders = [], []
    for row, info in zip(rows, instructions):
        if all(info[field] == value for field, value in PLACEHOLDER.items()):
            placeholders.append(row["key"])
            continue
        cycles = max(Fraction(info["RThroughput"]).limit_denominator(12), width)
        figures.append({
            "key": row["key"],
            "cycles": number(cycles),
            "low": number(cycles),
            "high": number(max(Fraction(info["Latency"]), cycles)),
            "unit": "cycles",
            "confidence": "published",
            "source": f"LLVM 16 scheduling model {model}, reciprocal throughput (llvm-mca)",
        })
    if placeholders:
        sys.exit(f"{name}: LLVM has only placeholders for {', '.join(placeholders)}. Keep figures for these by hand in {name}.json.")
    return figures


def number(value):
    """The nearest multiple of 1/256 of a cycle, the unit of the emulated clock: exact in JSON, and as short as can be."""
    exact = Fraction(round(value * UNITS_PER_CYCLE), UNITS_PER_CYCLE)
    return int(exact) if exact.denominator == 1 else float(exact)


def render(document):
    """JSON with one figure a line, so that a difference shows which figures changed."""
    head = {key: value for key, value in document.items() if key != "figures"}
    lines = json.dumps(head, indent=2, ensure_ascii=False).rstrip("}").rstrip() + ',\n  "figures": [\n'
    figures = ["    " + json.dumps(figure, ensure_ascii=False) for figure in document["figures"]]
    return lines + ",\n".join(figures) + "\n  ]\n}\n"


if __name__ == "__main__":
    main()
