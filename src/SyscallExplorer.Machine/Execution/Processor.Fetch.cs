namespace SyscallExplorer.Machine;

/// <content>Instruction fetch: from RIP to a decoded block.</content>
public sealed partial class Processor
{
    private const int MaxBlockLength = 64;
    private const int MaxInstructionLength = 15;

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
            NoteReplacedFrames();
            if (!Bus.Ram.Contains(physical))
                return DecodeOutsideRam();
            _fetchPhysical = physical & ~0xFFFul;
            _fetchPage = _code.PageOf(physical, Bitness);
            _fetchTag = FastTranslations.TagOf(linear);
            _fetchEpoch = _code.Epoch;

            // The frame holds code from now on: a cached write to it would go unseen.
            foreach (FastTranslations context in _fastContexts.Values)
                Array.Clear(context.Write);
        }

        return _fetchPage[offset] ?? DecodeBlock(linear, offset);
    }

    private Block? DecodeBlock(ulong linear, int offset)
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

        if (operations.Count == 0)
            return DecodeAcrossPages(linear, bytes[offset..]);
        var block = new Block([.. operations]);
        page.Add(offset, block, position - offset);
        return block;
    }

    /// <summary>An instruction that ends in the next page is decoded anew each time: either page may change or be mapped elsewhere.</summary>
    private Block? DecodeAcrossPages(ulong linear, ReadOnlySpan<byte> head)
    {
        ulong nextPage = (linear & ~0xFFFul) + PhysicalMemory.FrameSize;
        Span<byte> bytes = stackalloc byte[MaxInstructionLength];
        head.CopyTo(bytes);
        if (!Is64Bit)
            nextPage &= uint.MaxValue;
        if (!Translate(nextPage, PageAccess.Execute, Cpl == 3, false, out ulong physical))
            return null;
        NoteReplacedFrames();
        ReadPhysical(physical, bytes[head.Length..]);
        Operation? operation = _decoder.Decode(bytes, Bitness, out _);
        return operation is null ? null : new Block([operation]);
    }

    private Block? DecodeOutsideRam()
    {
        Span<byte> bytes = stackalloc byte[MaxInstructionLength];
        bytes.Fill(0xFF);
        Operation? operation = _decoder.Decode(bytes, Bitness, out _);
        return operation is null ? null : new Block([operation]);
    }
}
