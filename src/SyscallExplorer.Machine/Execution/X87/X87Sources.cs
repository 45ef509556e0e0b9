using System.Runtime.InteropServices;

namespace SyscallExplorer.Machine;

/// <summary>A memory operand of an x87 instruction: its format, and its number.</summary>
internal interface IX87Source
{
    /// <summary>Reads the operand; on failure an exception is pending.</summary>
    static abstract bool Read(Processor cpu, Operation op, out FloatNumber value);
}

/// <summary>m32fp.</summary>
internal readonly struct SingleSource : IX87Source
{
    public static bool Read(Processor cpu, Operation op, out FloatNumber value)
    {
        bool read = cpu.ReadMemory(op, out uint bits);
        value = Binary32.Unpack(bits, default);
        return read;
    }
}

/// <summary>m64fp.</summary>
internal readonly struct DoubleSource : IX87Source
{
    public static bool Read(Processor cpu, Operation op, out FloatNumber value)
    {
        bool read = cpu.ReadMemory(op, out ulong bits);
        value = Binary64.Unpack(bits, default);
        return read;
    }
}

/// <summary>m16int.</summary>
internal readonly struct Integer16Source : IX87Source
{
    public static bool Read(Processor cpu, Operation op, out FloatNumber value)
    {
        bool read = cpu.ReadMemory(op, out short bits);
        value = FloatNumber.FromInteger(bits);
        return read;
    }
}

/// <summary>m32int.</summary>
internal readonly struct Integer32Source : IX87Source
{
    public static bool Read(Processor cpu, Operation op, out FloatNumber value)
    {
        bool read = cpu.ReadMemory(op, out int bits);
        value = FloatNumber.FromInteger(bits);
        return read;
    }
}

/// <summary>m64int.</summary>
internal readonly struct Integer64Source : IX87Source
{
    public static bool Read(Processor cpu, Operation op, out FloatNumber value)
    {
        bool read = cpu.ReadMemory(op, out long bits);
        value = FloatNumber.FromInteger(bits);
        return read;
    }
}

/// <summary>The 10 bytes of m80fp and m80bcd.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct TenBytes(ulong Low, ushort High);
