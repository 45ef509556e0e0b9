namespace SyscallExplorer.Machine.Tests;

/// <summary>How a <see cref="LegacyBench"/> pages.</summary>
public enum LegacyPaging
{
    None,

    /// <summary>32-bit paging with CR4.PSE.</summary>
    TwoLevel,
    Pae,
}

/// <summary>Where everything stands in a legacy bench's memory: linear and physical addresses are equal, and RAM is 16 MiB.</summary>
public static class LegacyLayout
{
    public const long RamSize = 16L << 20;

    /// <summary>The page directory of 32-bit paging, and the page-directory-pointer table of PAE paging.</summary>
    public const uint PageTables = 0x1_0000;

    public const uint Gdt = 0x6_0000;
    public const uint Idt = 0x6_1000;
    public const uint Tss = 0x6_2000;

    /// <summary>The TSS of the double-fault task.</summary>
    public const uint DoubleFaultTss = 0x6_2100;

    /// <summary>A TSS for tests.</summary>
    public const uint OtherTss = 0x6_2200;

    public const uint Ldt = 0x6_2400;

    /// <summary>256 handlers of 16 bytes, each a HLT: where the processor halts tells the vector.</summary>
    public const uint Handlers = 0x6_3000;

    /// <summary>Supervisor pages of 4 KiB, up to 2 MiB.</summary>
    public const uint KernelCode = 0x10_0000;

    public const uint KernelData = 0x14_0000;
    public const uint KernelStackTop = 0x1C_0000;
    public const uint Esp0 = 0x1D_0000;
    public const uint DoubleFaultStackTop = 0x1E_0000;
    public const uint OtherStackTop = 0x1F_0000;

    /// <summary>User pages of 4 KiB, up to 4 MiB; above them user pages of 2 or 4 MiB.</summary>
    public const uint UserCode = 0x20_0000;

    public const uint UserData = 0x24_0000;
    public const uint UserStackTop = 0x30_0000;
    public const uint LargePages = 0x40_0000;
}

/// <summary>The selectors of a legacy bench's GDT.</summary>
public static class LegacySelectors
{
    public const ushort KernelCode = 0x08;
    public const ushort KernelData = 0x10;
    public const ushort UserCode = 0x1B;
    public const ushort UserData = 0x23;
    public const ushort Tss = 0x28;
    public const ushort DoubleFaultTss = 0x30;
    public const ushort OtherTss = 0x38;
    public const ushort Ldt = 0x40;

    /// <summary>The first of many free slots.</summary>
    public const ushort Free = 0x100;
}
