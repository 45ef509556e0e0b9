using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A bench whose operating system has switched on x87, SSE, AVX and XSAVE, with values in the registers that tell where each byte came from.</summary>
internal static class StateBench
{
    public static MachineBench Create(CpuModel? model = null)
    {
        var bench = new MachineBench(model);
        bench.Cpu.Registers.ControlRegister4 |= Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE;
        bench.Cpu.Registers.ExtendedControlRegister0 = XsaveArea.SupportedComponents(bench.Cpu.Model);
        return bench;
    }

    /// <summary>Gives every register a value of its own.</summary>
    public static void Fill(MachineBench bench, int seed = 1)
    {
        var random = new Random(seed);
        byte[] bytes = new byte[32];
        for (int i = 0; i < 16; i++)
        {
            random.NextBytes(bytes);
            bench.Cpu.Registers.SetVector(i, Vector256.Create(bytes));
        }

        bench.Cpu.Registers.MediaControl = 0x1FA5;
        ref X87State x87 = ref bench.Cpu.S.X87;
        for (int i = 0; i < 8; i++)
            x87.Registers[i] = new ExtendedReal((ulong)random.NextInt64() | 1ul << 63, (ushort)random.Next());
        x87.Control = 0x0E7F;
        x87.Status = 0x2900;
        x87.Valid = 0xE7;
        x87.Opcode = 0x5D8;
        x87.InstructionPointer = 0x1234_5678;
        x87.DataPointer = 0x9ABC_DEF0;
    }

    /// <summary>Everything that XSAVE manages, as one value to compare.</summary>
    public static byte[] StateOf(MachineBench bench)
    {
        byte[] area = new byte[XsaveArea.Size];
        XsaveArea.Store(bench.Cpu, area);
        return area;
    }

    /// <summary>Puts every register into its initial state.</summary>
    public static void Reset(MachineBench bench)
    {
        byte[] area = new byte[XsaveArea.Size];
        area[0] = 0x7F;
        area[1] = 0x03;
        area[24] = 0x80;
        area[25] = 0x1F;
        XsaveArea.Load(bench.Cpu, area);
    }
}
