using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>INT n, INT3, INTO, INT1 and IRET. SDM vol. 2A, each under its name.</summary>
internal static unsafe class Interrupts
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Int_imm8, &IntN);
        table.One(Code.Int3, &Int3);
        table.One(Code.Into, &Into);
        table.One(Code.Int1, &Int1);
        table.One(Code.Iretw, &Iret16);
        table.One(Code.Iretd, &Iret32);
        table.One(Code.Iretq, &Iret64);
    }

    private static Outcome IntN(Processor cpu, Operation op) => cpu.DeliverSoftware((byte)op.Immediate, EventSource.SoftwareInterrupt, op);

    private static Outcome Int3(Processor cpu, Operation op) => cpu.DeliverSoftware((byte)Vector.Breakpoint, EventSource.SoftwareException, op);

    private static Outcome Into(Processor cpu, Operation op) =>
        (cpu.S.Rflags & Rflags.OF) == 0 ? Outcome.Next : cpu.DeliverSoftware((byte)Vector.Overflow, EventSource.SoftwareException, op);

    private static Outcome Int1(Processor cpu, Operation op) => cpu.DeliverDebugInstruction(op);

    private static Outcome Iret16(Processor cpu, Operation op) => Iret<ushort>(cpu, op, 2);

    private static Outcome Iret32(Processor cpu, Operation op) => Iret<uint>(cpu, op, 4);

    private static Outcome Iret64(Processor cpu, Operation op) => Iret<ulong>(cpu, op, 8);

    /// <summary>
    /// In 64-bit mode SS:RSP are always popped, whatever the level returned to; elsewhere only when the level changes. NT is #GP(0) in
    /// long mode and a return to the previous task in legacy mode.
    /// </summary>
    private static Outcome Iret<T>(Processor cpu, Operation op, int size) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        cpu.Refine(op, null);
        if ((cpu.S.Rflags & Rflags.NT) != 0)
            return cpu.IsLongModeActive ? cpu.GeneralProtection() : ReturnToPreviousTask(cpu, op);
        if (!cpu.Peek(0, out T rip) || !cpu.Peek(size, out T cs) || !cpu.Peek(2 * size, out T flags))
            return Outcome.Fault;
        bool toVirtual8086 = size == sizeof(uint) && cpu.Cpl == 0 && !cpu.IsLongModeActive && (ulong.CreateTruncating(flags) & Rflags.VM) != 0;
        if (toVirtual8086)
            return cpu.NotEmulated("would set EFLAGS.VM and return to virtual-8086 mode");
        ushort selector = ushort.CreateTruncating(cs);
        if (!FarTransfers.CheckReturnCode(cpu, selector, out Segment code))
            return Outcome.Fault;

        int newLevel = selector & 3;
        if (FarTransfers.IsForbiddenByFred(cpu, code, newLevel))
            return cpu.GeneralProtection(Processor.SelectorError(selector));
        bool outer = newLevel > cpu.Cpl;
        bool popStack = outer || cpu.Is64Bit;
        T stackPointer = default;
        Segment stack = default;
        if (popStack)
        {
            if (!cpu.Peek(3 * size, out stackPointer) || !cpu.Peek(4 * size, out T ss))
                return Outcome.Fault;
            if (!FarTransfers.CheckReturnStack(cpu, ushort.CreateTruncating(ss), newLevel, code, out stack))
                return Outcome.Fault;
        }

        ulong target = ulong.CreateTruncating(rip);
        if (!FarTransfers.IsValidTarget(cpu, target, code))
            return cpu.GeneralProtection();

        cpu.Refine(op, outer ? null : cpu.Refined.IretSameLevel);
        cpu.S.Rflags = ReturnedFlags(cpu, ulong.CreateTruncating(flags), size);
        FarTransfers.CommitReturn(cpu, code, target, popStack ? stack : null, ulong.CreateTruncating(stackPointer), size, popped: 3 * size, outer);
        return Outcome.Branch;
    }

    private static Outcome ReturnToPreviousTask(Processor cpu, Operation op)
    {
        if (!cpu.ReturnToPreviousTask(cpu.NextRip(op)))
            return cpu.FaultUnlessNotEmulated;
        cpu.SingleStepTrap = false;
        cpu.Refine(op, cpu.Refined.IretTask);
        return Outcome.Branch;
    }

    /// <summary>The flags that IRET may change at the level it runs at. SDM vol. 2A, IRET, operation.</summary>
    private static ulong ReturnedFlags(Processor cpu, ulong popped, int size)
    {
        ulong changeable = Rflags.Arithmetic | Rflags.TF | Rflags.DF | Rflags.NT;
        if (size > 2)
            changeable |= Rflags.RF | cpu.Model.LateFlags;
        if (cpu.Cpl <= (int)((cpu.S.Rflags & Rflags.IOPL) >> 12))
            changeable |= Rflags.IF;
        if (cpu.Cpl == 0)
            changeable |= Rflags.IOPL | (size > 2 ? Rflags.VIF | Rflags.VIP : 0);
        return (cpu.S.Rflags & ~changeable) | (popped & changeable) | Rflags.Fixed;
    }
}
