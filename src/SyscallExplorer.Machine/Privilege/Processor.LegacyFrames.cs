namespace SyscallExplorer.Machine;

/// <content>Frames of 16- and 32-bit words on a stack that need not be the current one.</content>
public sealed partial class Processor
{
    /// <summary>Finds the linear addresses of words pushed below a stack pointer, the first one at the top. A word beyond the limit is #SS.</summary>
    internal bool PlaceFrame(in Segment stack, ulong top, int wordSize, uint errorCode, Span<ulong> places)
    {
        for (int i = 0; i < places.Length; i++)
        {
            ulong offset = (top - (ulong)((i + 1) * wordSize)) & MaskOf(stack);
            if (!stack.IsWritable || !stack.Usable || !stack.Reaches(offset, wordSize))
                return Fail(Vector.StackFault, errorCode);
            places[i] = (stack.Base + offset) & uint.MaxValue;
        }

        return true;
    }

    /// <summary>Writes words of 2 or 4 bytes, all of them or none.</summary>
    internal bool WriteFrame(ReadOnlySpan<ulong> places, ReadOnlySpan<ulong> words, int wordSize, bool user, bool explicitAccess)
    {
        foreach (ulong place in places)
        {
            if (!ProbeWrite(place, wordSize, user, explicitAccess))
                return false;
        }

        for (int i = 0; i < places.Length; i++)
        {
            bool written = wordSize == sizeof(uint)
                ? WriteSlow(places[i], (uint)words[i], user, explicitAccess)
                : WriteSlow(places[i], (ushort)words[i], user, explicitAccess);
            if (!written)
                return false;
        }

        return true;
    }

    /// <summary>A stack pointer moved within the width of a stack's addresses.</summary>
    internal static ulong MovedStackPointer(in Segment stack, ulong pointer, int bytes)
    {
        ulong moved = pointer + (ulong)bytes;
        return stack.IsBig ? (uint)moved : (pointer & 0xFFFF_0000) | (ushort)moved;
    }

    /// <summary>Reads a word of 2 or 4 bytes as the processor itself does.</summary>
    internal bool ReadSystemWord(ulong linear, int wordSize, out ulong value)
    {
        bool read;
        if (wordSize == sizeof(uint))
        {
            read = ReadSystem(linear, out uint wide);
            value = wide;
        }
        else
        {
            read = ReadSystem(linear, out ushort narrow);
            value = narrow;
        }

        return read;
    }

    /// <summary>Writes a word of 2 or 4 bytes as the processor itself does.</summary>
    internal bool WriteSystemWord(ulong linear, int wordSize, ulong value) =>
        wordSize == sizeof(uint) ? WriteSystem(linear, (uint)value) : WriteSystem(linear, (ushort)value);

    private static ulong MaskOf(in Segment stack) => stack.IsBig ? uint.MaxValue : ushort.MaxValue;
}
