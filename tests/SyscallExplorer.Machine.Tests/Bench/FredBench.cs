namespace SyscallExplorer.Machine.Tests;

/// <summary>A bench whose events go by FRED: both entries are a HLT.</summary>
internal static class FredBench
{
    public const ulong Entry = BenchLayout.KernelCode + 0x8000;
    public const ulong Star = (ulong)BenchSelectors.UserCode32 << 48 | (ulong)BenchSelectors.KernelCode64 << 32;
    public const ulong UserGs = 0x1111_0000;
    public const ulong KernelGs = 0x2222_0000;

    /// <summary>The top of a level's stack.</summary>
    public static ulong StackOf(int level) => BenchLayout.KernelData + (ulong)(level + 1) * 0x4000;

    public static MachineBench Make(ulong levels = 0, ulong config = 0)
    {
        var bench = new MachineBench(Cpus.PantherLake);
        bench.Cpu.Registers.Idtr = default;
        bench.Cpu.Registers.TaskRegister = default;
        for (int level = 0; level < 4; level++)
            bench.Cpu.Registers.WriteMsr(Msr.FredRsp0 + (uint)level, StackOf(level));
        bench.Cpu.Registers.WriteMsr(Msr.FredStackLevels, levels);
        bench.Cpu.Registers.WriteMsr(Msr.FredConfig, Entry | config);
        bench.Cpu.Registers.WriteMsr(Msr.Star, Star);
        bench.Cpu.Registers.WriteMsr(Msr.GsBase, UserGs);
        bench.Cpu.Registers.WriteMsr(Msr.KernelGsBase, KernelGs);
        bench.Cpu.Registers.ControlRegister4 |= Cr4.FRED;
        bench.WriteBytes(Entry, 0xF4);
        bench.WriteBytes(Entry + 256, 0xF4);
        return bench;
    }

    /// <summary>Error code, RIP, CS, RFLAGS, RSP, SS, event data and the reserved word.</summary>
    public static ulong[] Frame(MachineBench bench) => [.. Enumerable.Range(0, 8).Select(i => bench.Read64(bench[Gpr.Rsp] + (ulong)i * 8))];

    /// <summary>The word of SS.</summary>
    public static ulong Describe(ushort selector, int vector, int type, int length, ulong more) =>
        selector | (ulong)vector << 32 | (ulong)type << 48 | (ulong)length << 60 | more;

    /// <summary>Puts a frame on a stack and stands before a return in ring 0.</summary>
    public static void Stand(MachineBench bench, byte[] code, ulong rip, ulong cs, ulong flags, ulong rsp, ulong ss)
    {
        bench.Place(BenchMode.Kernel64, code);
        ulong frame = StackOf(0) - 64;
        ulong[] words = [0, rip, cs, flags, rsp, ss, 0, 0];
        for (int i = 0; i < words.Length; i++)
            bench.Write64(frame + (ulong)i * 8, words[i]);
        bench[Gpr.Rsp] = frame;
    }
}
