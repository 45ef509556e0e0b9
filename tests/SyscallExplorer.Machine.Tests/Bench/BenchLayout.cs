namespace SyscallExplorer.Machine.Tests;

/// <summary>Where everything stands in a bench's memory: linear and physical addresses are equal below 64 MiB.</summary>
public static class BenchLayout
{
    public const long RamSize = 64L << 20;

    /// <summary>The same RAM once more, in supervisor pages of 2 MiB.</summary>
    public const ulong DirectMap = 0xFFFF_8000_0000_0000;

    public const ulong PageTables = 0x1_0000;
    public const ulong Gdt = 0x6_0000;
    public const ulong Tss = 0x6_1000;
    public const ulong Idt = 0x6_2000;

    /// <summary>256 handlers of 16 bytes, each a HLT: where the processor halts tells the vector.</summary>
    public const ulong Handlers = 0x6_3000;

    /// <summary>Supervisor pages of 4 KiB, up to 2 MiB.</summary>
    public const ulong KernelCode = 0x10_0000;

    public const ulong Code16Base = 0x12_0000;
    public const ulong Stack16Base = 0x13_0000;
    public const ulong KernelData = 0x14_0000;
    public const ulong KernelStackTop = 0x1C_0000;
    public const ulong Rsp0 = 0x1D_0000;

    /// <summary>IST1; the others follow at a distance of <see cref="IstStackSize"/>.</summary>
    public const ulong Ist1 = 0x1E_0000;

    public const ulong IstStackSize = 0x1000;

    /// <summary>User pages of 4 KiB, up to 4 MiB.</summary>
    public const ulong UserCode = 0x20_0000;

    public const ulong UserData = 0x24_0000;
    public const ulong UserStackTop = 0x30_0000;

    /// <summary>User pages of 2 MiB, up to 64 MiB.</summary>
    public const ulong LargePages = 0x40_0000;
}

/// <summary>The selectors of a bench's GDT.</summary>
public static class BenchSelectors
{
    public const ushort KernelCode32 = 0x08;
    public const ushort KernelCode64 = 0x10;
    public const ushort KernelData = 0x18;
    public const ushort UserCode32 = 0x23;
    public const ushort UserData = 0x2B;
    public const ushort UserCode64 = 0x33;
    public const ushort Tss = 0x40;
    public const ushort KernelCode16 = 0x50;
    public const ushort KernelStack16 = 0x58;
}

/// <summary>What kind of code a bench runs.</summary>
public enum BenchMode
{
    Kernel64,
    Kernel32,

    /// <summary>16-bit code and stack segments whose bases are not 0; DS and ES are flat.</summary>
    Kernel16,
    User64,
    User32,
}
