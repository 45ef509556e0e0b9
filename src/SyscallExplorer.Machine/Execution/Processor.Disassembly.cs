using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <content>Looking at code without executing it.</content>
public sealed partial class Processor
{
    /// <summary>Reads code bytes at a linear address as far as they are mapped, whatever their rights, and changes nothing.</summary>
    /// <returns>At most <paramref name="count"/> bytes; fewer where a page is missing.</returns>
    public byte[] ReadCode(ulong linear, int count)
    {
        byte[] bytes = new byte[count];
        return bytes[..PeekCode(linear, bytes)];
    }

    /// <summary>Fills a span with code as far as it is mapped.</summary>
    /// <returns>How many bytes there were.</returns>
    internal int PeekCode(ulong linear, Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!TryPeek(linear + (ulong)i, out bytes[i]))
                return i;
        }

        return bytes.Length;
    }

    /// <summary>The linear address of an instruction pointer: CS has a base outside 64-bit mode.</summary>
    internal ulong LinearCodeAddress(ulong rip) => Is64Bit ? rip : (rip + S.Segments[(int)SegmentName.CS].Base) & uint.MaxValue;

    /// <summary>Disassembles one instruction in the current mode, in Intel's syntax.</summary>
    public (string Text, int Length) DisassembleAt(ulong linear)
    {
        byte[] bytes = ReadCode(linear, MaxInstructionLength);
        if (bytes.Length == 0)
            return ("(not mapped)", 0);
        Decoder decoder = Decoder.Create(Bitness, new ByteArrayCodeReader(bytes), linear, Model.Decoding);
        decoder.Decode(out Instruction instruction);
        return instruction.IsInvalid ? ("(bad)", 1) : (Disassembler.Format(instruction), instruction.Length);
    }

    /// <summary>Translates without side effects: no accessed bit, no TLB, no cost, no rights.</summary>
    /// <returns>False when the address is not mapped.</returns>
    public bool TryTranslate(ulong linear, out ulong physical)
    {
        physical = linear;
        return _pagingMode == PagingMode.None || PageWalk.TryFind(Bus, CurrentPagingRules(excusedByAc: true), PagingRoot(linear), linear, out physical);
    }

    private bool TryPeek(ulong linear, out byte value)
    {
        value = 0;
        if (!TryTranslate(linear, out ulong physical) || !Bus.Ram.Contains(physical))
            return false;
        value = Bus.Ram.FrameForRead(physical)[physical % PhysicalMemory.FrameSize];
        return true;
    }
}
