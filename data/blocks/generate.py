#!/usr/bin/env python3
"""Writes blocks.csv: basic blocks by which the Pipeline depth is compared with another model of the same cores.

    python3 data/blocks/generate.py            rewrites blocks.csv
    python3 data/blocks/generate.py --check    fails when that would change it

Every block runs natively with valid pointers in RDI, RSI and RSP: it addresses [rdi|rsi|rsp + less than 4096], never writes these registers but by
PUSH and POP in balance, and neither branches, divides nor faults. The generator has a fixed seed.
"""

import csv
import io
import pathlib
import random
import sys

FILE = pathlib.Path(__file__).parent / "blocks.csv"
SEED = 20240519
BLOCKS_OF_A_KIND = 20
WORK = "rax rcx rdx rbx rbp r8 r9 r10 r11 r12 r13 r14 r15".split()
LOW = {"rax": "al", "rcx": "cl", "rdx": "dl", "rbx": "bl", "rbp": "bpl"} | {f"r{n}": f"r{n}b" for n in range(8, 16)}
HALF = {"rax": "eax", "rcx": "ecx", "rdx": "edx", "rbx": "ebx", "rbp": "ebp"} | {f"r{n}": f"r{n}d" for n in range(8, 16)}
ALU = "add sub and or xor".split()
VECTOR = "paddb paddd paddq psubd pand por pxor pcmpeqb pminub punpckldq pcmpeqd".split()


class Maker:
    def __init__(self, random):
        self.random = random

    def pick(self, *choices):
        return self.random.choice(choices)

    def register(self, *but):
        return self.random.choice([register for register in WORK if register not in but])

    def number(self):
        return self.random.randint(1, 120)

    def memory(self, width=8):
        return f"[{self.pick('rdi', 'rsi')}+{self.random.randrange(0, 4096 - 64, 64) + self.random.randrange(0, 64, width)}]"

    def length(self, low=3, high=25):
        return self.random.randint(low, high)

    def arithmetic(self, target, *but):
        source = self.register(target, *but)
        return self.random.choice([
            f"{self.pick(*ALU)} {target}, {source}", f"{self.pick(*ALU)} {target}, {self.number()}", f"{self.pick('inc', 'dec', 'neg', 'not')} {target}",
            f"mov {target}, {source}", f"movzx {HALF[target]}, {LOW[source]}", f"movsxd {target}, {HALF[source]}",
        ])

    # One method for each kind of block, which gives its instructions.

    def chain(self):
        """Each instruction needs the one before."""
        target, other = self.register("rcx"), self.register("rcx")
        while other == target:
            other = self.register("rcx")
        return [self.pick(
            f"add {target}, {other}", f"sub {target}, {self.number()}", f"xor {target}, {other}", f"imul {target}, {other}", f"lea {target}, [{target}+{other}]",
            f"shl {target}, {self.pick(1, 3, 7)}", f"ror {target}, {self.pick(5, 9)}", f"bswap {target}", f"adc {target}, {other}") for _ in range(self.length(3, 14))]

    def independent(self):
        """Arithmetic on many registers."""
        return [self.arithmetic(self.register()) for _ in range(self.length(4, 25))]

    def loads(self):
        """Loads, and arithmetic with an operand in memory."""
        return [self.pick(
            f"mov {self.register()}, {self.memory()}", f"mov {self.register()}, {self.memory()}", f"{self.pick(*ALU)} {self.register()}, {self.memory()}",
            f"movzx {HALF[self.register()]}, byte ptr {self.memory(1)}", f"cmp {self.register()}, {self.memory()}", f"movsxd {self.register()}, dword ptr {self.memory(4)}",
            self.arithmetic(self.register())) for _ in range(self.length(3, 20))]

    def stores(self):
        """Stores among arithmetic."""
        return [self.pick(
            f"mov {self.memory()}, {self.register()}", f"mov dword ptr {self.memory(4)}, {HALF[self.register()]}", f"mov qword ptr {self.memory()}, {self.number()}",
            self.arithmetic(self.register()), self.arithmetic(self.register())) for _ in range(self.length(3, 18))]

    def forwarding(self):
        """A load of what was stored shortly before."""
        block = []
        for _ in range(self.length(1, 4)):
            place, stored, loaded = self.memory(), self.register(), self.register()
            block += [f"mov {place}, {stored}", *(self.arithmetic(self.register()) for _ in range(self.length(0, 3))), f"mov {loaded}, {place}", f"add {loaded}, {self.number()}"]
        return block

    def update(self):
        """Read, modify, write."""
        return [self.pick(
            f"{self.pick(*ALU)} {self.memory()}, {self.register()}", f"{self.pick(*ALU)} qword ptr {self.memory()}, {self.number()}",
            f"{self.pick('inc', 'dec', 'neg', 'not')} qword ptr {self.memory()}", self.arithmetic(self.register()), self.arithmetic(self.register()))
            for _ in range(self.length(3, 12))]

    def shifts(self):
        """Shifts, rotations, multiplications, address arithmetic, bit operations."""
        def one():
            a, b = self.register("rcx"), self.register("rcx")
            return self.pick(
                f"{self.pick('shl', 'shr', 'sar')} {a}, {self.number() % 31 + 1}", f"{self.pick('rol', 'ror')} {a}, {self.number() % 31 + 1}", f"imul {a}, {b}",
                f"imul {a}, {b}, {self.number()}", f"lea {a}, [{b}+{self.number()}]", f"lea {a}, [{b}+{self.register('rcx')}]", f"bt {a}, {self.number() % 63}",
                f"bswap {a}", f"shld {a}, {b}, {self.number() % 31 + 1}", f"popcnt {a}, {b}")
        return [one() for _ in range(self.length(3, 16))]

    def conditions(self):
        """Comparisons with SETcc, CMOVcc, ADC, SBB."""
        block = []
        for _ in range(self.length(1, 6)):
            a, b = self.register(), self.register()
            condition = self.pick("e", "ne", "l", "ge", "s", "b")
            block += [
                self.pick(f"cmp {a}, {b}", f"cmp {a}, {self.number()}", f"test {a}, {a}", f"test {a}, {b}", f"cmp {a}, {self.memory()}"),
                self.pick(f"set{condition} {LOW[b]}", f"cmov{condition} {a}, {b}", f"cmov{condition} {self.register()}, {self.memory()}", f"sbb {a}, {a}", f"adc {b}, 0"),
                *(self.arithmetic(self.register()) for _ in range(self.length(0, 2)))]
        return block if len(block) > 2 else block + [self.arithmetic(self.register())]

    def stack(self):
        """What the beginning and the end of a function do."""
        saved = self.random.sample(["rbx", "rbp", "r12", "r13", "r14", "r15"], self.length(1, 6))
        body = [self.pick(f"mov {self.register()}, [rsp+{self.random.randrange(0, 512, 8)}]", f"mov [rsp+{self.random.randrange(0, 512, 8)}], {self.register()}",
                          self.arithmetic(self.register())) for _ in range(self.length(1, 10))]
        return [f"push {register}" for register in saved] + body + [f"pop {register}" for register in reversed(saved)]

    def integers(self):
        """Integers in XMM registers."""
        def one():
            a, b = self.random.randrange(16), self.random.randrange(16)
            return self.pick(
                f"{self.pick(*VECTOR)} xmm{a}, xmm{b}", f"{self.pick(*VECTOR)} xmm{a}, xmm{b}", f"movdqa xmm{a}, xmm{b}", f"movdqu xmm{a}, {self.memory(16)}",
                f"pshufd xmm{a}, xmm{b}, {self.number()}", f"psrlq xmm{a}, {self.number() % 60}", f"pmovmskb {HALF[self.register()]}, xmm{b}",
                f"movdqu {self.memory(16)}, xmm{b}", f"palignr xmm{a}, xmm{b}, {self.number() % 15 + 1}")
        return [one() for _ in range(self.length(3, 20))]

    def wide(self):
        """Integers in YMM registers (AVX2)."""
        def one():
            a, b, c = (self.random.randrange(16) for _ in range(3))
            return self.pick(
                f"v{self.pick(*VECTOR)} ymm{a}, ymm{b}, ymm{c}", f"v{self.pick(*VECTOR)} ymm{a}, ymm{b}, ymm{c}", f"vmovdqu ymm{a}, {self.memory(32)}",
                f"vmovdqu {self.memory(32)}, ymm{b}", f"vpmovmskb {HALF[self.register()]}, ymm{b}", f"v{self.pick(*VECTOR)} ymm{a}, ymm{b}, {self.memory(32)}")
        return [one() for _ in range(self.length(3, 18))]

    def floating(self):
        """Scalar floating point."""
        def one():
            a, b = self.random.randrange(16), self.random.randrange(16)
            return self.pick(
                f"{self.pick('addsd', 'subsd', 'mulsd')} xmm{a}, xmm{b}", f"{self.pick('addsd', 'mulsd')} xmm{a}, qword ptr {self.memory()}",
                f"movsd xmm{a}, qword ptr {self.memory()}", f"movaps xmm{a}, xmm{b}", f"movsd qword ptr {self.memory()}, xmm{b}", f"ucomisd xmm{a}, xmm{b}",
                f"{self.pick('addss', 'mulss')} xmm{a}, xmm{b}")
        return [one() for _ in range(self.length(3, 16))]

    def mixed(self):
        """A bit of everything, as compiled code has it."""
        parts = [self.independent, self.loads, self.stores, self.conditions, self.update, self.shifts]
        block = []
        for part in self.random.sample(parts, 3):
            some = part()
            block += some[:max(2, min(len(some), 6))]
        return block


KINDS = [
    Maker.chain, Maker.independent, Maker.loads, Maker.stores, Maker.forwarding, Maker.update, Maker.shifts, Maker.conditions, Maker.stack, Maker.integers, Maker.wide,
    Maker.floating, Maker.mixed]


def main():
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "kind", "assembly"])
    maker = Maker(random.Random(SEED))
    for kind in KINDS:
        written = set()
        while len(written) < BLOCKS_OF_A_KIND:
            block = kind(maker)
            assembly = "; ".join(block)
            if 3 <= len(block) <= 25 and assembly not in written:
                written.add(assembly)
                writer.writerow([f"{kind.__name__}-{len(written):02}", kind.__name__, assembly])
    if "--check" in sys.argv[1:]:
        if FILE.read_text(encoding="utf-8") != text.getvalue():
            sys.exit("blocks.csv is out of date. Run python3 data/blocks/generate.py.")
    else:
        FILE.write_text(text.getvalue(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
