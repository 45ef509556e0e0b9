#!/usr/bin/env python3
"""Asks llvm-mca of LLVM 19 how long each block of blocks.csv takes on each core, over and over, and writes llvm-mca.csv.

    python3 data/blocks/measure.py            rewrites llvm-mca.csv
    python3 data/blocks/measure.py --check    fails when that would change it

The figure is (cycles of 400 iterations - cycles of 200) / 200: the steady state. llvm-mca takes all loads to hit the first-level cache and,
unless told otherwise, no load to read what a store wrote; that default is kept.
"""

import csv
import io
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "derive"))

import derive  # noqa: E402
import llvm  # noqa: E402

FILE = HERE / "llvm-mca.csv"
SHORT, LONG = 200, 400


def main():
    with open(HERE / "blocks.csv", newline="") as file:
        blocks = list(csv.DictReader(file))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["block", "microarchitecture", "cycles"])
    figures = {}
    for name, model in derive.MODELS.items():
        known = [block for block in blocks if derive.AVX2 not in model.lacks or block["kind"] != "wide"]
        core = json.loads((derive.DATA / f"{name}.json").read_text(encoding="utf-8"))["name"]
        for block, cycles in zip(known, steady_cycles(model.cpu, known)):
            figures[block["name"], core] = cycles
    for (block, core), cycles in sorted(figures.items()):
        writer.writerow([block, core, cycles])
    if "--check" in sys.argv[1:]:
        if FILE.read_text(encoding="utf-8") != text.getvalue():
            sys.exit("llvm-mca.csv is out of date. Run python3 data/blocks/measure.py.")
    else:
        FILE.write_text(text.getvalue(), encoding="utf-8", newline="\n")


def steady_cycles(cpu, blocks):
    short, long = total_cycles(cpu, blocks, SHORT), total_cycles(cpu, blocks, LONG)
    return [f"{(more - less) / (LONG - SHORT):.3f}" for less, more in zip(short, long)]


def total_cycles(cpu, blocks, iterations):
    regions = "".join(f"# LLVM-MCA-BEGIN {block['name']}\n{block['assembly'].replace('; ', chr(10))}\n# LLVM-MCA-END\n" for block in blocks)
    answer = llvm.run("llvm-mca", f"-mtriple={llvm.TRIPLE}", f"-mcpu={cpu}", f"-iterations={iterations}", "-json", text=llvm.SYNTAX + regions)
    return [region["SummaryView"]["TotalCycles"] for region in json.loads(answer)["CodeRegions"]]


if __name__ == "__main__":
    main()
