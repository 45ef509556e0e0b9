using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>An instruction that was executed, or begun.</summary>
/// <param name="Rip">Its instruction pointer.</param>
/// <param name="Text">Its text in Intel's syntax.</param>
public sealed record ExecutedInstruction(ulong Rip, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Rip:x} {Text}";
}

/// <summary>
/// The blocks that were left last, in a ring that is written once a block. What they say is made into text only when somebody asks.
/// </summary>
internal sealed class RecentCode
{
    private const int Blocks = 16;
    private const int MaxInstructions = 16;

    private readonly BlockExit[] _exits = new BlockExit[Blocks];
    private uint _next;
    private Operation? _repeating;
    private ulong _repeatingRip;
    private uint _repeatingSince;

    /// <summary>Notes that a block was left.</summary>
    /// <param name="operations">The block.</param>
    /// <param name="last">The index of the last instruction executed of it.</param>
    /// <param name="rip">That instruction's address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Note(Operation[] operations, int last, ulong rip)
    {
        ref BlockExit exit = ref _exits[_next++ % Blocks];
        exit.Operations = operations;
        exit.Last = last;
        exit.Rip = rip;
    }

    /// <summary>
    /// Notes that a block was left in the middle of a repeated instruction, which is shown as long as nothing follows it: so each counts
    /// once, however the run is cut.
    /// </summary>
    public void NoteRepeating(Operation[] operations, int index, ulong rip)
    {
        if (index > 0)
            Note(operations, index - 1, rip - (ulong)operations[index - 1].Length);
        _repeating = operations[index];
        _repeatingRip = rip;
        _repeatingSince = _next;
    }

    /// <summary>The ring as it is now.</summary>
    public RecentCode Copy()
    {
        var copy = new RecentCode();
        copy.CopyFrom(this);
        return copy;
    }

    public void CopyFrom(RecentCode other)
    {
        other._exits.CopyTo(_exits, 0);
        _next = other._next;
        _repeating = other._repeating;
        _repeatingRip = other._repeatingRip;
        _repeatingSince = other._repeatingSince;
    }

    /// <summary>The last instructions, the oldest first.</summary>
    public IReadOnlyList<ExecutedInstruction> Instructions()
    {
        var newestFirst = new List<ExecutedInstruction>(MaxInstructions);
        if (_repeating is not null && _repeatingSince == _next)
            newestFirst.Add(new ExecutedInstruction(_repeatingRip, TextOf(_repeating, _repeatingRip)));
        for (uint i = 1; i <= Blocks && newestFirst.Count < MaxInstructions; i++)
        {
            BlockExit exit = _exits[(_next - i) % Blocks];
            if (exit.Operations is null)
                break;
            ulong rip = exit.Rip;
            for (int index = exit.Last; index >= 0 && newestFirst.Count < MaxInstructions; index--)
            {
                if (index < exit.Last)
                    rip -= (ulong)exit.Operations[index].Length;
                newestFirst.Add(new ExecutedInstruction(rip, TextOf(exit.Operations[index], rip)));
            }
        }

        newestFirst.Reverse();
        return newestFirst;
    }

    /// <summary>Operations know only offsets in their page, so that branches and RIP-relative operands are put right first.</summary>
    private static string TextOf(Operation operation, ulong rip)
    {
        Instruction instruction = operation.Instruction;
        if (instruction.IsInvalid)
            return "(bad)";
        ulong shift = rip - instruction.IP;
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch16:
                instruction.NearBranch16 += (ushort)shift;
                break;
            case OpKind.NearBranch32:
                instruction.NearBranch32 += (uint)shift;
                break;
            case OpKind.NearBranch64:
                instruction.NearBranch64 += shift;
                break;
        }

        if (instruction.IsIPRelativeMemoryOperand)
            instruction.MemoryDisplacement64 += shift;
        instruction.IP = rip;
        return Disassembler.Format(instruction);
    }

    private struct BlockExit
    {
        public Operation[]? Operations;
        public int Last;
        public ulong Rip;
    }
}
