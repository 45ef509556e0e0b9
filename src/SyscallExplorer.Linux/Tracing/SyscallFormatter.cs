using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Writes system calls as strace 6.1 writes them: inputs from the memory before the call, outputs from the memory after it.</summary>
public sealed class SyscallFormatter(StraceOptions options)
{
    /// <summary>Writes what can be said before the call does anything.</summary>
    /// <param name="call">The call.</param>
    /// <param name="memory">The caller's memory before the call.</param>
    /// <param name="interrupted">The task's previous call, which <c>restart_syscall</c> goes on with, or null.</param>
    public EnteredCall Enter(SyscallInvocation call, ISyscallMemory memory, string? interrupted = null)
    {
        call = SocketCalls.Unfold(call, memory);
        var text = new CallText(call, memory, options) { Interrupted = interrupted };
        text.Write(call.DisplayName).Write("(");
        ImmutableArray<(ArgumentKind Kind, int Slot)> kinds = Place(text);
        ImmutableDictionary<int, string> noted = Note(text, kinds);
        int done = 0;
        for (; done < kinds.Length; done++)
        {
            (ArgumentKind kind, int slot) = kinds[done];
            if (done > 0)
                text.Write(", ");
            kind.Entry?.Invoke(text, slot);
            if (kind.Entry is null || kind.Exit is not null)
                break;
        }

        return new EnteredCall(call, text.ToString(), kinds.Length - done, noted);
    }

    /// <summary>Writes the rest of a call that has returned.</summary>
    /// <param name="entered">The call as it was written at entry.</param>
    /// <param name="result">What it returned, a negated error number included.</param>
    /// <param name="memory">The caller's memory after the call.</param>
    /// <param name="clock">The machine's clock, in cycles.</param>
    public SyscallRecord Leave(EnteredCall entered, long result, ISyscallMemory memory, ulong clock)
    {
        CallText After() => new(entered.Call, memory, options) { Result = result, Noted = entered.Noted };
        CallText arguments = After();
        ImmutableArray<(ArgumentKind Kind, int Slot)> kinds = Place(arguments);
        int first = kinds.Length - entered.Waiting;
        for (int index = first; index < kinds.Length; index++)
        {
            (ArgumentKind kind, int slot) = kinds[index];
            if (index > first)
            {
                arguments.Write(", ");
                arguments.IsTooLate = arguments.Failed;
                kind.Entry?.Invoke(arguments, slot);
                arguments.IsTooLate = false;
            }

            kind.Exit?.Invoke(arguments, slot);
        }

        CallText meaning = After();
        WriteResult(meaning, result);
        return Record(entered, result, clock, arguments.ToString(), meaning.ToString());
    }

    /// <summary>The record of a call whose task ended in it.</summary>
    public static SyscallRecord Abandon(EnteredCall entered) => Record(entered, null, null, entered.Waiting > 0 ? " <unfinished ...>" : "", "?");

    private static void WriteResult(CallText text, long result)
    {
        int error = (int)-result;
        if (!text.Failed)
            CallRows.Find(text.Call).Result(text);
        else if (ErrorNames.IsRestart(error))
            text.Write($"? {ErrorNames.Name(error)} ({ErrorNames.Message(error)})");
        else if (ErrorNames.Name(error) is { } name)
            text.Write($"-1 {name} ({ErrorNames.Message(error)})");
        else
            text.Write($"-1 (errno {error})");
    }

    /// <summary>Gives each argument its register.</summary>
    private static ImmutableArray<(ArgumentKind Kind, int Slot)> Place(CallText text)
    {
        int next = 0;
        var placed = ImmutableArray.CreateBuilder<(ArgumentKind Kind, int Slot)>();
        foreach (ArgumentKind kind in CallRows.Find(text.Call).KindsFor(text))
        {
            placed.Add((kind, kind.Slot ?? next));
            next += text.IsCompat ? kind.CompatSlots : kind.Slots;
        }

        return placed.ToImmutable();
    }

    private static ImmutableDictionary<int, string> Note(CallText text, ImmutableArray<(ArgumentKind Kind, int Slot)> kinds)
    {
        ImmutableDictionary<int, string> noted = ImmutableDictionary<int, string>.Empty;
        foreach ((ArgumentKind kind, int slot) in kinds)
        {
            if (kind.Note?.Invoke(text, slot) is { } told)
                noted = noted.SetItem(slot, told);
        }

        return noted;
    }

    private static SyscallRecord Record(EnteredCall entered, long? result, ulong? clock, string exit, string meaning) => new(
        entered.Call.Pid, entered.Call.IsCompat, entered.Call.Number, entered.Call.DisplayName, entered.Call.Arguments, result,
        entered.Call.Clock, clock, entered.Text, exit, meaning);
}
