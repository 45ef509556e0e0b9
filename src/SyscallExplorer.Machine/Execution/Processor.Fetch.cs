namespace SyscallExplorer.Machine;

/// <content>Instruction fetch: from RIP to a decoded block.</content>
public sealed partial class Processor
{
    private const int MaxBlockLength = 64;
    private const int MaxInstructionLength = 15;

    private const int CrossingSlots = 64;

    private readonly CrossingInstruction[] _crossing = new CrossingInstruction[CrossingSlots];
    private ulong _fetchTag;
    private CodePage? _fetchPage;
    private ulong _fetchPhysical;
    private int _fetchEpoch;

    /// <summary>The block at RIP, or null with an exception pending.</summary>
    private Block? FetchBlock()
    {
        ulong linear = S.Rip;
        if (!Is64Bit)
        {
            ref readonly Segment cs = ref S.Segments[(int)SegmentName.CS];
            if (linear > cs.Limit)
            {
                GeneralProtection();
                return null;
            }

            linear = (linear + cs.Base) & uint.MaxValue;
        }
        else if (!IsCanonical(linear))
        {
            GeneralProtection();
            return null;
        }

        int offset = (int)(linear & 0xFFF);
        if (_fetchTag != FastTranslations.TagOf(linear) || _fetchEpoch != _code.Epoch || _fetchPage is null)
        {
            if (!Translate(linear, PageAccess.Execute, Cpl == 3, false, out ulong physical))
                return null;
            if (!IsRam(physical))
                return DecodeOutsideRam();

            // When the frame begins to hold code, a cached write to it would go unseen.
            if (!_code.IsCodeFrame(physical))
                DropFastWritesTo(physical);
            _fetchPhysical = physical & ~0xFFFul;
            _fetchPage = _code.PageOf(physical, Bitness);
            _fetchTag = FastTranslations.TagOf(linear);
            _fetchEpoch = _code.Epoch;
        }

        Block? block = _fetchPage[offset] ?? DecodeBlock(offset);
        if (ReferenceEquals(block, Block.Crossing))
            block = DecodeAcrossPages(linear, Bus.Ram.FrameForRead(_fetchPhysical).AsSpan(offset));
        return Is64Bit || block is null || S.Rip + PhysicalMemory.FrameSize <= S.Segments[(int)SegmentName.CS].Limit ? block : WithinLimit(block);
    }

    /// <summary>Near the end of a code segment each instruction is fetched alone, so that none runs over the limit.</summary>
    private Block? WithinLimit(Block block)
    {
        Operation first = block.Operations[0];
        if (S.Rip + (ulong)first.Length - 1 > S.Segments[(int)SegmentName.CS].Limit)
        {
            GeneralProtection();
            return null;
        }

        return block.Operations.Length == 1 ? block : new Block([first]);
    }

    private Block DecodeBlock(int offset)
    {
        CodePage page = _fetchPage!;
        ReadOnlySpan<byte> bytes = Bus.Ram.FrameForRead(_fetchPhysical);
        List<Operation> operations = [];
        int position = offset;
        while (position < PhysicalMemory.FrameSize && operations.Count < MaxBlockLength)
        {
            Operation? operation = _decoder.Decode(bytes[position..], Bitness, out _);
            if (operation is null)
                break;
            operations.Add(operation);
            position += operation.Length;
            if (operation.EndsBlock)
                break;
        }

        Block block = operations.Count == 0 ? Block.Crossing : new Block([.. operations]);
        page.Add(offset, block, operations.Count == 0 ? PhysicalMemory.FrameSize - offset : position - offset);
        return block;
    }

    /// <summary>
    /// An instruction that ends in the next page is fetched anew each time, for either page may change or be mapped elsewhere; what the same
    /// bytes were decoded to last time is used again.
    /// </summary>
    private Block? DecodeAcrossPages(ulong linear, ReadOnlySpan<byte> head)
    {
        ulong nextPage = (linear & ~0xFFFul) + PhysicalMemory.FrameSize;
        Span<byte> bytes = stackalloc byte[MaxInstructionLength];
        head.CopyTo(bytes);
        if (!Is64Bit)
            nextPage &= uint.MaxValue;
        if (!IsCanonical(nextPage) || (!Is64Bit && S.Rip + (ulong)head.Length > S.Segments[(int)SegmentName.CS].Limit))
        {
            GeneralProtection();
            return null;
        }

        // The second page may push the first one's translation out, which the next fetch must then see.
        _fetchTag = 0;
        if (!Translate(nextPage, PageAccess.Execute, Cpl == 3, false, out ulong physical))
            return null;
        ReadCodeBytes(physical, bytes[head.Length..]);
        ref CrossingInstruction known = ref _crossing[(int)((linear >> 12) % CrossingSlots)];
        if (known.Block is null || known.Bitness != Bitness || !bytes.SequenceEqual(known.Bytes))
        {
            Operation? operation = _decoder.Decode(bytes, Bitness, out _);
            if (operation is null)
                return null;
            known = new CrossingInstruction(bytes.ToArray(), Bitness, new Block([operation]));
        }

        return known.Block;
    }

    /// <summary>An instruction that crossed a page, by all the bytes that decide what it is.</summary>
    private readonly record struct CrossingInstruction(byte[] Bytes, int Bitness, Block Block);

    private Block? DecodeOutsideRam()
    {
        Span<byte> bytes = stackalloc byte[MaxInstructionLength];
        bytes.Fill(0xFF);
        Operation? operation = _decoder.Decode(bytes, Bitness, out _);
        return operation is null ? null : new Block([operation]);
    }

    /// <summary>Code comes from RAM; anything else reads as FFh, which is no instruction, and no device is touched.</summary>
    private void ReadCodeBytes(ulong physical, Span<byte> bytes)
    {
        if (IsRam(physical))
            ReadPhysical(physical, bytes);
        else
            bytes.Fill(0xFF);
    }
}
