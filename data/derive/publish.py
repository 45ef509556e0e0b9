#!/usr/bin/env python3
"""Makes data/published/*.csv from a dossier of published figures, and splits them into those to fit with and those to check with.

    python3 data/derive/publish.py DOSSIER.csv

The dossier has a row for each published figure with its source; it is not part of the project. What is taken over is facts: the number, the
processor, the conditions, and where a stranger finds them. A figure is taken when its confidence is high or medium, when the kit models its
processor, and when it is in core cycles or has a clock by which it can be turned into them; all others stand in excluded.csv with the reason.

The split, chosen before anything was fitted to these files:

 1. What manuals and other documents state is an input ("fit"): nothing else tells it.
 2. Of the measurements of a way into the kernel, one for each (processor, way) is an input: that of the call with the smallest body, getpid,
    getppid. Only a sum can be known of the instructions that enter and leave, and it has to come from somewhere. All other calls check.
 3. Loops without a call, and the vDSO, check.
 4. Of the measurements of single instructions, a third checks: those whose identifier has an SHA-256 with a first byte divisible by three.
"""

import csv
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "published"

# The dossier's name of a core: the kit's model, and the family that results are summed up by.
CORES = {
    "80386": ("Intel386", "Intel before P6"), "80486": ("Intel486", "Intel before P6"), "P5": ("Pentium", "Intel before P6"),
    "P6": ("PentiumIII", "Intel P6"), "P6 (Coppermine/Tualatin-M)": ("PentiumIII", "Intel P6"),
    "NetBurst (Willamette/Northwood)": ("Pentium4Northwood", "Intel NetBurst"),
    "NetBurst Prescott": ("Pentium4Prescott", "Intel NetBurst"), "NetBurst Prescott-2M": ("Pentium4Prescott", "Intel NetBurst"),
    "Penryn": ("Core2", "Intel Core 2"), "Core (Penryn-3M)": ("Core2", "Intel Core 2"), "Core (Wolfdale/Penryn)": ("Core2", "Intel Core 2"),
    "Nehalem": ("Westmere", "Intel Core i"), "Westmere": ("Westmere", "Intel Core i"),
    "Sandy Bridge": ("SandyBridge", "Intel Core i"), "Sandy Bridge-EP": ("SandyBridge", "Intel Core i"),
    "Haswell": ("Haswell", "Intel Core i"), "Haswell (Devil's Canyon)": ("Haswell", "Intel Core i"),
    "Haswell-EP": ("Haswell", "Intel Core i"), "Haswell-ULT": ("Haswell", "Intel Core i"),
    "Skylake": ("Skylake", "Intel Core i"), "Skylake-H": ("Skylake", "Intel Core i"), "Skylake-U": ("Skylake", "Intel Core i"),
    "Skylake-X": ("CascadeLake", "Intel Core i"), "Skylake-SP": ("CascadeLake", "Intel Core i"), "Skylake-SP/X": ("CascadeLake", "Intel Core i"),
    "Cascade Lake": ("CascadeLake", "Intel Core i"), "Cascade Lake-SP": ("CascadeLake", "Intel Core i"),
    "Sunny Cove": ("IceLake", "Intel Core i"), "Golden Cove": ("SapphireRapids", "Intel Core i"),
    "K7": ("K7", "AMD K7 to K10"), "K7 (Palomino/Thoroughbred)": ("K7", "AMD K7 to K10"), "K8": ("K8", "AMD K7 to K10"),
    "K10": ("K10", "AMD K7 to K10"), "K10 (Deneb/Callisto)": ("K10", "AMD K7 to K10"),
    "Bulldozer": ("Bulldozer", "AMD Bulldozer"), "Steamroller": ("Steamroller", "AMD Bulldozer"), "Steamroller (Kaveri)": ("Steamroller", "AMD Bulldozer"),
    "Zen": ("Zen", "AMD Zen"), "Zen 2": ("Zen2", "AMD Zen"), "Zen 3": ("Zen3", "AMD Zen"), "Zen 4": ("Zen4", "AMD Zen"),
}

# Clocks that are intervals: the log has the base clock, and the part may have been anywhere up to its turbo.
TURBO = {"ARK-WESTMERE": ("3.07", "3.47"), "ARK-STEAMROLLER": ("3.7", "4.0"), "SKLH": ("2.6", "3.5")}

NETBURST = {"Pentium 4 Northwood": "NetBurst (Willamette/Northwood)", "Pentium 4 Prescott": "NetBurst Prescott"}

# What a row measures: the kernel's generation here, its command line, the way, the call.
PATHS = {
    "P4-SYSENTER-GETPPID": ("Linux_2_6_39_i386", "", "Sysenter", "getppid"),
    "P4-INT80-GETPPID": ("Linux_2_6_39_i386", "", "Int80", "getppid"),
    "K7-SYSENTER": ("Linux_2_6_39_i386", "", "Sysenter", "getppid"),
    "P3-INT80": ("Linux_2_6_39_i386", "", "Int80", "getppid"),
    "SKLH-GETPID": ("Linux_5_13", "", "Syscall", "getpid"),
    "SKLH-GETUID": ("Linux_5_13", "", "Syscall", "getuid"),
    "SKLH-CGT": ("Linux_5_13", "", "Vdso", "clock_gettime"),
    "SKLH-NOTHING": None,
}
ARKANIS = {
    "NULLCALL": ("Linux_4_4", "", "None", "empty"), "GETPID": ("Linux_4_4", "", "Syscall", "getpid"),
    "READ4": ("Linux_4_4", "", "Syscall", "read"), "WRITE4": ("Linux_4_4", "", "Syscall", "write"),
}

# An operation of a document or of a table of measurements, as instructions that run here. Anything else is left out, and says so.
CODE = {
    "CLD": "cld", "RDTSC": "rdtsc", "RDTSCP": "rdtscp", "LFENCE": "lfence", "MFENCE": "mfence", "PAUSE": "pause", "XGETBV": "xgetbv", "RDPMC": "rdpmc",
    "PUSHFQ + POPFQ": "pushfq; popfq", "PUSHFD + POPFD": "pushfd; popfd", "PUSHF(D/Q)": "pushfq", "POPF(D/Q)": "popfq", "CLD STD": "cld",
    "CPUID (EAX = 0)": "cpuid eax=0", "CPUID (EAX = 1)": "cpuid eax=1", "CPUID": "cpuid eax=0",
    "SYSCALL (VectorPath) static latency": "syscall", "SYSRET (VectorPath) static latency": "sysretq", "VERR/VERW r16 (VectorPath) static latency": "verw",
    "SGDT/SIDT (VectorPath) static latency": "sgdt", "ARPL reg / mem (VectorPath) static latency": "arpl",
    "INT imm8, protected mode, to more privilege": "int", "IRETD, protected mode, to lesser privilege": "iretd",
    "INT to more privilege (protected mode)": "int", "IRET to lesser privilege (protected mode)": "iretd",
    "CLI": "cli", "STI": "sti", "PUSHFD": "pushfd", "POPFD": "popfd", "MOV Sreg, r16 / m16 (protected mode)": "mov s,r",
    "MOV CR3, r32 (order CR0/CR2/CR3 = 10/4/5)": "mov cr3,r", "MOV r32, CR0/CR2/CR3": "mov r,cr3", "LTR r16 / m16": "ltr", "LGDT / LIDT": "lgdt",
    "VERW r16 / m16": "verw", "CLI (Athlon), statement; IRET may pay a matching STI": "cli",
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        dossier = list(csv.DictReader(file))
    paths, instructions, excluded = [], [], []
    for row in dossier:
        taken, reason = (instruction(row) if row["category"] == "instruction" else path(row)) if row["confidence"] in ("high", "medium") else (None, f"confidence {row['confidence']}")
        if taken is None:
            excluded.append({"id": row["id"], "category": row["category"], "operation": row["operation"], "part": row["cpu"], "reason": reason})
        else:
            (instructions if row["category"] == "instruction" else paths).append(taken)
    split(paths, instructions)
    write("paths.csv", paths)
    write("instructions.csv", instructions)
    write("excluded.csv", excluded)
    for name, rows in (("paths", paths), ("instructions", instructions)):
        print(f"{name}: {sum(row['use'] == 'fit' for row in rows)} to fit with, {sum(row['use'] == 'check' for row in rows)} to check with")
    print(f"excluded: {len(excluded)}")


def core(row):
    name = NETBURST.get(row["cpu"], row["uarch"]) if row["uarch"] == "NetBurst" else row["uarch"]
    if row["cpu"] == "Pentium Pro" or (name == "P6" and row["category"] == "instruction" and not row["cpu"].startswith("Pentium III")):
        return None
    return CORES.get(name)


def path(row):
    found = core(row)
    if found is None:
        return None, "the processor is not stated, or is none that the kit models"
    name = row["id"]
    for prefix in ("ARK-PRESCOTT-CELD", "ARK-PRESCOTT-660", "ARK-PENRYN-E8400", "ARK-PENRYN-T6600", "ARK-K10", "ARK-WESTMERE", "ARK-BULLDOZER", "ARK-STEAMROLLER", "ARK-HASWELL-4790K"):
        if name.startswith(prefix + "-"):
            what = ARKANIS.get(name[len(prefix) + 1:])
            if what is None:
                return None, "a process number that the C library remembered: neither the library nor the program is given"
            break
    else:
        what = PATHS.get(name)
    if row["unit"] in ("ns", "loops/s", "us") and not row["clock_ghz"]:
        return None, "the clock is not known, so that it is evidence in neither direction"
    if what is None:
        return None, "what was measured is not given so that it could be made again"
    kernel, command_line, way, call = what
    low, high = next((clock for prefix, clock in TURBO.items() if name.startswith(prefix)), (row["clock_ghz"], row["clock_ghz"]))
    ticks = row["unit"].startswith("cycles (TSC")
    return common(row, found) | {
        "kernel": row["kernel"], "generation": kernel, "command_line": command_line, "way": way, "call": call,
        "value": number(float(row["value"]) - (29 if ticks else 0)), "unit": "ticks" if ticks else row["unit"],
        "clock_low": low, "clock_high": high, "tick_ghz": row["clock_ghz"] if ticks else "",
    }, None


def instruction(row):
    found = core(row)
    if row["uarch"].startswith("80386/80486"):
        return None, "an emulator's table of real mode, which the manuals contradict in places"
    if found is None:
        return None, "the processor is not stated, or is none that the kit models"
    operation = re.sub(r" \(uops fused.*| reciprocal throughput$", "", row["operation"])
    code = CODE.get(operation)
    if code is None:
        return None, "no instruction of the measured paths, or a form with another privilege than theirs"
    if row["unit"] not in ("cycles", "clocks", "cycles (reciprocal throughput)", "cycles (latency)", "cycles (approx)"):
        return None, "not in cycles"
    values = [float(value) for value in re.findall(r"\d+(?:\.\d+)?", row["value"])]
    if not values:
        return None, "no value"
    if row["value"].startswith(("71 (+4", "42 (+6")):
        low = high = values[0] + values[1]
    elif "-" in row["value"]:
        low, high = values[0], values[1]
    else:
        low = high = values[0]
    if "CPUID" in operation and high > 1000:
        return None, "a CPUID that a hypervisor answered"
    return common(row, found) | {"code": code, "low": number(low), "high": number(high)}, None


def common(row, found):
    cpu, family = found
    url = re.sub(r" ?\((?:stored copy|quoted in|repository MIT)[^)]*\)", "", row["source_url"]).strip()
    return {
        "id": row["id"], "category": row["category"], "family": family, "cpu": cpu, "part": row["cpu"], "use": "",
        "confidence": row["confidence"], "source": row["source_title"], "year": row["source_year"], "url": url,
    }


def split(paths, instructions):
    seen = set()
    for row in paths:
        first = row["category"] == "path" and row["call"] in ("getpid", "getppid") and (row["cpu"], row["way"]) not in seen
        seen.add((row["cpu"], row["way"]) if first else None)
        row["use"] = "fit" if first else "check"
    for row in instructions:
        measured = row["source"].startswith(("InstLatx64", "Agner Fog"))
        row["use"] = "check" if measured and hashlib.sha256(row["id"].encode()).digest()[0] % 3 == 0 else "fit"


def number(value):
    return f"{value:.6g}"


def write(name, rows):
    with open(OUT / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
