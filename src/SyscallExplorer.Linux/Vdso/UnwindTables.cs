namespace SyscallExplorer.Linux;

/// <summary>.eh_frame and .eh_frame_hdr of an image. Linux Standard Base, Exception Frames.</summary>
internal static class UnwindTables
{
    private const byte PcRelative32 = 0x1B, Unsigned32 = 0x03, DataRelative32 = 0x3B;

    /// <summary>Bytes of .eh_frame_hdr.</summary>
    public static int HeaderSize(int functions) => 12 + functions * 8;

    /// <summary>Makes .eh_frame.</summary>
    /// <returns>Its bytes, and where the entry of each function stands.</returns>
    public static (byte[] Bytes, IReadOnlyList<(ulong Start, ulong Entry)> Entries) Make(ElfLayout layout, VdsoAbi abi, IReadOnlyList<VdsoFunction> functions, ulong address)
    {
        var frame = new ElfBytes(layout);
        var entries = new List<(ulong, ulong)>();
        foreach (IGrouping<bool, VdsoFunction> kind in functions.GroupBy(function => function.Unwinding.IsSignalFrame))
        {
            int common = frame.Length;
            Put(frame, layout, body => body.Int32(0).Raw(Common(abi, kind.Key)));
            foreach (VdsoFunction function in kind)
            {
                int before = kind.Key ? 1 : 0;
                ulong start = function.Address - (ulong)before;
                entries.Add((start, address + (ulong)frame.Length));
                int place = frame.Length + 4;
                Put(frame, layout, body => body
                    .Int32(place - common)
                    .Int32((long)(start - (address + (ulong)place + 4)))
                    .Int32(function.Code.Length + before)
                    .Byte(0)
                    .Raw(function.Unwinding.Instructions));
            }
        }

        return (frame.Int32(0).ToArray(), entries);
    }

    /// <summary>Makes .eh_frame_hdr: the functions in the order of addresses, for a binary search.</summary>
    public static byte[] Header(ElfLayout layout, ulong address, ulong frames, IReadOnlyList<(ulong Start, ulong Entry)> entries)
    {
        var header = new ElfBytes(layout).Byte(1).Byte(PcRelative32).Byte(Unsigned32).Byte(DataRelative32)
            .Int32((long)(frames - (address + 4))).Int32(entries.Count);
        foreach ((ulong start, ulong entry) in entries.OrderBy(entry => entry.Start))
            header.Int32((long)(start - address)).Int32((long)(entry - address));
        return header.ToArray();
    }

    private static byte[] Common(VdsoAbi abi, bool isSignalFrame)
    {
        const byte defineCfa = 0x0C, savedAt = 0x80;
        bool narrow = abi == VdsoAbi.I386;
        byte stackPointer = (byte)(narrow ? 4 : 7), returnAddress = (byte)(narrow ? 8 : 16), word = (byte)(narrow ? 4 : 8);
        byte[] augmentation = isSignalFrame ? "zRS\0"u8.ToArray() : "zR\0"u8.ToArray();
        byte[] rows = isSignalFrame ? [] : [defineCfa, stackPointer, word, (byte)(savedAt | returnAddress), 1];
        return [1, .. augmentation, 1, .. CallFrame.Signed(-word), returnAddress, 1, PcRelative32, .. rows];
    }

    private static void Put(ElfBytes frame, ElfLayout layout, Action<ElfBytes> write)
    {
        var body = new ElfBytes(layout);
        write(body);
        while ((body.Length + 4) % layout.Word != 0)
            body.Byte(0);
        frame.Int32(body.Length).Raw(body.ToArray());
    }
}
