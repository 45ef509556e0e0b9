namespace SyscallExplorer.Linux;

/// <summary>A range of a program's address space.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Readable">PROT_READ.</param>
/// <param name="Writable">PROT_WRITE.</param>
/// <param name="Executable">PROT_EXEC.</param>
/// <param name="Name">As /proc/PID/maps would call it.</param>
internal sealed record VmArea(ulong Start, ulong End, bool Readable, bool Writable, bool Executable, string Name)
{
    public bool Contains(ulong address) => address >= Start && address < End;

    /// <summary>Whether an area goes on where this one ends, with the same rights and name.</summary>
    public bool GoesOnIn(VmArea next) => End == next.Start && this with { Start = next.Start, End = next.End } == next;
}
