#!/usr/bin/env python3
"""Takes measurements of unprivileged microcoded instructions over from data/published/instructions.csv into the files of figures.

    python3 data/derive/measured.py            rewrites data/microarchitectures/*.json
    python3 data/derive/measured.py --check    fails when that would change a file

Only rows that are there to fit with are looked at. A core with such a row for an instruction has its figure from it; a core without one takes the row of
the nearest core of its family that has one, as an assumption: half the low end, twice the high end. Of PUSHF + POPF only the sum is measured; PUSHF has
the figure that the file gives it, and POPF the rest. Of CPUID, leaf 0 is the figure and what leaf 1 takes more is an event.
"""

import csv
import json
import statistics
import sys

sys.dont_write_bytecode = True

import derive  # noqa: E402

CORES = {
    "Intel": ["Westmere", "SandyBridge", "Haswell", "Skylake", "CascadeLake", "IceLake", "SapphireRapids"],
    "AMD Bulldozer": ["Steamroller"],
    "AMD Zen": ["Zen", "Zen2", "Zen3", "Zen4"],
}
"""Families in the order of their years: the nearest is the one with the fewest between, and of two the newer. Older ones keep their figures by hand."""

SINGLE = {"cld": ["cld", "std"], "lfence": ["lfence"], "mfence": ["mfence"], "rdtsc": ["rdtsc"], "rdtscp": ["rdtscp"], "pause": ["pause"], "xgetbv": ["xgetbv"], "rdpmc": ["rdpmc"], "cpuid eax=0": ["cpuid"]}
POPF = ["popf", "popfd", "popfq"]
LEAF = "event:cpuidFeatureLeaf"


def main():
    check = "--check" in sys.argv[1:]
    with open(derive.DATA.parent / "published" / "instructions.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["use"] == "fit"]
    changed = [core for cores in CORES.values() for core in cores if update(core, cores, rows, check)]
    if check and changed:
        sys.exit(f"Out of date: {', '.join(changed)}. Run python3 data/derive/measured.py.")


def update(core, cores, rows, check):
    path = derive.DATA / f"{core.lower()}.json"
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    figures = {figure["key"]: figure for figure in document["figures"]}
    for code, keys in SINGLE.items():
        for key in keys:
            put(figures, key, *nearest(core, cores, rows, code))
    pushed = figures.get("pushfq", {"cycles": 1})["cycles"]
    for key in POPF:
        put(figures, key, *nearest(core, cores, rows, "pushfq; popfq"), less=pushed, note=f"fitted: PUSHF and POPF together less the {pushed} of PUSHF")
    leaf(figures, *nearest(core, cores, rows, "cpuid eax=0"), *nearest(core, cores, rows, "cpuid eax=1"))
    document["figures"] = [figures[key] for key in sorted(figures)]
    result = derive.render(document)
    if not check and result != text:
        path.write_text(result, encoding="utf-8", newline="\n")
        print(f"{core}: written")
    return result != text


def nearest(core, cores, rows, code):
    """The rows of the core that has some, and how many cores lie between."""
    place = cores.index(core)
    for distance, other in sorted(((abs(index - place), other) for index, other in enumerate(cores)), key=lambda pair: (pair[0], -cores.index(pair[1]))):
        found = [row for row in rows if row["cpu"] == other and row["code"] == code]
        if found:
            return found, distance
    return [], 0


def put(figures, key, found, distance, less=0, note=None):
    if not found:
        return
    values = [float(value) - less for row in found for value in (row["low"], row["high"])]
    points = [float(row["low"]) - less for row in found if row["low"] == row["high"]]
    cycles = statistics.median(points or [(min(values) + max(values)) / 2])
    figures[key] = figure(key, cycles, (min(values), max(values)), found, distance, "fitted" if less else "published", note)


def leaf(figures, zero, far_zero, one, far_one):
    if not zero or not one:
        return
    more = [float(one[0]["low"]) - float(zero[0]["low"])]
    if more[0] > 0:
        figures[LEAF] = figure(LEAF, more[0], (more[0], more[0]), one, max(far_zero, far_one), "fitted", f"fitted: leaf 1 less leaf 0 ({zero[0]['id']})")


def figure(key, cycles, interval, found, distance, confidence, note):
    low, high = interval
    source = "; ".join(f"{row['source']}, {row['part']}: {row['code']} ({row['id']})" for row in found)
    if distance:
        low, high, confidence, source = low / 2, high * 2, "assumed", f"assumed to be as on {found[0]['cpu']}: {source}"
    entry = {"key": key, "cycles": derive.number(cycles), "low": derive.number(low), "high": derive.number(high), "unit": "cycles", "confidence": confidence, "source": source}
    return entry | ({"note": note} if note else {})


if __name__ == "__main__":
    main()
