using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>
/// Collects the steps of an <see cref="ImagePlan"/>. The kernel keeps two marks while it goes through the segments, the highest end of what
/// files give and the highest end in memory, and what lies between them is zero.
/// </summary>
internal sealed class ImagePlanner(ElfFile file, ulong bias, AddressSpaceLayout layout)
{
    private const ulong PageMask = KernelLayout.PageSize - 1;
    private readonly ImmutableArray<ImageStep>.Builder _steps = ImmutableArray.CreateBuilder<ImageStep>();

    // Without the bias, which the planner adds where it makes a step.
    private ulong _fileEnd;
    private ulong _memoryEnd;
    private bool _zeroesAreExecutable;
    private ulong _startCode = ulong.MaxValue;
    private ulong _endCode;
    private ulong _startData;
    private ulong _endData;

    /// <summary>Before the next segment is mapped, the zeroes of those before it come, since they may be above.</summary>
    public void ZeroWhatPrecedes()
    {
        if (_memoryEnd <= _fileEnd)
            return;
        AddZeroPages();
        ulong end = Math.Min(KernelLayout.PageUp(_fileEnd), _memoryEnd);
        if (end > _fileEnd)
            _steps.Add(new ZeroBytes(_fileEnd + bias, end + bias));
    }

    /// <summary>Maps a segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="biasCounts">Whether its end is checked where it will be, or where the file says.</param>
    /// <param name="errno">What a segment outside the address space gives.</param>
    public void Map(ElfSegment segment, bool biasCounts, int errno)
    {
        bool executable = segment.Executable || (layout.ReadImpliesExecute && segment.Readable);
        MapFile(segment, executable);
        ulong address = segment.Address + (biasCounts ? bias : 0);
        if (segment.FileSize > segment.MemorySize)
        {
            throw Error(segment.HeaderOffset,
                $"has a segment with {segment.FileSize:x}h bytes in the file and only {segment.MemorySize:x}h in memory; the file's may not be more", errno);
        }

        if (address >= layout.TaskSize || segment.MemorySize > layout.TaskSize - address)
            throw Outside(segment, segment.MemorySize, errno);
        if (segment.Executable)
        {
            _startCode = Math.Min(_startCode, segment.Address);
            _endCode = Math.Max(_endCode, segment.Address + segment.FileSize);
        }

        _startData = Math.Max(_startData, segment.Address);
        _endData = Math.Max(_endData, segment.Address + segment.FileSize);
        _fileEnd = Math.Max(_fileEnd, segment.Address + segment.FileSize);
        if (segment.Address + segment.MemorySize > _memoryEnd)
        {
            _memoryEnd = segment.Address + segment.MemorySize;
            _zeroesAreExecutable = executable;
        }
    }

    /// <summary>The zeroes of a program's last segment: its heap is at their end.</summary>
    public void ZeroTheEnd()
    {
        AddZeroPages();
        if (_memoryEnd != _fileEnd)
            PadWithZeroes();
    }

    /// <summary>The zeroes of an interpreter, whose last page of the file is filled up in any case.</summary>
    public void ZeroTheEndOfInterpreter()
    {
        PadWithZeroes();
        AddZeroPages();
    }

    /// <summary>An entry point anywhere in the address space is allowed.</summary>
    public void CheckEntryPoint()
    {
        const ulong entryAt = 24;
        ulong entry = file.EntryPoint + bias;
        if (entry >= layout.TaskSize)
            throw Error(entryAt, $"would start at {entry:x}h; a program's addresses end at {layout.TaskSize:x}h", Errno.EINVAL);
    }

    /// <summary>What the kernel asks of an interpreter when it comes to load it.</summary>
    public void CheckInterpreter()
    {
        const ulong typeAt = 16;
        if (file.Type is not (ElfReader.Executable or ElfReader.SharedObject))
            throw Error(typeAt, $"has type {file.Type}; an interpreter is ET_EXEC ({ElfReader.Executable}) or ET_DYN ({ElfReader.SharedObject})", Errno.EPERM);
        if (file.Segments.Count == 0)
            throw Error(file.ProgramHeaderOffset, "has no PT_LOAD segment, so there is nothing to run", Errno.EINVAL);
    }

    /// <summary>The plan so far.</summary>
    public ImagePlan Plan()
    {
        ulong headers = file.Segments is [{ } first, ..] ? first.Address - first.Offset + bias : 0;
        return new ImagePlan(
            bias, _steps.ToImmutable(), KernelLayout.PageUp(_memoryEnd + bias), file.EntryPoint + bias, headers + file.ProgramHeaderOffset,
            _startCode + bias, _endCode + bias, _startData + bias, _endData + bias);
    }

    private void MapFile(ElfSegment segment, bool executable)
    {
        ulong size = KernelLayout.PageUp(segment.FileSize + segment.OffsetInPage);
        ulong start = ImagePlan.PageDown(segment.Address + bias);
        ulong offset = segment.Offset - segment.OffsetInPage;
        if (size == 0)
        {
            if (start >= layout.TaskSize)
                throw Outside(segment, segment.MemorySize, Errno.EINVAL);
            return;
        }

        if ((offset & PageMask) != 0)
        {
            throw Error(segment.HeaderOffset, $"has a segment for address {segment.Address:x}h at {segment.Offset:x}h of the file: "
                + "the two must be the same within a page of 4 KiB, for the file is mapped by pages", Errno.EINVAL);
        }

        CheckRange(segment, start, size);
        if (offset > long.MaxValue - size)
        {
            throw Error(segment.HeaderOffset,
                $"has a segment at {segment.Offset:x}h of the file; a file has at most {long.MaxValue:x}h bytes", Errno.EOVERFLOW);
        }

        _steps.Add(new FilePages(start, start + size, offset, segment.Readable, segment.Writable, executable));
    }

    private void CheckRange(ElfSegment segment, ulong start, ulong size)
    {
        if (size > layout.TaskSize || start > layout.TaskSize - size)
            throw Outside(segment, size, Errno.ENOMEM);
        if (start < AddressSpace.LowestAddress)
        {
            throw Error(segment.HeaderOffset, $"has a segment for address {segment.Address + bias:x}h; "
                + $"a program's addresses begin at {AddressSpace.LowestAddress:x}h, so that a null pointer faults", Errno.EPERM);
        }
    }

    private void AddZeroPages()
    {
        ulong start = KernelLayout.PageUp(_fileEnd + bias), end = KernelLayout.PageUp(_memoryEnd + bias);
        if (start >= end)
            return;
        if (end > layout.TaskSize)
            throw Error(file.ProgramHeaderOffset, $"has zeroes from {start:x}h to {end:x}h; a program's addresses end at {layout.TaskSize:x}h", Errno.ENOMEM);
        if (start < AddressSpace.LowestAddress)
        {
            throw Error(file.ProgramHeaderOffset,
                $"has zeroes from {start:x}h on; a program's addresses begin at {AddressSpace.LowestAddress:x}h, so that a null pointer faults", Errno.EPERM);
        }

        _steps.Add(new ZeroPages(start, end, _zeroesAreExecutable || layout.ReadImpliesExecute));
    }

    /// <summary>The kernel writes these zeroes as the program would, and what it cannot write ends the execve.</summary>
    private void PadWithZeroes()
    {
        ulong start = _fileEnd + bias, end = KernelLayout.PageUp(start);
        if (start == end)
            return;
        ImageStep? under = _steps.LastOrDefault(step => step is not ZeroBytes && step.Start <= start && start < step.End);
        bool writable = under is ZeroPages
            || (under is FilePages { Writable: true } pages && pages.Offset + (ImagePlan.PageDown(start) - pages.Start) < (ulong)file.Length);
        if (!writable)
        {
            throw Error(file.ProgramHeaderOffset, $"has zeroes from {start:x}h on, in a page that {(under is FilePages { Writable: true }
                ? "the file does not reach to: it was cut off or is damaged"
                : "is not writable: a segment that is longer in memory than in the file needs PF_W")}", Errno.EFAULT);
        }

        _steps.Add(new ZeroBytes(start, end));
    }

    private ElfFormatException Outside(ElfSegment segment, ulong size, int errno) => Error(segment.HeaderOffset,
        $"has a segment of {size:x}h bytes for address {segment.Address + bias:x}h, "
        + $"which leaves the address space of a program: it ends at {layout.TaskSize:x}h", errno);

    private ElfFormatException Error(ulong offset, string what, int errno) =>
        new($"{file.Name}, offset {offset:x}h: it {what}.", errno, endsProcess: true);
}
