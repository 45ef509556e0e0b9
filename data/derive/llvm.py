"""What LLVM's scheduling models know about an instruction, as its own tools say it: llvm-mca, and llvm-exegesis for the units.

llvm-mca prints how much of each unit an instruction takes, but not whether it has a choice between units. llvm-exegesis compares measurements
with a model and prints the model's entry beside them: the groups of units and how long one of each is kept. So it is given measurements
which are made up, and absurd, so that it prints every entry.
"""

import csv
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction

VERSION = "LLVM 19"
TRIPLE = "x86_64-unknown-linux-gnu"
SYNTAX = ".intel_syntax noprefix\n"
PLACEHOLDER_LATENCY = 100


@dataclass(frozen=True)
class Entry:
    """One instruction in a model. `units` are pairs of a group of units and the cycles for which one of them is kept."""
    uops: int
    latency: int
    throughput: Fraction
    loads: bool
    stores: bool
    pressure: dict
    units: tuple

    @property
    def is_placeholder(self):
        """What is not modelled has a latency of 100 and one micro-operation, or keeps a unit as long."""
        return self.latency == PLACEHOLDER_LATENCY and (self.uops == 1 or self.uops == PLACEHOLDER_LATENCY)


@dataclass(frozen=True)
class Core:
    dispatch_width: int
    reorder_buffer: int


def run(tool, *arguments, text=""):
    answer = subprocess.run([f"{tool}-19", *arguments], input=text, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{tool}-19: {answer.stderr}")
    return answer.stdout


def core(cpu):
    arguments = [f"-mtriple={TRIPLE}", f"-mcpu={cpu}", "-iterations=1"]
    summary = json.loads(run("llvm-mca", *arguments, "-json", text=SYNTAX + "nop\n"))["CodeRegions"][0]["SummaryView"]
    retired = run("llvm-mca", *arguments, "-retire-stats", text=SYNTAX + "nop\n")
    return Core(summary["DispatchWidth"], int(re.search(r"Total ROB Entries:\s*(\d+)", retired)[1]))


def entries(cpu, instructions):
    """The model's entry for each instruction in Intel syntax, in order."""
    assembly = SYNTAX + "".join(instruction + "\n" for instruction in instructions)
    answer = json.loads(run("llvm-mca", f"-mtriple={TRIPLE}", f"-mcpu={cpu}", "-instruction-tables", "-json", text=assembly))
    region = answer["CodeRegions"][0]
    figures = region["InstructionInfoView"]["InstructionList"]
    if len(figures) != len(instructions):
        sys.exit(f"{cpu}: {len(instructions)} instructions went in and {len(figures)} came out.")
    pressure = [{} for _ in figures]
    for use in region["ResourcePressureView"]["ResourcePressureInfo"]:
        if use["InstructionIndex"] < len(figures):
            unit = answer["TargetInfo"]["Resources"][use["ResourceIndex"]]
            pressure[use["InstructionIndex"]][unit] = Fraction(use["ResourceUsage"]).limit_denominator(60)
    return [
        Entry(
            info["NumMicroOpcodes"], info["Latency"], Fraction(info["RThroughput"]).limit_denominator(12), info["mayLoad"], info["mayStore"], pressure[index], units)
        for index, (info, units) in enumerate(zip(figures, units_of(cpu, instructions)))
    ]


def units_of(cpu, instructions):
    """Instructions of one opcode must not meet in one analysis, which would take them for measurements that contradict each other."""
    operations = machine_instructions(instructions)
    found = [None] * len(operations)
    waiting = list(range(len(operations)))
    while waiting:
        first_of = {}
        for index in waiting:
            first_of.setdefault(operations[index].split()[0], index)
        batch = sorted(first_of.values())
        for index, units in analyse(cpu, [(index, operations[index]) for index in batch]).items():
            found[index] = units
        waiting = [index for index in waiting if index not in set(batch)]
    missing = [instructions[index] for index, units in enumerate(found) if units is None]
    if missing:
        sys.exit(f"{cpu}: no entry came out for {', '.join(missing)}.")
    return found


def analyse(cpu, batch):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "measurements.yaml").write_text("".join(measurement(cpu, index, operation) for index, operation in batch))
        run(
            "llvm-exegesis", "-mode=analysis", f"-benchmarks-file={folder}/measurements.yaml",
            f"-analysis-clusters-output-file={folder}/classes.csv", f"-analysis-inconsistencies-output-file={folder}/classes.html",
            "-analysis-clustering=naive")
        units = {}
        for section in (folder / "classes.html").read_text().split('Sched Class <span class="sched-class-name">')[1:]:
            name = html.unescape(section[:section.index("</span>")])
            row = re.findall(r"<tr>(.*?)</tr>", section[section.index("llvm SchedModel data"):], re.DOTALL)[1]
            cells = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
            if len(cells) > 5:
                entry = tuple((group, int(cycles)) for group, cycles in re.findall(r'mono">(\w+)</span>: (\d+)', cells[5]))
                if units.setdefault(name, entry) != entry:
                    sys.exit(f"{cpu}: the class {name} came out with two meanings.")
        with open(folder / "classes.csv", newline="") as file:
            return {int(row[2]): units.get(row[3]) for row in csv.reader(file) if len(row) > 3 and row[2].isdigit()}


def measurement(cpu, index, operation):
    return f"""---
mode: latency
key:
  instructions: ['{operation}']
  config: '{index}'
  register_initial_values: []
cpu_name: {cpu}
llvm_triple: {TRIPLE}
min_instructions: 1
measurements: [{{ key: latency, value: {100_000 + 1000 * index}, per_snippet_value: 1, validation_counters: {{}} }}]
error: ''
info: ''
assembled_snippet: C3
...
"""


def machine_instructions(instructions):
    """Each instruction as llvm-exegesis writes one: `ADD64rr RAX RAX RCX`."""
    names = {"0": "%noreg"} | {operands[0][1]: name.upper() for name, (_, operands) in zip(REGISTERS, assemble(REGISTERS.values()))}
    return [
        " ".join([opcode, *(names[value] if kind == "Reg" else f"i_0x{int(value or 0) & (1 << 64) - 1:x}" for kind, value in operands)])
        for opcode, operands in assemble(instructions)
    ]


def assemble(instructions):
    instructions = list(instructions)
    listing = run("llvm-mc", f"-triple={TRIPLE}", "-show-inst", text=SYNTAX + "".join(instruction + "\n" for instruction in instructions))
    found = []
    for block in listing.split("<MCInst ")[1:]:
        operands = re.findall(r"<MCOperand (Reg|Imm|Expr):?\(?([-\d]*)", block)
        found.append((re.match(r"#\d+ (\w+)", block)[1], operands))
    return found


def registers():
    general = "ax bx cx dx si di sp bp".split()
    for name in ["r" + name for name in general] + [f"r{number}" for number in range(8, 16)] + ["e" + name for name in general] + general + ["al", "cl", "dl", "bl"]:
        yield name, f"mov {name}, {name}"
    for number in range(16):
        yield f"xmm{number}", f"movaps xmm{number}, xmm{number}"
        yield f"ymm{number}", f"vmovaps ymm{number}, ymm{number}"


REGISTERS = dict(registers())
