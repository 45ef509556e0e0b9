namespace SyscallExplorer.Machine;

/// <content>
/// The breakpoints of DR0 to DR3. SDM vol. 3A, 17.2 and 17.3.1. Nobody pays for them before one is enabled: pages with a data breakpoint are
/// kept out of the fast translations, so that only the slow path looks, and with an instruction breakpoint blocks are executed one instruction at a time.
/// </content>
public sealed partial class Processor
{
    private readonly Breakpoint[] _breakpoints = new Breakpoint[4];
    private int _breakpointCount;
    private bool _hasCodeBreakpoints;
    private bool _hasDataBreakpoints;
    private bool _hasPortBreakpoints;

    /// <summary>Takes note of a change of DR0 to DR3, DR7 or CR4.DE.</summary>
    internal void RefreshBreakpoints()
    {
        bool watched = _hasDataBreakpoints;
        _hasCodeBreakpoints = _hasDataBreakpoints = _hasPortBreakpoints = false;
        _breakpointCount = Breakpoint.Decode(S.Dr, (S.Cr4 & Cr4.DE) != 0, _breakpoints);
        foreach (ref readonly Breakpoint breakpoint in Enabled)
        {
            _hasCodeBreakpoints |= breakpoint.Kind == BreakpointKind.Execution;
            _hasPortBreakpoints |= breakpoint.Kind == BreakpointKind.Port;
            _hasDataBreakpoints |= breakpoint.Kind is BreakpointKind.DataWrite or BreakpointKind.DataAccess;
        }

        if (watched || _hasDataBreakpoints)
            DropFastTranslations();
    }

    /// <summary>Sets a debug register without any check; bits that are fixed keep their values.</summary>
    internal void WriteDebugRegister(int index, ulong value)
    {
        S.Dr[index] = index switch
        {
            6 => (value & DebugStatus.Writable) | DebugStatus.Fixed,
            7 => (value & DebugControl.Writable) | DebugControl.Fixed,
            _ => value,
        };
        RefreshBreakpoints();
    }

    private ReadOnlySpan<Breakpoint> Enabled => _breakpoints.AsSpan(0, _breakpointCount);

    /// <summary>
    /// Whether the instruction at RIP is a breakpoint's; then #DB is pending. RF holds it back, and so does a load of SS just before. SDM vol. 3A, 17.3.1.1.
    /// </summary>
    private bool HitsCodeBreakpoint()
    {
        if ((S.Rflags & Rflags.RF) != 0 || S.Shadow == EventShadow.InterruptsAndDebug)
            return false;
        ulong linear = LinearCodeAddress(S.Rip);
        ulong status = 0;
        foreach (ref readonly Breakpoint breakpoint in Enabled)
        {
            if (breakpoint.Kind == BreakpointKind.Execution && breakpoint.First == linear)
                status |= breakpoint.Status;
        }

        if (status != 0)
            Raise(Vector.Debug, faultAddress: status, source: EventSource.InstructionBreakpoint);
        return status != 0;
    }

    /// <summary>Notes the data breakpoints that an access hits, the processor's own to its tables and stacks among them.</summary>
    private void NoteDataAccess(ulong linear, int size, bool write)
    {
        foreach (ref readonly Breakpoint breakpoint in Enabled)
        {
            if (breakpoint.IsForData(write) && breakpoint.Overlaps(linear, linear + (ulong)size - 1))
                S.DebugTraps |= breakpoint.Status;
        }
    }

    /// <summary>Notes the I/O breakpoints that an access to a port hits.</summary>
    private void NotePortAccess(ushort port, int size)
    {
        foreach (ref readonly Breakpoint breakpoint in Enabled)
        {
            if (breakpoint.Kind == BreakpointKind.Port && breakpoint.Overlaps(port, (ulong)(port + size - 1)))
                S.DebugTraps |= breakpoint.Status;
        }
    }

    /// <summary>Whether accesses to a page must take the slow path, because it holds a breakpoint for them.</summary>
    private bool IsWatched(ulong linear, bool write)
    {
        if (!_hasDataBreakpoints)
            return false;
        ulong page = linear & ~0xFFFul;
        foreach (ref readonly Breakpoint breakpoint in Enabled)
        {
            if (breakpoint.IsForData(write) && breakpoint.Overlaps(page, page + 0xFFF))
                return true;
        }

        return false;
    }
}
