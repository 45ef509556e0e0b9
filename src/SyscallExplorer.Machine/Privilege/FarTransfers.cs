using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Far jumps, calls and returns to code segments and through call gates. SDM vol. 2A, JMP and CALL; vol. 2B, RET.</summary>
internal static unsafe class FarTransfers
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Jmp_ptr1616, &JumpPointer);
        table.One(Code.Jmp_ptr1632, &JumpPointer);
        table.One(Code.Jmp_m1616, &JumpMemory<ushort>);
        table.One(Code.Jmp_m1632, &JumpMemory<uint>);
        table.One(Code.Jmp_m1664, &JumpMemory<ulong>);
        table.One(Code.Call_ptr1616, &CallPointer<ushort>);
        table.One(Code.Call_ptr1632, &CallPointer<uint>);
        table.One(Code.Call_m1616, &CallMemory<ushort>);
        table.One(Code.Call_m1632, &CallMemory<uint>);
        table.One(Code.Call_m1664, &CallMemory<ulong>);
        table.One(Code.Retfw, &Return<ushort>);
        table.One(Code.Retfd, &Return<uint>);
        table.One(Code.Retfq, &Return<ulong>);
        table.One(Code.Retfw_imm16, &Return<ushort>);
        table.One(Code.Retfd_imm16, &Return<uint>);
        table.One(Code.Retfq_imm16, &Return<ulong>);
    }

    private static Outcome JumpPointer(Processor cpu, Operation op) =>
        Jump(cpu, op.Instruction.FarBranchSelector, op.Instruction.Op0Kind == OpKind.FarBranch16 ? op.Instruction.FarBranch16 : op.Instruction.FarBranch32, op);

    private static Outcome JumpMemory<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        ReadFarPointer<T>(cpu, op, out ushort selector, out ulong target) ? Jump(cpu, selector, target, op) : Outcome.Fault;

    private static Outcome CallPointer<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        Call<T>(cpu, op, op.Instruction.FarBranchSelector,
            op.Instruction.Op0Kind == OpKind.FarBranch16 ? op.Instruction.FarBranch16 : op.Instruction.FarBranch32);

    private static Outcome CallMemory<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
        ReadFarPointer<T>(cpu, op, out ushort selector, out ulong target) ? Call<T>(cpu, op, selector, target) : Outcome.Fault;

    private static bool ReadFarPointer<T>(Processor cpu, Operation op, out ushort selector, out ulong target)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        selector = 0;
        target = 0;
        ulong offset = cpu.EffectiveAddress(op);
        if (!cpu.ReadSegment(op.Segment, offset, out T pointer)
            || !cpu.ReadSegment(op.Segment, (offset + (ulong)System.Runtime.CompilerServices.Unsafe.SizeOf<T>()) & op.AddressMask, out selector))
        {
            return false;
        }

        target = ulong.CreateTruncating(pointer);
        return true;
    }

    private static Outcome Jump(Processor cpu, ushort selector, ulong target, Operation op)
    {
        Outcome outcome = CheckDirectCode(cpu, selector, out Segment code, out Descriptor? system);
        if (system is { } descriptor)
            return Transfer(cpu, op, selector, descriptor, isCall: false);
        if (outcome != Outcome.Next)
            return outcome;
        if (!IsValidTarget(cpu, target, code))
            return cpu.GeneralProtection();
        cpu.SetCs(code);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    private static Outcome Call<T>(Processor cpu, Operation op, ushort selector, ulong target) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        Outcome outcome = CheckDirectCode(cpu, selector, out Segment code, out Descriptor? system);
        if (system is { } descriptor)
            return Transfer(cpu, op, selector, descriptor, isCall: true);
        if (outcome != Outcome.Next)
            return outcome;
        if (!IsValidTarget(cpu, target, code))
            return cpu.GeneralProtection();
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (!cpu.ProbePush(size, 2)
            || !cpu.Push(T.CreateTruncating(cpu.S.Segments[(int)SegmentName.CS].Selector))
            || !cpu.Push(T.CreateTruncating(cpu.NextRip(op))))
        {
            return Outcome.Fault;
        }

        cpu.SetCs(code);
        cpu.S.Rip = target;
        return Outcome.Branch;
    }

    /// <summary>A far transfer whose selector names a gate or a TSS.</summary>
    private static Outcome Transfer(Processor cpu, Operation op, ushort selector, in Descriptor descriptor, bool isCall)
    {
        if (cpu.IsLongModeActive)
        {
            return descriptor.Type == Descriptor.CallGate
                ? CallGates.Transfer(cpu, op, selector, isCall)
                : cpu.GeneralProtection(Processor.SelectorError(selector));
        }

        return descriptor.Type switch
        {
            Descriptor.CallGate or Descriptor.CallGate16 => LegacyCallGates.Transfer(cpu, op, selector, descriptor, isCall),
            Descriptor.TaskGate or Descriptor.AvailableTss or Descriptor.AvailableTss16 => SwitchTask(cpu, selector, descriptor),
            _ => cpu.GeneralProtection(Processor.SelectorError(selector)),
        };
    }

    /// <summary>JMP and CALL to a task: what forbids it is checked, the switch itself is not emulated. SDM vol. 2A, CALL, TASK-GATE and TASK-STATE-SEGMENT.</summary>
    private static Outcome SwitchTask(Processor cpu, ushort selector, in Descriptor descriptor)
    {
        uint error = Processor.SelectorError(selector);
        if (descriptor.Dpl < cpu.Cpl || descriptor.Dpl < (selector & 3))
            return cpu.GeneralProtection(error);
        if (!descriptor.IsPresent)
            return cpu.Raise(Vector.SegmentNotPresent, error);
        return cpu.NotEmulated($"would switch tasks by the {(descriptor.Type == Descriptor.TaskGate ? "task gate" : "TSS")} {selector:x}h");
    }

    /// <summary>The checks of a jump or call to a code segment, which keeps the privilege level.</summary>
    private static Outcome CheckDirectCode(Processor cpu, ushort selector, out Segment code, out Descriptor? system)
    {
        code = default;
        system = null;
        if (Processor.IsNull(selector))
            return cpu.GeneralProtection();
        uint error = Processor.SelectorError(selector);
        if (!cpu.ReadDescriptor(selector, Vector.GeneralProtection, error, out Descriptor descriptor))
            return Outcome.Fault;
        if (descriptor.IsSystem)
        {
            system = descriptor;
            return Outcome.Next;
        }

        code = descriptor.ToSegment(selector);
        bool allowed = code.IsCode && (code.IsConforming ? code.Dpl <= cpu.Cpl : (selector & 3) <= cpu.Cpl && code.Dpl == cpu.Cpl)
            && !(cpu.IsLongModeActive && code.IsLong && code.IsBig) && !IsForbiddenByFred(cpu, code, cpu.Cpl);
        if (!allowed)
            return cpu.GeneralProtection(error);
        if (!descriptor.IsPresent)
            return cpu.Raise(Vector.SegmentNotPresent, error);
        if (!cpu.MarkAccessed(selector, ref descriptor))
            return Outcome.Fault;
        code = descriptor.ToSegment((ushort)((selector & ~3) | cpu.Cpl));
        return Outcome.Next;
    }

    private static Outcome Return<T>(Processor cpu, Operation op) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        int released = (ushort)op.Immediate;
        if (!cpu.Peek(0, out T rip) || !cpu.Peek(size, out T cs))
            return Outcome.Fault;
        ushort selector = ushort.CreateTruncating(cs);
        if (!CheckReturnCode(cpu, selector, out Segment code))
            return Outcome.Fault;
        int newLevel = selector & 3;
        if (IsForbiddenByFred(cpu, code, newLevel))
            return cpu.GeneralProtection(Processor.SelectorError(selector));
        bool outer = newLevel > cpu.Cpl;
        T stackPointer = default;
        Segment stack = default;
        if (outer)
        {
            if (!cpu.Peek(2 * size + released, out stackPointer) || !cpu.Peek(3 * size + released, out T ss))
                return Outcome.Fault;
            if (!CheckReturnStack(cpu, ushort.CreateTruncating(ss), newLevel, code, out stack))
                return Outcome.Fault;
        }

        ulong target = ulong.CreateTruncating(rip);
        if (!IsValidTarget(cpu, target, code))
            return cpu.GeneralProtection();
        ulong newStack = ulong.CreateTruncating(stackPointer) + (ulong)released;
        CommitReturn(cpu, code, target, outer ? stack : null, newStack, size, popped: 2 * size + released, outer);
        return Outcome.Branch;
    }

    /// <summary>With FRED no far transfer changes the level, and ring 0 stays in 64-bit mode. Intel, FRED specification, no. 346446, changes to far transfers and IRET.</summary>
    public static bool IsForbiddenByFred(Processor cpu, in Segment code, int newLevel) =>
        cpu.IsFredEnabled && (newLevel != cpu.Cpl || (cpu.Cpl == 0 && !code.IsLong));

    /// <summary>The checks of the code segment that IRET or RETF returns to.</summary>
    public static bool CheckReturnCode(Processor cpu, ushort selector, out Segment code)
    {
        code = default;
        if (Processor.IsNull(selector))
        {
            cpu.GeneralProtection();
            return false;
        }

        uint error = Processor.SelectorError(selector);
        if (!cpu.ReadDescriptor(selector, Vector.GeneralProtection, error, out Descriptor descriptor))
            return false;
        code = descriptor.ToSegment(selector);
        int rpl = selector & 3;
        bool allowed = !descriptor.IsSystem && code.IsCode && rpl >= cpu.Cpl
            && (code.IsConforming ? code.Dpl <= rpl : code.Dpl == rpl)
            && !(cpu.IsLongModeActive && code.IsLong && code.IsBig);
        if (!allowed)
        {
            cpu.GeneralProtection(error);
            return false;
        }

        if (!descriptor.IsPresent)
        {
            cpu.Raise(Vector.SegmentNotPresent, error);
            return false;
        }

        if (!cpu.MarkAccessed(selector, ref descriptor))
            return false;
        code = descriptor.ToSegment(selector);
        return true;
    }

    /// <summary>The checks of the stack segment that is popped; a NULL one is legal on the way to 64-bit code below ring 3.</summary>
    public static bool CheckReturnStack(Processor cpu, ushort selector, int level, in Segment code, out Segment stack)
    {
        if (!Processor.IsNull(selector))
            return cpu.CheckStackSegment(selector, level, Vector.GeneralProtection, out stack);
        stack = Segment.Null(selector);
        if (IsLong(cpu, code) && level != 3 && (selector & 3) == level)
            return true;
        cpu.GeneralProtection();
        return false;
    }

    public static bool IsValidTarget(Processor cpu, ulong target, in Segment code) =>
        IsLong(cpu, code) ? cpu.IsCanonical(target) : target <= code.Limit;

    /// <summary>Whether a code segment is 64-bit: legacy mode does not look at the L bit.</summary>
    private static bool IsLong(Processor cpu, in Segment code) => cpu.IsLongModeActive && code.IsLong;

    /// <summary>
    /// Loads what a far return pops, and empties data segments that the outer level may not keep. A NULL selector loses its RPL, and keeps the base that
    /// was written for it. SDM vol. 2A, IRET.
    /// </summary>
    public static void CommitReturn(
        Processor cpu, in Segment code, ulong target, Segment? stack, ulong stackPointer, int size, int popped, bool outer)
    {
        if (stack is { } newStack)
        {
            cpu.S.Segments[(int)SegmentName.SS] = newStack;
            ref ulong rsp = ref cpu.S.Gpr[(int)Gpr.Rsp];

            // A 16-bit stack keeps the upper half of ESP, which then holds the kernel's: hence ESPFIX in operating systems.
            bool keepsUpper = size == 2 || (newStack.Usable && !newStack.IsBig && !IsLong(cpu, code));
            rsp = keepsUpper ? (rsp & ~0xFFFFul) | (ushort)stackPointer : stackPointer;
            if (!IsLong(cpu, code) && !keepsUpper)
                rsp = (uint)rsp;
        }
        else
        {
            cpu.MoveStackPointer(popped);
        }

        cpu.SetCs(code);
        cpu.S.Rip = target & cpu.RipMask;
        cpu.RefreshAccessClass();
        if (!outer)
            return;
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.ES, SegmentName.DS, SegmentName.FS, SegmentName.GS])
        {
            ref Segment segment = ref cpu.S.Segments[(int)name];
            bool dataOrNonConforming = !segment.IsCode || !segment.IsConforming;
            if (segment.Usable && dataOrNonConforming && segment.Dpl < cpu.Cpl)
                segment = Segment.Null(0);
            else if (!segment.Usable)
                segment = segment with { Selector = 0 };
        }
    }
}
