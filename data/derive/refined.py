#!/usr/bin/env python3
"""Writes the figures of WRMSR and IRET by what they do into data/microarchitectures/*.json.

    python3 data/derive/refined.py            rewrites them
    python3 data/derive/refined.py --check    fails when a file is out of date

The manuals of the 386 and, by way of 86Box, those of the 486 and the Pentium state an IRET that stays on its level. For all other cores, and for WRMSR,
there is one figure, published, fitted or assumed; what is written here are assumptions from it, by the rules below.
"""

import json
import math
import sys

sys.dont_write_bytecode = True

import derive  # noqa: E402

# Registers that take a segment's base and do nothing else.
BASES = ["IA32_FS_BASE", "IA32_GS_BASE", "IA32_KERNEL_GS_BASE"]

# SDM vol. 3A, 9.3 and 11.12.3: a WRMSR to these does not serialise.
UNORDERED = ["IA32_TSC_DEADLINE", "x2APIC"]

MANUAL_386 = "Intel 80386 Programmer's Reference Manual, no. 230985, chapter 17"
STATED = {
    "intel386": {"iret:sameLevel": (38, MANUAL_386), "iret:task": (275, MANUAL_386)},
    "intel486": {"iret:sameLevel": (20, "86Box, src/cpu/cpu.c, constants of the i486, which come from its manual")},
    "pentium": {"iret:sameLevel": (10, "86Box, src/cpu/cpu.c, constants of the Pentium, which come from its manual")},
}


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for path in sorted(derive.DATA.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        new = derive.render(refined(path.stem, json.loads(text)))
        if new == text:
            continue
        stale.append(path.name)
        if not check:
            path.write_text(new, encoding="utf-8", newline="\n")
    if check and stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run python3 data/derive/refined.py.")
    print(f"{len(stale)} files written" if not check else "up to date")


def refined(name, document):
    figures = {figure["key"]: figure for figure in document["figures"] if not figure["key"].startswith(("iret:", "wrmsr:"))}
    for key, (clocks, source) in STATED.get(name, {}).items():
        figures[key] = figure_of(key, clocks, clocks, clocks, "published", source)
    if name not in STATED and "iret" in figures:
        outer = figures["iret"]
        add(figures, "iret:sameLevel", outer["cycles"] / 2, outer["low"] / 3, outer["high"],
            "half of the return to less privilege: on the 386 it is 38 of 82 clocks, on the 486 20 of 36, on the Pentium 10 of 27")
    if name not in STATED and "wrmsr" in figures:
        write = figures["wrmsr"]
        for register in BASES:
            add(figures, f"wrmsr:{register}", math.sqrt(write["cycles"] * write["low"]), write["low"] / 2, write["cycles"],
                "between the low end of WRMSR and its figure: nothing but a base is written, as by WRGSBASE")
        if has_deadline(name):
            for register in UNORDERED:
                add(figures, f"wrmsr:{register}", math.sqrt(write["cycles"] * write["low"]), write["low"] / 2, write["high"],
                    "between the low end of WRMSR and its figure: it does not serialise (SDM vol. 3A, 9.3 and 11.12.3)")
    document["figures"] = [figures[key] for key in sorted(figures)]
    return document


def has_deadline(name):
    """AMD's processors write these registers as any other; the SDM's exception is Intel's."""
    return name in {"westmere", "sandybridge", "haswell", "skylake", "cascadelake", "icelake", "sapphirerapids", "pantherlake"}


def add(figures, key, cycles, low, high, source):
    figures[key] = figure_of(key, half(cycles), half(low), half(high), "assumed", source)


def figure_of(key, cycles, low, high, confidence, source):
    return {"key": key, "cycles": cycles, "low": low, "high": high, "unit": "cycles", "confidence": confidence, "source": source}


def half(cycles):
    value = round(cycles * 2) / 2
    return int(value) if value == int(value) else value


if __name__ == "__main__":
    main()
