using System.Globalization;
using System.Numerics;

namespace SyscallExplorer.Linux;

/// <summary>The pipes of a machine: making, opening, closing, and who is told of what happens in them.</summary>
internal sealed class Pipes(LinuxMachine machine)
{
    /// <summary>/proc/sys/fs/pipe-max-size.</summary>
    private const int MaxSize = 1 << 20;

    /// <summary>/proc/sys/fs/pipe-user-pages-soft: a user who has more gets small pipes.</summary>
    private const int SoftPages = 16384;
    private const int FewSlots = 2;

    /// <summary>pipefs, and the number of its first inode.</summary>
    private const int FileSystemMinor = 13;
    private const int FirstInode = 10_000;

    public PipeState this[int number] => machine.State.Pipes[number];

    private long Now => new EmulatedTime(machine).WallClock;

    /// <summary>What those wait for who wait for the other end of a FIFO.</summary>
    public static WaitKey PartnerOf(int number) => new(WaitKind.Pipe, (ulong)number);

    /// <summary>Makes a pipe, which nobody has opened yet.</summary>
    public int Create(VfsNode? fifo = null)
    {
        KernelState state = machine.State;
        int number = state.NextObject;
        int used = state.Pipes.Values.Sum(pipe => pipe.Slots);
        var pipe = new PipeState(number, FileTimes.At(Now)) { Fifo = fifo, Slots = used + PipeState.InitialSlots > SoftPages ? FewSlots : PipeState.InitialSlots };
        machine.State = state with { NextObject = number + 1, Pipes = state.Pipes.Add(number, pipe) };
        return number;
    }

    /// <summary>The pipe behind a FIFO's name: one that is open, or a new one.</summary>
    public int OfFifo(VfsNode node)
    {
        if (machine.State.Fifos.TryGetValue(node, out int number))
            return number;
        number = Create(node);
        machine.State = machine.State with { Fifos = machine.State.Fifos.Add(node, number) };
        return number;
    }

    /// <summary>Counts an end that is opened; who waits for it is woken.</summary>
    public void Open(int number, bool reads, bool writes)
    {
        PipeState pipe = this[number];
        Set(pipe with
        {
            Readers = pipe.Readers + (reads ? 1 : 0),
            Writers = pipe.Writers + (writes ? 1 : 0),
            ReaderOpens = pipe.ReaderOpens + (reads ? 1 : 0),
            WriterOpens = pipe.WriterOpens + (writes ? 1 : 0),
        });
        machine.Tasks.Wake(PartnerOf(number));
    }

    /// <summary>Counts an end that is closed. The last reader or writer is missed by the other side; with both gone the bytes are lost.</summary>
    public void Close(int number, bool reads, bool writes)
    {
        PipeState pipe = this[number];
        pipe = pipe with { Readers = pipe.Readers - (reads ? 1 : 0), Writers = pipe.Writers - (writes ? 1 : 0) };
        Set(pipe);
        ForgetUnused(number);
        if ((pipe.Readers == 0) != (pipe.Writers == 0))
        {
            machine.Tasks.Wake(ReadinessKeys.Input(number));
            machine.Tasks.Wake(ReadinessKeys.Output(number));
        }
    }

    /// <summary>Drops a pipe that nobody has open.</summary>
    public void ForgetUnused(int number)
    {
        if (!machine.State.Pipes.TryGetValue(number, out PipeState? pipe) || pipe.Readers + pipe.Writers > 0)
            return;
        machine.State = machine.State with
        {
            Pipes = machine.State.Pipes.Remove(number),
            Fifos = pipe.Fifo is { } node ? machine.State.Fifos.Remove(node) : machine.State.Fifos,
        };
    }

    /// <summary>Keeps what a read has left, and tells writers of room.</summary>
    public void HasRead(PipeState before, PipeState after)
    {
        Set(after with { Times = after.Times with { Access = Now } });
        if (before.IsFull && !after.IsFull)
            machine.Tasks.Wake(ReadinessKeys.Output(after.Number));
    }

    /// <summary>Keeps what a write has added, and tells readers.</summary>
    public void HasWritten(PipeState after)
    {
        long now = Now;
        Set(after with { Times = after.Times with { Modification = now, Change = now } });
        machine.Tasks.Wake(ReadinessKeys.Input(after.Number));
    }

    /// <summary>F_SETPIPE_SZ: whole pages, their number a power of two.</summary>
    /// <returns>The new size, or an error.</returns>
    public long Resize(int number, uint size)
    {
        if (size > 1u << 31)
            return -Errno.EINVAL;
        int slots = (int)(BitOperations.RoundUpToPowerOf2(Math.Max(size, PipeBuffer.Size)) / PipeBuffer.Size);
        PipeState pipe = this[number];
        if (slots > pipe.Slots && slots > MaxSize / PipeBuffer.Size)
            return -Errno.EPERM;
        if (slots < pipe.Buffers.Count)
            return -Errno.EBUSY;
        Set(pipe with { Slots = slots });
        if (slots > pipe.Slots)
            machine.Tasks.Wake(ReadinessKeys.Output(number));
        return (long)slots * PipeBuffer.Size;
    }

    public void Set(PipeState pipe) => machine.State = machine.State with { Pipes = machine.State.Pipes.SetItem(pipe.Number, pipe) };

    /// <summary>What fstat tells of a pipe without a name.</summary>
    public FileStatus StatusOf(int number) =>
        new(new DeviceNumber(0, FileSystemMinor), FirstInode + number, Octal.Pipe600, 1, TaskIdentity.Uid, TaskIdentity.Gid, 0, this[number].Times);

    /// <summary>Its name in /proc/self/fd.</summary>
    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"pipe:[{FirstInode + number}]");

    /// <summary>A pipe in a sentence.</summary>
    public string Describe(PipeEnd end) => end.Place is { } place
        ? $"the FIFO {PathNames.ToText(machine.Vfs.PathOf(place))}"
        : string.Create(CultureInfo.InvariantCulture, $"pipe {end.Pipe}");
}
