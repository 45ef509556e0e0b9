namespace SyscallExplorer.Machine;

/// <content>Access to I/O ports. SDM vol. 1, 19.5.</content>
public sealed partial class Processor
{
    /// <summary>Whether IOPL or the I/O permission bit map lets the program use a port; if not, an exception is pending.</summary>
    internal bool MayUsePort(ushort port, int size)
    {
        if (Cpl <= (int)((S.Rflags & Rflags.IOPL) >> 12))
            return true;
        if (TaskStateSegment.IoMapBase + 1 > S.Tr.Limit || TaskStateSegment.Is16Bit(S.Tr))
            return Fail(Vector.GeneralProtection, 0);
        if (!ReadSystem(S.Tr.Base + TaskStateSegment.IoMapBase, out ushort mapBase))
            return false;
        uint offset = mapBase + port / 8u;
        if (offset + 1 > S.Tr.Limit)
            return Fail(Vector.GeneralProtection, 0);
        if (!ReadSystem(S.Tr.Base + offset, out ushort bits))
            return false;
        return ((bits >> (port % 8)) & ((1 << size) - 1)) == 0 || Fail(Vector.GeneralProtection, 0);
    }

    /// <summary>Reads a port that the program may use.</summary>
    internal uint ReadPort(ushort port, int size)
    {
        if (_hasPortBreakpoints)
            NotePortAccess(port, size);
        return Bus.In(port, size);
    }

    /// <summary>Writes a port that the program may use.</summary>
    internal void WritePort(ushort port, int size, uint value)
    {
        if (_hasPortBreakpoints)
            NotePortAccess(port, size);
        Bus.Out(port, size, value);
    }
}
