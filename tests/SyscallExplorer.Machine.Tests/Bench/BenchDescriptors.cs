namespace SyscallExplorer.Machine.Tests;

/// <summary>Descriptors for tests, and free slots of the GDT for them.</summary>
internal static class BenchDescriptors
{
    /// <summary>The first of many free slots behind those of the bench.</summary>
    public const ushort FreeSelector = 0x100;

    public const int ReadOnlyData = 0;
    public const int WritableData = 2;
    public const int ExpandDownData = 6;
    public const int ExecuteOnlyCode = 8;
    public const int ReadableCode = 10;
    public const int ConformingCode = 14;

    public static ulong Make(
        int type, int dpl = 0, bool present = true, ulong start = 0, uint limit = 0xF_FFFF, bool pages = true, bool big = true, bool longMode = false, bool system = false) =>
        (limit & 0xFFFF) | (start & 0xFF_FFFF) << 16 | (ulong)(uint)type << 40 | (system ? 0 : 1ul << 44) | (ulong)(uint)dpl << 45 | (present ? 1ul << 47 : 0)
        | (ulong)((limit >> 16) & 15) << 48 | (longMode ? 1ul << 53 : 0) | (big && !longMode ? 1ul << 54 : 0) | (pages ? 1ul << 55 : 0) | (start >> 24 & 0xFF) << 56;

    /// <summary>Puts a descriptor into the GDT, whose limit then reaches it.</summary>
    public static void Define(this MachineBench bench, ushort selector, ulong raw)
    {
        bench.SetDescriptor(selector, raw);
        if (bench.Cpu.Registers.Gdtr.Limit < (selector | 15))
            bench.Cpu.Registers.Gdtr = new TableRegister(BenchLayout.Gdt, (ushort)(selector | 15));
    }

    public static ulong DescriptorAt(this MachineBench bench, ushort selector) => bench.Read64(BenchLayout.Gdt + (ulong)(selector & ~7));
}
