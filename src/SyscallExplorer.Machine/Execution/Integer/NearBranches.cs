using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Near JMP, CALL and RET. SDM vol. 2A and 2B. A target that cannot be fetched from is a fault of the branch, with nothing done.</summary>
internal static unsafe class NearBranches
{
    public static void Register(InstructionTableBuilder table)
    {
        table.Sized(Mnemonic.Jmp, null, &Jump<ushort>, &Jump<uint>, &Jump<ulong>, IsRelative);
        table.Sized(Mnemonic.Jmp, null, &JumpIndirect<ushort>, &JumpIndirect<uint>, &JumpIndirect<ulong>, IsIndirect);
        table.Sized(Mnemonic.Call, null, &Call<ushort>, &Call<uint>, &Call<ulong>, IsRelative);
        table.Sized(Mnemonic.Call, null, &CallIndirect<ushort>, &CallIndirect<uint>, &CallIndirect<ulong>, IsIndirect);
        table.One(Code.Retnw, &Return<ushort>);
        table.One(Code.Retnd, &Return<uint>);
        table.One(Code.Retnq, &Return<ulong>);
        table.One(Code.Retnw_imm16, &Return<ushort>);
        table.One(Code.Retnd_imm16, &Return<uint>);
        table.One(Code.Retnq_imm16, &Return<ulong>);
    }

    /// <summary>A conditional branch of any kind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Outcome Conditional<T>(Processor cpu, Operation op, bool taken) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!taken)
        {
            cpu.NoteConditional(false);
            return Outcome.Next;
        }

        ulong target = RelativeTarget<T>(cpu, op);
        if (!CanBranchTo(cpu, target))
            return Outcome.Fault;
        cpu.NoteConditional(true);
        cpu.NoteDirect(target);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    /// <summary>Where a relative branch goes: the displacement from the next instruction, within the operand size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong RelativeTarget<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> =>
        ulong.CreateTruncating(T.CreateTruncating(cpu.S.Rip + (ulong)op.Length + op.Displacement));

    /// <summary>Whether a near branch may go to an offset; if not, #GP(0) is pending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CanBranchTo(Processor cpu, ulong target)
    {
        if (cpu.Is64Bit ? cpu.IsCanonical(target) : target <= cpu.S.Segments[(int)SegmentName.CS].Limit)
            return true;
        cpu.GeneralProtection();
        return false;
    }

    private static bool IsRelative(OpCodeInfo form) => form.Op0Kind is OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2
        or OpCodeOperandKind.br32_1 or OpCodeOperandKind.br32_4 or OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4;

    private static bool IsIndirect(OpCodeInfo form) =>
        form.Op0Kind is OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem;

    private static Outcome Jump<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong target = RelativeTarget<T>(cpu, op);
        if (!CanBranchTo(cpu, target))
            return Outcome.Fault;
        cpu.NoteDirect(target);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static Outcome JumpIndirect<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T destination))
            return Outcome.Fault;
        ulong target = ulong.CreateTruncating(destination);
        if (!CanBranchTo(cpu, target))
            return Outcome.Fault;
        cpu.NoteIndirect(target);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static Outcome Call<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        ulong target = RelativeTarget<T>(cpu, op);
        ulong returnAddress = cpu.NextRip(op);
        if (!CanBranchTo(cpu, target) || !cpu.Push(T.CreateTruncating(returnAddress)))
            return Outcome.Fault;
        cpu.NoteDirect(target);
        cpu.NoteCall(returnAddress);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static Outcome CallIndirect<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Read(op, op.Op0, out T destination))
            return Outcome.Fault;
        ulong target = ulong.CreateTruncating(destination);
        ulong returnAddress = cpu.NextRip(op);
        if (!CanBranchTo(cpu, target) || !cpu.Push(T.CreateTruncating(returnAddress)))
            return Outcome.Fault;
        cpu.NoteIndirect(target);
        cpu.NoteCall(returnAddress);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static Outcome Return<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (!cpu.Peek(0, out T destination))
            return Outcome.Fault;
        ulong target = ulong.CreateTruncating(destination);
        if (!CanBranchTo(cpu, target))
            return Outcome.Fault;
        cpu.NoteReturn(target);
        cpu.MoveStackPointer(Unsafe.SizeOf<T>() + (long)op.Immediate);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }
}
