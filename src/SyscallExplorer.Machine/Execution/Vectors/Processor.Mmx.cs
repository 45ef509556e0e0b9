using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

/// <content>MM0 to MM7, which are the significands of R0 to R7. SDM vol. 1, 9.2 and 9.5; vol. 3A, 12.2.</content>
public sealed partial class Processor
{
    private const ushort MmxExponent = 0xFFFF;
    private const ushort TopMask = 7 << X87Status.TopShift;
    private const byte AllValid = 0xFF;

    /// <summary>An MMX register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Mm(int index) => S.X87.Registers[index].Significand;

    /// <summary>Writes an MMX register; its exponent becomes all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetMm(int index, ulong value) => S.X87.Registers[index] = new ExtendedReal(value, MmxExponent);

    /// <summary>What every MMX instruction but EMMS does to the FPU: TOP is 0 and no register is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnterMmx()
    {
        S.X87.Status = (ushort)(S.X87.Status & ~TopMask);
        S.X87.Valid = AllValid;
    }

    /// <summary>Whether MMX instructions may run; if not an exception is pending: #UD, #NM, or #MF for an x87 exception that waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool UseMmx() => ((Ready & ExecutionUnits.Mmx) != 0 && !IsX87ExceptionPending) || RefuseMmx();

    /// <summary>Reads a 64-bit operand: a register, or memory.</summary>
    internal bool ReadMm(Operation op, Operand operand, out ulong value)
    {
        if (operand.Kind != OperandKind.Mmx)
            return ReadMemory(op, out value);
        value = Mm(operand.Index);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RefuseMmx()
    {
        if ((Ready & ExecutionUnits.Mmx) == 0)
            RaiseUnavailable(ExecutionUnits.Mmx);
        else
            Raise(Vector.FloatingPoint);
        return false;
    }
}
