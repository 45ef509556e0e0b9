using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The machine's frames: who takes one, who shares one, who gives one back. How many share a frame stands in guest memory, in an array with
/// a word for each frame, as the kernel's <c>mem_map</c> does.
/// </summary>
internal sealed class PageFrames(LinuxMachine machine) : IFrameSource
{
    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>Frames that are in use.</summary>
    public long Used => (long)((machine.State.NextFrame - KernelLayout.FirstFreeFrame) / KernelLayout.PageSize) - machine.State.FreeFrameCount;

    /// <summary>Frames that can still be taken.</summary>
    public long Available => Limit - Used;

    private long Limit => machine.Limits.MemoryBytes / (long)KernelLayout.PageSize;

    /// <inheritdoc/>
    public ulong? TryTake()
    {
        if (Used >= Limit)
        {
            machine.Exceeded(LimitKind.Memory);
            return null;
        }

        FrameAllocator frames = Allocator();
        ulong? frame = frames.TryTake();
        Keep(frames);
        return frame;
    }

    /// <summary>Takes a number of adjoining frames.</summary>
    public ulong? TryTakeAdjoining(int count)
    {
        FrameAllocator frames = Allocator();
        ulong? first = Used + count > Limit ? null : frames.TryTakeAdjoining(count);
        if (first is null)
            machine.Exceeded(LimitKind.Memory);
        Keep(frames);
        return first;
    }

    /// <summary>Gives a frame back that nobody else has, or leaves it to those who share it.</summary>
    public void Release(ulong frame)
    {
        // What boot laid out stays where it is.
        if (frame < KernelLayout.FirstFreeFrame)
            return;
        uint others = SharedBy(frame);
        if (others > 0)
        {
            SetSharedBy(frame, others - 1);
            return;
        }

        machine.State = machine.State with
        {
            FreeFrames = machine.State.FreeFrames.Push(frame),
            FreeFrameCount = machine.State.FreeFrameCount + 1,
        };
    }

    /// <summary>Somebody else has the frame too.</summary>
    public void Share(ulong frame) => SetSharedBy(frame, SharedBy(frame) + 1);

    /// <summary>How many others have the frame: 0 for one that belongs to one owner alone.</summary>
    public uint SharedBy(ulong frame)
    {
        Span<byte> word = stackalloc byte[4];
        Ram.Read(WordOf(frame), word);
        return BinaryPrimitives.ReadUInt32LittleEndian(word);
    }

    private void SetSharedBy(ulong frame, uint others)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, others);
        Ram.Write(WordOf(frame), word);
    }

    private static ulong WordOf(ulong frame) => KernelLayout.MemMapPhysical + frame / KernelLayout.PageSize * 4;

    private FrameAllocator Allocator() => new(machine.State.NextFrame, (ulong)machine.Architecture.RamSize, machine.State.FreeFrames, Ram);

    private void Keep(FrameAllocator frames) => machine.State = machine.State with
    {
        NextFrame = frames.Next,
        FreeFrames = frames.Free,
        FreeFrameCount = machine.State.FreeFrameCount - frames.TakenFromFree,
    };
}
