using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>PUSHF, POPF, STI, CLI, STAC, CLAC. SDM vol. 2A and 2B, each under its name.</summary>
internal static unsafe class SystemFlags
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Pushfw, &PushFlags<ushort>);
        table.One(Code.Pushfd, &PushFlags<uint>);
        table.One(Code.Pushfq, &PushFlags<ulong>);
        table.One(Code.Popfw, &PopFlags<ushort>);
        table.One(Code.Popfd, &PopFlags<uint>);
        table.One(Code.Popfq, &PopFlags<ulong>);
        table.One(Code.Sti, &Sti);
        table.One(Code.Cli, &Cli);
        table.One(Code.Stac, &Stac);
        table.One(Code.Clac, &Clac);
    }

    private static int IoPrivilegeLevel(Processor cpu) => (int)((cpu.S.Rflags & Rflags.IOPL) >> 12);

    private static Outcome PushFlags<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> =>
        cpu.Push(T.CreateTruncating(cpu.S.Rflags & ~(Rflags.RF | Rflags.VM))) ? Outcome.Next : Outcome.Fault;

    /// <summary>IOPL changes only in ring 0, IF only at or inside IOPL; RF is cleared; VM, VIF and VIP stay.</summary>
    private static Outcome PopFlags<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        if (!cpu.Peek(0, out T value))
            return Outcome.Fault;
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        ulong changeable = Rflags.Arithmetic | Rflags.TF | Rflags.DF | Rflags.NT;
        if (size > 2)
            changeable |= cpu.Model.LateFlags;
        if (cpu.Cpl == 0)
            changeable |= Rflags.IOPL;
        if (cpu.Cpl <= IoPrivilegeLevel(cpu))
            changeable |= Rflags.IF;
        cpu.MoveStackPointer(size);
        cpu.S.Rflags = ((cpu.S.Rflags & ~changeable & ~Rflags.RF) | (ulong.CreateTruncating(value) & changeable)) | Rflags.Fixed;
        cpu.RefreshAccessClass();
        return Outcome.Resync;
    }

    /// <summary>Interrupts are let in after the next instruction only, if they were shut out before.</summary>
    private static Outcome Sti(Processor cpu, Operation op)
    {
        if (cpu.Cpl > IoPrivilegeLevel(cpu))
        {
            if (!HasVirtualInterrupts(cpu) || (cpu.S.Rflags & Rflags.VIP) != 0)
                return cpu.GeneralProtection();
            cpu.S.Rflags |= Rflags.VIF;
            return Outcome.Next;
        }

        if ((cpu.S.Rflags & Rflags.IF) == 0)
            cpu.S.Shadow = EventShadow.Interrupts;
        cpu.S.Rflags |= Rflags.IF;
        return Outcome.Resync;
    }

    private static Outcome Cli(Processor cpu, Operation op)
    {
        if (cpu.Cpl > IoPrivilegeLevel(cpu))
        {
            if (!HasVirtualInterrupts(cpu))
                return cpu.GeneralProtection();
            cpu.S.Rflags &= ~Rflags.VIF;
            return Outcome.Next;
        }

        cpu.S.Rflags &= ~Rflags.IF;
        return Outcome.Next;
    }

    /// <summary>Protected-mode virtual interrupts: where ring 3 lacks the I/O privilege level, CLI and STI change VIF instead of IF. SDM vol. 3B, 20.4.</summary>
    private static bool HasVirtualInterrupts(Processor cpu) => cpu.Cpl == 3 && (cpu.S.Cr4 & Cr4.PVI) != 0;

    private static Outcome Stac(Processor cpu, Operation op) => SetAccessControl(cpu, Rflags.AC);

    private static Outcome Clac(Processor cpu, Operation op) => SetAccessControl(cpu, 0);

    private static Outcome SetAccessControl(Processor cpu, ulong value)
    {
        if (cpu.Cpl != 0)
            return cpu.Raise(Vector.InvalidOpcode);
        cpu.S.Rflags = (cpu.S.Rflags & ~Rflags.AC) | value;
        cpu.RefreshAccessClass();
        return Outcome.Next;
    }
}
