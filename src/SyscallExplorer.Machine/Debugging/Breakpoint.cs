namespace SyscallExplorer.Machine;

/// <summary>What a breakpoint waits for: the R/W field of DR7. SDM vol. 3A, 17.2.4.</summary>
internal enum BreakpointKind
{
    Execution,
    DataWrite,

    /// <summary>An I/O port, when CR4.DE is set; without it the field is undefined and such a breakpoint never hits.</summary>
    Port,
    DataAccess,
}

/// <summary>An enabled breakpoint of DR0 to DR3.</summary>
/// <param name="Kind">What it waits for.</param>
/// <param name="First">Its first linear address or port.</param>
/// <param name="Last">Its last one: the length is 1, 2, 4 or 8 bytes, and the address is aligned to it.</param>
/// <param name="Status">Its bit in DR6.</param>
internal readonly record struct Breakpoint(BreakpointKind Kind, ulong First, ulong Last, ulong Status)
{
    private const int Count = 4;

    /// <summary>Whether a range touches a byte of it.</summary>
    public bool Overlaps(ulong first, ulong last) => first <= Last && last >= First;

    /// <summary>Whether it waits for reads or for writes of data.</summary>
    public bool IsForData(bool write) => Kind == BreakpointKind.DataAccess || (write && Kind == BreakpointKind.DataWrite);

    /// <summary>Finds the breakpoints that DR7 enables, locally or globally.</summary>
    /// <param name="registers">DR0 to DR7.</param>
    /// <param name="debugExtensions">CR4.DE.</param>
    /// <param name="breakpoints">Takes them, at most four.</param>
    /// <returns>How many there are.</returns>
    public static int Decode(in DebugRegisters registers, bool debugExtensions, Span<Breakpoint> breakpoints)
    {
        ulong control = registers[7];
        int found = 0;
        for (int i = 0; i < Count; i++)
        {
            var kind = (BreakpointKind)((control >> (16 + i * 4)) & 3);
            if (((control >> (i * 2)) & 3) == 0 || (kind == BreakpointKind.Port && !debugExtensions))
                continue;

            // An instruction breakpoint names the first byte of an instruction, whatever its length says.
            ulong length = kind == BreakpointKind.Execution ? 1 : LengthOf((int)(control >> (18 + i * 4)) & 3);
            ulong first = registers[i] & ~(length - 1);
            breakpoints[found++] = new Breakpoint(kind, first, first + length - 1, 1ul << i);
        }

        return found;
    }

    private static ulong LengthOf(int field) => field switch
    {
        0 => 1,
        1 => 2,
        2 => 8,
        _ => 4,
    };
}
