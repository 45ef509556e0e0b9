using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// Random code in every mode never ends in an exception of the host or a hang, and how the run is cut into pieces never shows: one
/// instruction at a time gives the same registers, clock and memory as one run.
/// </summary>
public class FuzzTests
{
    private const int Budget = 200;
    private const int CodeLength = 96;

    private static readonly byte[][] SystemOpcodes =
    [
        [0x0F, 0x00], [0x0F, 0x01], [0x0F, 0x02], [0x0F, 0x03], [0x0F, 0x05], [0x0F, 0x06], [0x48, 0x0F, 0x07], [0x0F, 0x07], [0x0F, 0x20], [0x0F, 0x21],
        [0x0F, 0x22], [0x0F, 0x23], [0x0F, 0x30], [0x0F, 0x31], [0x0F, 0x32], [0x0F, 0x34], [0x0F, 0x35], [0x48, 0x0F, 0x35], [0x0F, 0xA1], [0x0F, 0xA9],
        [0x0F, 0xA2], [0x0F, 0xB2], [0x0F, 0xB4], [0x66, 0x0F, 0x38, 0x82], [0x0F, 0x01, 0xF8], [0x0F, 0x01, 0xCA], [0x0F, 0x01, 0xCB], [0x0F, 0x01, 0xC1],
        [0x8E], [0x8C], [0x9C], [0x9D], [0xCF], [0x48, 0xCF], [0x66, 0xCF], [0xCB], [0x48, 0xCB], [0xCA], [0xCD], [0xCC], [0xF1], [0xFA], [0xFB], [0xF4],
        [0x48, 0xFF], [0xFF], [0x1F], [0x07], [0x17], [0x9A], [0xEA], [0xE4], [0xEC], [0xE6], [0xEE], [0x0F, 0xAE], [0xF3, 0x0F, 0xAE], [0xF3, 0x0F, 0xC7],
        [0xF3, 0xA4], [0xF3, 0xAB], [0x0F, 0xC7], [0xC8], [0xC9], [0x60], [0x61], [0x62], [0xD4], [0xC4],
        [0x27], [0x2F], [0x37], [0x3F], [0xD5], [0xD6], [0x63], [0xF3, 0x6C], [0xF3, 0x6F], [0x6E], [0xC5], [0x0F, 0xB5], [0x0F, 0x33], [0x0F, 0xC7, 0xF0], [0x8E, 0xD0],
        [0x8E, 0x16], [0x0F, 0x01, 0xC8], [0x0F, 0x01, 0xC9], [0x0F, 0x01, 0xFC], [0x0F, 0x01, 0xFD], [0xF0, 0x0F, 0x20], [0xF3, 0x41, 0x90], [0x67, 0xF3, 0xA4],
    ];

    private static readonly ulong[] Places =
    [
        BenchLayout.UserData, BenchLayout.UserData + 0xFFC, BenchLayout.UserCode, BenchLayout.UserStackTop - 64, BenchLayout.KernelData, BenchLayout.KernelCode,
        BenchLayout.Gdt, BenchLayout.Idt, BenchLayout.Tss, BenchLayout.PageTables, BenchLayout.DirectMap + BenchLayout.UserCode, BenchLayout.LargePages, 0,
        0x7FFF_FFFF_FFFC, 1ul << 47, ulong.MaxValue, 0xFFFF_8000_0000_0000, uint.MaxValue, (ulong)BenchLayout.RamSize, BenchLayout.DirectMap + (ulong)BenchLayout.RamSize - 4,
        Msr.Efer, Msr.Star, Msr.Lstar, Msr.FsBase, Msr.SpecCtrl, BenchSelectors.UserCode64, BenchSelectors.UserData, BenchSelectors.KernelCode64, BenchSelectors.Tss,
    ];

    public static TheoryData<BenchMode, string> Cases
    {
        get
        {
            var cases = new TheoryData<BenchMode, string>();
            foreach (BenchMode mode in Enum.GetValues<BenchMode>())
            {
                foreach (CpuModel model in Cpus.All)
                    cases.Add(mode, model.Name);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Random_code_ends_in_an_architectural_way_and_does_not_show_where_the_run_was_cut(BenchMode mode, string model)
    {
        const int runs = 150;
        var bench = new MachineBench(Cpus.Find(model), new Swallow());
        bench.Cpu.Registers.WriteMsr(Msr.Star, (ulong)BenchSelectors.UserCode32 << 48 | (ulong)BenchSelectors.KernelCode64 << 32);
        bench.Cpu.Registers.WriteMsr(Msr.Lstar, BenchLayout.KernelCode);
        bench.Cpu.Registers.WriteMsr(Msr.SysenterCs, BenchSelectors.KernelCode64);
        bench.Cpu.Registers.WriteMsr(Msr.SysenterEip, BenchLayout.KernelCode);
        for (int vector = 0; vector < 255; vector++)
        {
            bench.SetGate((byte)vector, vector % 16 == 7 ? BenchLayout.KernelCode : null, ist: vector & 1, dpl: vector >> 1 & 3, trap: (vector & 8) != 0);
            bench.WriteBytes(BenchLayout.Handlers + (ulong)vector * 16, SkippingHandler((Vector)vector));
        }

        int finished = 0;
        for (int run = 0; run < runs; run++)
        {
            int seed = HashOf(mode, model, run);
            Scatter(bench, mode, new Random(seed));
            Processor whole = Fork(bench.Cpu);
            Processor cut = Fork(bench.Cpu);
            RunResult result = whole.Run(RunLimits.Instructions(Budget));
            finished += result.Reason == StopReason.InstructionBudget ? 1 : 0;
            RunResult step = result;
            for (long done = 0; done < result.Instructions; done += step.Instructions)
            {
                step = cut.Run(RunLimits.Instructions(1));
                if (step.Instructions == 0)
                    break;
            }

            // What follows the last instruction without being one: an interrupt's delivery, the wait of a halted processor.
            cut.Run(RunLimits.Instructions(Budget - (cut.InstructionCount - bench.Cpu.InstructionCount)));
            string expected = ObservableState.Of(whole, bench.Ram);
            string actual = ObservableState.Of(cut, bench.Ram);
            Assert.True(expected == actual, $"Seed {seed}: {result.Message}\n{expected}\n--\n{actual}");
        }

        // Most runs must get somewhere, or there would be little to compare.
        Assert.True(finished > runs / 4, $"Only {finished} of {runs} runs used up their budget.");
    }

    [Fact]
    public void Random_registers_and_tables_end_in_an_architectural_way()
    {
        for (int seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var bench = new MachineBench(Cpus.All[seed % 3]);
            var mode = (BenchMode)(seed % 5);
            Scatter(bench, mode, random);
            foreach (ulong table in (ulong[])[BenchLayout.PageTables, BenchLayout.Gdt, BenchLayout.Idt, BenchLayout.Tss])
            {
                if (random.Next(3) != 0)
                    continue;
                byte[] garbage = new byte[random.Next(0x1000)];
                random.NextBytes(garbage);
                bench.WriteBytes(table + (ulong)random.Next(0x1000), garbage);
            }

            ProcessorRegisters registers = bench.Cpu.Registers;
            registers.ControlRegister4 ^= (Cr4.SMAP | Cr4.SMEP | Cr4.PGE | Cr4.PCIDE | Cr4.FSGSBASE) & (ulong)random.NextInt64();
            registers.ControlRegister0 ^= (Cr0.WP | Cr0.AM | Cr0.TS) & (ulong)random.NextInt64();
            if (random.Next(4) == 0)
                registers.Gdtr = new TableRegister((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ushort)random.Next());
            if (random.Next(4) == 0)
                registers.Idtr = new TableRegister((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ushort)random.Next());
            if (random.Next(4) == 0)
                registers.TaskRegister = new Segment(0x40, (ulong)random.NextInt64(long.MinValue, long.MaxValue), (uint)random.Next(), 0x8B);
            foreach (SegmentName name in Enum.GetValues<SegmentName>())
            {
                if (random.Next(6) == 0)
                    registers[name] = new Segment((ushort)random.Next(), (uint)random.Next(), (uint)random.Next(), (ushort)(random.Next() & 0xF0FF));
            }

            bench.Cpu.Run(RunLimits.Instructions(Budget));
        }
    }

    [Fact]
    public void A_processor_that_nobody_set_up_ends_in_an_architectural_way()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var cpu = new Processor(Cpus.All[seed % 3], new Bus(new PhysicalMemory(2 << 20)));
            byte[] code = new byte[4096];
            random.NextBytes(code);
            cpu.Bus.Ram.Write(0, code);
            cpu.Registers.ControlRegister0 |= Cr0.PE;
            cpu.Registers[SegmentName.CS] = new Segment(8, 0, uint.MaxValue, (ushort)(seed % 2 == 0 ? 0xC09B : 0x809B));
            foreach (Gpr register in Enum.GetValues<Gpr>())
                cpu.Registers[register] = (ulong)random.NextInt64();
            cpu.Run(RunLimits.Instructions(Budget));
        }
    }

    private static void Scatter(MachineBench bench, BenchMode mode, Random random)
    {
        byte[] code = new byte[CodeLength];
        random.NextBytes(code);
        for (int position = 0; position < CodeLength - 8; position += 1 + random.Next(10))
        {
            if (random.Next(3) != 0)
                SystemOpcodes[random.Next(SystemOpcodes.Length)].CopyTo(code, position);
        }

        // Back to the start at the end, so that what is left of a run goes on.
        code[^2] = 0xEB;
        code[^1] = unchecked((byte)-CodeLength);
        bench.Place(mode, code);
        foreach (Gpr register in Enum.GetValues<Gpr>())
        {
            if (register != Gpr.Rsp || random.Next(4) == 0)
                bench[register] = random.Next(3) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : Places[random.Next(Places.Length)];
        }

        bench.Flags = random.Next(3) == 0 ? (ulong)random.NextInt64() & ~Rflags.VM : Rflags.IF;
        bench.Cpu.Registers.ControlRegister4 = Cr4.PAE | (random.Next(2) == 0 ? Cr4.DE : 0);
        for (int i = 0; i < 4; i++)
            bench.Cpu.Registers.SetDebug(i, random.Next(2) == 0 ? MachineBench.CodeAddress(mode) + (ulong)random.Next(CodeLength) : Places[random.Next(Places.Length)]);
        bench.Cpu.Registers.SetDebug(7, random.Next(3) == 0 ? (ulong)random.NextInt64() : 0);
        bench.Cpu.Registers.WriteMsr(Msr.DebugCtl, random.Next(8) == 0 ? 2u : 0);
        byte[] stack = new byte[64];
        random.NextBytes(stack);
        for (int i = 0; i < stack.Length; i += 8)
        {
            if (random.Next(2) == 0)
                BitConverter.GetBytes(Places[random.Next(Places.Length)]).CopyTo(stack, i);
        }

        ulong top = mode == BenchMode.Kernel16 ? BenchLayout.Stack16Base + 0x8000 : MachineBench.StackTop(mode);
        bench.WriteBytes(top, stack);
        for (int i = 0; i < 3; i++)
            bench.Cpu.Interrupts.Schedule((byte)random.Next(32, 256), bench.Cpu.Clock + random.Next(1 << 16));
        RandomApic.Reset(bench.Cpu);
        if (random.Next(4) == 0)
            RandomApic.Program(random, bench.Cpu);
    }

    /// <summary>A handler that goes on behind the first byte of what faulted, or right where an interrupt came.</summary>
    private static byte[] SkippingHandler(Vector vector) => vector switch
    {
        Vector.DoubleFault => [0xF4],
        Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault or Vector.GeneralProtection or Vector.PageFault or Vector.AlignmentCheck =>
            [0x48, 0x83, 0xC4, 0x08, 0x48, 0xFF, 0x04, 0x24, 0x48, 0xCF],
        < (Vector)32 => [0x48, 0xFF, 0x04, 0x24, 0x48, 0xCF],
        _ => [0x48, 0xCF],
    };

    private static Processor Fork(Processor cpu)
    {
        var fork = new Processor(cpu.Model, new Bus(cpu.Bus.Ram.Fork(), new Swallow())) { Hypercalls = new Nobody() };
        fork.Restore(cpu.Capture());
        return fork;
    }

    private static int HashOf(BenchMode mode, string model, int run) => ((int)mode * 31 + model.Length) * 100_003 + run;

    private sealed class Swallow : IMemoryDevice
    {
        public ulong Address => (ulong)BenchLayout.RamSize;

        public ulong Length => 0x1000;

        public ulong Read(ulong offset, int size) => size is 1 or 2 or 4 or 8 ? offset * 0x0101_0101 : throw new InvalidOperationException($"A device was asked for {size} bytes.");

        public void Write(ulong offset, int size, ulong value)
        {
            if (size is not (1 or 2 or 4 or 8))
                throw new InvalidOperationException($"A device was given {size} bytes.");
        }

        public object Capture() => 0;

        public void Restore(object state)
        {
        }
    }

    private sealed class Nobody : IHypercallHandler
    {
        public HypercallResult Invoke(Processor processor, int number, out long cycles)
        {
            cycles = 0;
            return HypercallResult.Unknown;
        }
    }
}
