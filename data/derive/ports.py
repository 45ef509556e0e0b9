"""Turns a model's units into micro-operations, each with its choice of ports: `p0|p1|p5|p6 + p2|p3`, and `*n` where one keeps its port n cycles."""

import itertools
import re
from fractions import Fraction

NOT_PORTS = {"Load", "AGU012"}
"""What stands behind another unit and never binds before it: in the models of Zen 3, Zen 4 and Piledriver every access of memory takes a unit of the
load-store part, or an address unit, for just as long."""

SPECIAL = {
    "AGLU01": ["aglu0", "aglu1"],
    "ALU": ["alu0", "alu1", "alu2", "alu3"],
    "BRU01": ["alu0", "bru1"],
    "BRU1": ["bru1"],
    "Branch": ["branch"],
    "Div": ["div"],
    "Divider": ["div"],
    "FPAES01": ["fp0", "fp1"],
    "FPCVT": ["cvt"],
    "FPDivider": ["fpdiv"],
    "FPFAdd01": ["fp2", "fp3"],
    "FPFMA": ["fma0", "fma1"],
    "FPFMul01": ["fp0", "fp1"],
    "FPMAL": ["mal0", "mal1"],
    "FPMMA": ["mma"],
    "FPSTO": ["sto"],
    "FPSt": ["fpst"],
    "FPU": ["fpu0", "fpu1", "fpu2", "fpu3"],
    "FPVMul01": ["fp0", "fp3"],
    "FPXBR": ["xbr"],
    "LSU": ["ls0", "ls1", "ls2"],
    "Mul": ["mul"],
    "Multiplier": ["mul"],
}
PORTS_OF_PREFIX = {
    ("Pd", "Store"): ["st"],
    ("Zn", "AGU"): ["agu0", "agu1"],
    ("Zn2", "AGU"): ["agu0", "agu1", "agu2"],
    ("Zn3", "Store"): ["st0", "st1"],
    ("Zn4", "Store"): ["st0", "st1"],
}
MEMORY_UNITS = {"LSU", "AGLU01"}
"""Units which loads and stores share, where the model says how much of them is a load's."""

ADDRESS = ["p2", "p3", "p7", "p8", "p11", "agu0", "agu1", "agu2", "ls0", "ls1", "ls2", "aglu0", "aglu1"]
DATA = ["p4", "p9", "st", "st0", "st1"]
HELD = ["div", "fpdiv", "mul"]
"""Units beside the ports: they are kept, and no micro-operation is issued to them by itself."""


def ports_of(prefix, group):
    name = group.removeprefix(prefix)
    if (prefix, name) in PORTS_OF_PREFIX:
        return PORTS_OF_PREFIX[prefix, name]
    if name in SPECIAL:
        return SPECIAL[name]
    if prefix == "SPR":
        return [f"p{int(number)}" for number in name.removeprefix("Port").split("_")]
    base, digits = re.fullmatch(r"([A-Za-z]+)(\d+)", name).groups()
    base = {"Port": "p", "FPFMisc": "fp", "FPVMisc": "fp"}.get(base, base.lower())
    return [base + digit for digit in digits]


def operations(prefix, entry):
    """Micro-operations as pairs of ports and cycles: those that compute, loads, addresses, data, and what is kept beside them."""
    cycles = {group.removeprefix(prefix): count for group, count in entry.units}
    terms = []
    for name, count in cycles.items():
        if name in NOT_PORTS and (name == "Load" or "LSU" in cycles):
            continue
        loads = cycles.get("Load", 0) if name in MEMORY_UNITS else 0
        ports = ports_of(prefix, prefix + name)
        terms += [(ports, part) for part in (loads, count - loads) if part]
    spare = entry.uops - len([ports for ports, _ in terms if ports[0] not in HELD])
    split = []
    for ports, count in terms:
        pieces = 1 if ports[0] in HELD else min(count, 1 + max(spare, 0), MOST_PIECES)
        spare -= pieces - 1
        split += [(ports, count // pieces + (index < count % pieces)) for index in range(pieces)]
    return sorted(split, key=lambda operation: rank(operation[0]))


MOST_PIECES = 4
"""A microcoded sequence of many operations on one group is written as so many longer ones: the ports are kept as long, and a line stays readable."""


def rank(ports):
    return next((index + 1 for index, kind in enumerate((ADDRESS, DATA, HELD)) if ports[0] in kind), 0)


def text(operations):
    return " + ".join("|".join(ports) + (f"*{cycles}" if cycles > 1 else "") for ports, cycles in operations)


def throughput(operations):
    """The fewest cycles between two of these, over and over, with the best choice of ports: what the busiest set of ports has to do."""
    sets = {frozenset(ports) for ports, _ in operations}
    unions = {frozenset().union(*some) for size in range(1, len(sets) + 1) for some in itertools.combinations(sets, size)}
    return max((Fraction(sum(cycles for ports, cycles in operations if union.issuperset(ports)), len(union)) for union in unions), default=Fraction(0))


def differs_from_pressure(prefix, entry, operations):
    """Whether the micro-operations, spread evenly over their ports, take other shares of them than llvm-mca says."""
    share = {}
    for ports, cycles in operations:
        for port in ports:
            share[port] = share.get(port, 0) + Fraction(cycles, len(ports))
    expected = {}
    for unit, amount in entry.pressure.items():
        name, _, index = unit.removeprefix(prefix).partition(".")
        if name == "Load" or re.fullmatch(r"AGU\d", name) and prefix in ("Zn3", "Zn4") and any(group == prefix + "LSU" for group, _ in entry.units):
            continue
        port = ports_of(prefix, prefix + name)[ord(index) if index else 0]
        expected[port] = expected.get(port, 0) + amount
    return any(abs(share.get(port, 0) - expected.get(port, 0)) > Fraction(1, 20) for port in share.keys() | expected.keys())
