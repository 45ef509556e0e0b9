namespace SyscallExplorer.Machine.Tests;

/// <summary>The R/W field of DR7. SDM vol. 3A, 17.2.4.</summary>
public enum Watch
{
    Execution,
    Write,
    Port,
    Access,
}

/// <summary>Sets the debug registers of a bench.</summary>
internal static class BenchBreakpoints
{
    public const ulong B0 = 1;
    public const ulong BD = 1 << 13;
    public const ulong BS = 1 << 14;
    private const ulong AlwaysSet = 0xFFFF_0FF0;

    /// <summary>Enables a breakpoint globally.</summary>
    /// <param name="bench">The bench.</param>
    /// <param name="address">A linear address or a port.</param>
    /// <param name="watch">What is waited for.</param>
    /// <param name="length">1, 2, 4 or 8 bytes.</param>
    /// <param name="index">DR0 to DR3.</param>
    public static void Break(this MachineBench bench, ulong address, Watch watch = Watch.Execution, int length = 1, int index = 0)
    {
        ProcessorRegisters registers = bench.Cpu.Registers;
        ulong lengthField = length switch { 1 => 0, 2 => 1, 4 => 3, _ => 2 };
        ulong fields = ((ulong)watch | (lengthField << 2)) << (16 + index * 4);
        registers.SetDebug(index, address);
        registers.SetDebug(7, (registers.Debug(7) & ~(15ul << (16 + index * 4))) | (2ul << (index * 2)) | fields);
    }

    /// <summary>The bits of DR6 that say why.</summary>
    public static ulong DebugStatus(this MachineBench bench) => bench.Cpu.Registers.Debug(6) & ~AlwaysSet;

    /// <summary>Makes the #DB handler count in R15, set RF in the flags that it returns to, and return.</summary>
    public static void CountDebugExceptions(this MachineBench bench)
    {
        const ulong handler = BenchLayout.KernelCode + 0xE00;
        bench[Gpr.R15] = 0;
        bench.SetGate((byte)Vector.Debug, handler, ist: 1);
        bench.WriteBytes(handler, MachineBench.Assemble(64, handler, a =>
        {
            a.inc(Iced.Intel.AssemblerRegisters.r15);
            a.or(Iced.Intel.AssemblerRegisters.__dword_ptr[Iced.Intel.AssemblerRegisters.rsp + 16], (int)Rflags.RF);
            a.iretq();
        }));
    }
}
