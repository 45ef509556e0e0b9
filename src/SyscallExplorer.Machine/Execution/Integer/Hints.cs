using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>
/// Instructions that change no register: NOP in every form, ENDBR, RDSSP without shadow stacks, PAUSE, PREFETCH, fences, CLFLUSH and its kin, CLZERO,
/// and UD0 to UD2, which are #UD by definition. One processor a machine: every access is seen in order.
/// </summary>
internal static unsafe class Hints
{
    private static readonly Mnemonic[] NoOperations =
    [
        Mnemonic.Nop, Mnemonic.Reservednop, Mnemonic.Pause, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchwt1,
        Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1, Mnemonic.Prefetcht2, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1, Mnemonic.Cldemote,
    ];

    private static readonly Mnemonic[] CacheLineOperations = [Mnemonic.Clflush, Mnemonic.Clflushopt, Mnemonic.Clwb];

    private static readonly Mnemonic[] Fences = [Mnemonic.Lfence, Mnemonic.Mfence, Mnemonic.Sfence];

    private static readonly Mnemonic[] Undefined = [Mnemonic.Ud0, Mnemonic.Ud1, Mnemonic.Ud2];

    public static void Register(InstructionTableBuilder table)
    {
        foreach (Mnemonic mnemonic in NoOperations)
            table.Every(mnemonic, &DoNothing);
        foreach (Mnemonic mnemonic in Fences)
            table.Every(mnemonic, &DoNothing);
        table.One(Code.Rdsspd_r32, &DoNothing);
        table.One(Code.Rdsspq_r64, &DoNothing);
        foreach (Mnemonic mnemonic in CacheLineOperations)
            table.Every(mnemonic, &TouchLine);
        table.Every(Mnemonic.Clzero, &ClearLine);
        foreach (Mnemonic mnemonic in Undefined)
            table.Every(mnemonic, &RaiseUndefined);
    }

    private static Outcome DoNothing(Processor cpu, Operation op) => Outcome.Next;

    /// <summary>CLFLUSH faults as a load of a byte does. SDM vol. 2A, CLFLUSH. The caches themselves are not state that a program can read.</summary>
    private static Outcome TouchLine(Processor cpu, Operation op) => cpu.ReadMemory(op, out byte _) ? Outcome.Next : Outcome.Fault;

    /// <summary>CLZERO writes zeros to the line that rAX points into. APM vol. 3, CLZERO.</summary>
    private static Outcome ClearLine(Processor cpu, Operation op)
    {
        const int lineSize = 64;
        if (op.Instruction.HasRepPrefix || op.Instruction.HasRepnePrefix)
            return cpu.Raise(Vector.InvalidOpcode);

        // The line is one of linear addresses, whatever the base of the segment.
        ulong segmentBase = cpu.Is64Bit && op.Segment is not (SegmentName.FS or SegmentName.GS) ? 0 : cpu.S.Segments[(int)op.Segment].Base;
        ulong line = ((AddressSize.Read(cpu, op, Gpr.Rax) + segmentBase) & ~(lineSize - 1ul)) - segmentBase;
        if (!cpu.CanWriteSegment(op.Segment, line, lineSize))
            return Outcome.Fault;
        for (ulong offset = 0; offset < lineSize; offset += sizeof(ulong))
        {
            if (!cpu.WriteSegment(op.Segment, line + offset, 0ul))
                return Outcome.Fault;
        }

        return Outcome.Next;
    }

    private static Outcome RaiseUndefined(Processor cpu, Operation op) => cpu.Raise(Vector.InvalidOpcode);
}
