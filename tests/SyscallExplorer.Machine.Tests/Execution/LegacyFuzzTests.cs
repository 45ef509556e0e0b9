using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Random code of legacy mode, with tasks, gates and tables that it may reach: how a run is cut into pieces never shows.</summary>
public class LegacyFuzzTests
{
    private const int Budget = 200;
    private const int CodeLength = 96;

    private static readonly byte[][] s_opcodes =
    [
        [0x0F, 0x00], [0x0F, 0x01], [0x0F, 0x02], [0x0F, 0x03], [0x0F, 0x05], [0x0F, 0x07], [0x0F, 0x20], [0x0F, 0x22], [0x0F, 0x23], [0x0F, 0x30], [0x0F, 0x32],
        [0x0F, 0x34], [0x0F, 0x35], [0x8E], [0x8C], [0x9C], [0x9D], [0xCF], [0x66, 0xCF], [0xCB], [0xCA], [0xCD, 0x80], [0xCD, 0x81], [0xCD], [0xCC], [0xCE], [0xF1],
        [0x9A, 0, 0, 0, 0], [0xEA], [0xFF], [0x1F], [0x07], [0x17], [0x60], [0x61], [0xC8], [0xF3, 0xA4], [0xA5], [0xC4], [0xC5], [0xFA], [0xFB],
    ];

    private static readonly uint[] s_values =
    [
        LegacyLayout.UserData, LegacyLayout.UserData + 0xFFE, LegacyLayout.KernelData, LegacyLayout.Gdt, LegacyLayout.Tss, LegacyLayout.OtherTss, LegacyLayout.PageTables,
        LegacyLayout.KernelCode, LegacyLayout.UserCode, LegacySelectors.KernelCode, LegacySelectors.UserCode, LegacySelectors.UserData, LegacySelectors.OtherTss,
        LegacySelectors.Free, LegacySelectors.Ldt, (uint)Rflags.NT, (uint)(Rflags.VM | Rflags.NT), Msr.Efer, Msr.SysenterCs, 0, uint.MaxValue, 0xC000_0000,
        (uint)(Cr0.PE | Cr0.ET | Cr0.PG | Cr0.WP), (uint)(Cr0.PE | Cr0.ET), (uint)Cr4.PAE, (uint)Cr4.PSE,
    ];

    public static TheoryData<LegacyPaging, bool> Cases
    {
        get
        {
            var cases = new TheoryData<LegacyPaging, bool>();
            foreach (LegacyPaging paging in Enum.GetValues<LegacyPaging>())
            {
                cases.Add(paging, false);
                cases.Add(paging, true);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Random_code_ends_in_an_architectural_way_and_does_not_show_where_the_run_was_cut(LegacyPaging paging, bool user)
    {
        const int runs = 120;
        int finished = 0;
        int switched = 0;
        for (int run = 0; run < runs; run++)
        {
            int seed = (run * 3 + (int)paging) * 2 + (user ? 1 : 0);
            var random = new Random(seed);
            LegacyBench bench = Build(paging, Cpus.All[run % Cpus.All.Count], user, random);
            Processor whole = Fork(bench.Cpu);
            Processor cut = Fork(bench.Cpu);
            RunResult result = whole.Run(RunLimits.Instructions(Budget));
            finished += result.Reason == StopReason.InstructionBudget ? 1 : 0;
            switched += whole.Registers.TaskRegister.Selector == LegacySelectors.OtherTss ? 1 : 0;
            for (long done = 0; done < result.Instructions; done++)
                cut.Run(RunLimits.Instructions(1));
            RunResult end = cut.Run(RunLimits.Instructions(Budget - (cut.InstructionCount - bench.Cpu.InstructionCount)));
            string expected = ObservableState.Of(whole, bench.Ram);
            string actual = ObservableState.Of(cut, bench.Ram);
            Assert.True(expected == actual, $"Seed {seed}: {result.Message}\n{expected}\n--\n{actual}");
            Assert.Equal(result.Message, end.Message);
        }

        // Enough runs must get somewhere, and some into another task, or there would be little to compare.
        Assert.True(finished > runs / 8, $"Only {finished} of {runs} runs used up their budget.");
        Assert.True(switched > 0, "No run switched tasks.");
    }

    private static LegacyBench Build(LegacyPaging paging, CpuModel model, bool user, Random random)
    {
        var bench = new LegacyBench(paging, model);
        for (int vector = 0; vector < 255; vector++)
        {
            bench.SetGate((byte)vector, dpl: vector & 3, type: (vector & 4) == 0 ? 14 : 15);
            bench.Ram.Write(LegacyLayout.Handlers + (uint)vector * 16, SkippingHandler((Vector)vector));
        }

        bench.SetGate((byte)Vector.DoubleFault, type: Descriptor.TaskGate, selector: LegacySelectors.DoubleFaultTss);
        bench.SetGate(0x80, type: Descriptor.TaskGate, dpl: 3, selector: LegacySelectors.OtherTss);
        bench.Write32(LegacyLayout.OtherTss + 32, user ? LegacyLayout.UserCode : LegacyLayout.KernelCode);
        bench.Write32(LegacyLayout.OtherTss + 100, (uint)random.Next(2));
        bench.Define(LegacySelectors.Free, LegacyBench.Gate(LegacyLayout.KernelCode, LegacySelectors.KernelCode, Descriptor.CallGate, dpl: 3, parameters: random.Next(4)));
        if (user)
            bench.Ram.Write(LegacyLayout.KernelCode, [0xCB]);

        byte[] code = new byte[CodeLength];
        random.NextBytes(code);
        for (int position = 0; position < CodeLength - 8; position += 1 + random.Next(8))
        {
            if (random.Next(3) != 0)
                s_opcodes[random.Next(s_opcodes.Length)].CopyTo(code, position);
        }

        code[^2] = 0xEB;
        code[^1] = unchecked((byte)-CodeLength);
        bench.Place(user, code);
        foreach (Gpr register in Enum.GetValues<Gpr>())
        {
            if (register < Gpr.R8 && (register != Gpr.Rsp || random.Next(6) == 0))
                bench[register] = random.Next(3) == 0 ? (uint)random.Next() : s_values[random.Next(s_values.Length)];
        }

        uint top = user ? LegacyLayout.UserStackTop : LegacyLayout.KernelStackTop;
        for (uint i = 0; i < 16; i++)
            bench.Write32(top + i * 4, s_values[random.Next(s_values.Length)]);
        bench.Flags = random.Next(3) == 0 ? (ulong)random.Next() & ~Rflags.VM : Rflags.IF;
        for (int i = 0; i < 3; i++)
            bench.Cpu.Interrupts.Schedule((byte)random.Next(32, 255), bench.Cpu.Clock + random.Next(1 << 16));
        return bench;
    }

    /// <summary>A handler that goes on behind the first byte of what faulted, or right where an interrupt came.</summary>
    private static byte[] SkippingHandler(Vector vector) => vector switch
    {
        Vector.DoubleFault => [0xF4],
        Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault or Vector.GeneralProtection or Vector.PageFault or Vector.AlignmentCheck =>
            [0x83, 0xC4, 0x04, 0xFF, 0x04, 0x24, 0xCF],
        < (Vector)32 => [0xFF, 0x04, 0x24, 0xCF],
        _ => [0xCF],
    };

    private static Processor Fork(Processor cpu)
    {
        var fork = new Processor(cpu.Model, new Bus(cpu.Bus.Ram.Fork()));
        fork.Restore(cpu.Capture());
        return fork;
    }
}
