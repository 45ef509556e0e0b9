using Iced.Intel;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A bench with an FPU as FNINIT leaves it, and registers of it that tests can name.</summary>
internal sealed class X87Bench(CpuModel? model = null)
{
    /// <summary>Where RBX points.</summary>
    public const ulong Data = BenchLayout.KernelData;

    public MachineBench Machine { get; } = new(model);

    public ref X87State Fpu => ref Machine.Cpu.S.X87;

    public ushort Status => Fpu.Status;

    /// <summary>The exceptions in the status word, SF included.</summary>
    public FloatExceptions Flags => (FloatExceptions)(Status & 0x7F);

    /// <summary>C3, C2, C1 and C0 as a binary number.</summary>
    public int Conditions => ((Status >> 14 & 1) << 3) | (Status >> 8 & 7);

    public double this[int index] => ToDouble(Fpu.Get(index));

    public X87Bench Push(double value)
    {
        Fpu.Push(ToExtended(value));
        return this;
    }

    public X87Bench Push(ExtendedReal value)
    {
        Fpu.Push(value);
        return this;
    }

    /// <summary>Unmasks exceptions.</summary>
    public X87Bench Unmask(FloatExceptions exceptions)
    {
        Fpu.Control &= (ushort)~(int)exceptions;
        return this;
    }

    public X87Bench Control(int control)
    {
        Fpu.Control = (ushort)control;
        return this;
    }

    public X87Bench Run(Action<Assembler> code)
    {
        Machine[Gpr.Rbx] = Data;
        Machine.Run64(code);
        return this;
    }

    public TakenException Fault(Action<Assembler> code)
    {
        Machine[Gpr.Rbx] = Data;
        return Machine.Fault(BenchMode.Kernel64, code);
    }

    public static ExtendedReal ToExtended(double value)
    {
        FloatContext context = new(RoundingControl.Nearest);
        return FloatConversion.Convert<Binary64, ulong, Extended, ExtendedReal>(BitConverter.DoubleToUInt64Bits(value), ref context);
    }

    public static double ToDouble(ExtendedReal value)
    {
        FloatContext context = new(RoundingControl.Nearest);
        return BitConverter.UInt64BitsToDouble(FloatConversion.Convert<Extended, ExtendedReal, Binary64, ulong>(value, ref context));
    }
}
