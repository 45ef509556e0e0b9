namespace SyscallExplorer.Machine;

/// <content>The register stack. SDM vol. 1, 8.1.2.</content>
internal partial struct X87State
{
    /// <summary>The controls that an operation works under.</summary>
    public readonly FloatContext Context => FloatContext.FromControlWord(Control);

    /// <summary>The physical register that is ST(i).</summary>
    public readonly int Physical(int index) => (Top + index) & 7;

    /// <summary>What ST(i) holds, whether it is empty or not.</summary>
    public readonly ExtendedReal Get(int index) => Registers[Physical(index)];

    /// <summary>What ST(i) holds, taken apart.</summary>
    public readonly FloatNumber Number(int index) => Extended.Unpack(Get(index));

    public readonly bool IsEmpty(int index) => ((Valid >> Physical(index)) & 1) == 0;

    /// <summary>Writes ST(i), which then is not empty.</summary>
    public void Set(int index, ExtendedReal value)
    {
        int physical = Physical(index);
        Registers[physical] = value;
        Valid |= (byte)(1 << physical);
    }

    /// <summary>Marks ST(i) empty; what it holds stays.</summary>
    public void Free(int index) => Valid &= (byte)~(1 << Physical(index));

    public void Push(ExtendedReal value)
    {
        Rotate(-1);
        Set(0, value);
    }

    public void Pop(int count = 1)
    {
        for (; count > 0; count--)
        {
            Free(0);
            Rotate(1);
        }
    }

    /// <summary>Moves TOP alone.</summary>
    public void Rotate(int registers) =>
        Status = (ushort)((Status & ~(7 << X87Status.TopShift)) | (((Top + registers) & 7) << X87Status.TopShift));

    /// <summary>Sets some condition codes and clears the others of the mask.</summary>
    public void SetConditions(ushort mask, ushort set) => Status = (ushort)((Status & ~mask) | set);

    /// <summary>Takes over what an operation raised; C1 says which way it rounded or the stack overflowed. SDM vol. 1, 8.1.3.3.</summary>
    public void Report(in FloatContext context)
    {
        int status = (Status & ~X87Status.C1) | (int)context.Raised;
        if (context.RoundedUp)
            status |= X87Status.C1;
        Status = X87Status.WithSummary((ushort)status, Control);
    }

    /// <summary>What FXSAVE and XSAVE see: AMD's processors show the opcode and the pointers only while an exception is pending. APM vol. 5, FXSAVE.</summary>
    public readonly X87State AsSavedBy(CpuVendor vendor) => vendor == CpuVendor.Intel || (Status & X87Status.ES) != 0
        ? this
        : this with { Opcode = 0, InstructionPointer = 0, DataPointer = 0, InstructionSelector = 0, DataSelector = 0 };

    /// <summary>FNINIT: registers keep their values but are empty. SDM vol. 2A, FINIT.</summary>
    public void Initialize()
    {
        Control = X87Control.Initial;
        Status = 0;
        Valid = 0;
        Opcode = 0;
        InstructionPointer = DataPointer = 0;
        InstructionSelector = DataSelector = 0;
    }
}

/// <summary>The invalid operation of a register that is empty and should not be, or the other way round. SDM vol. 1, 8.5.1.1.</summary>
internal static class X87StackFault
{
    /// <returns>What takes the place of the result when the exception is masked.</returns>
    public static ExtendedReal Underflow(ref FloatContext context)
    {
        context.Raised = FloatExceptions.Invalid | FloatExceptions.StackFault;
        context.RoundedUp = false;
        return ExtendedReal.Indefinite;
    }

    /// <inheritdoc cref="Underflow"/>
    public static ExtendedReal Overflow(ref FloatContext context)
    {
        context.Raised = FloatExceptions.Invalid | FloatExceptions.StackFault;
        context.RoundedUp = true;
        return ExtendedReal.Indefinite;
    }
}
