using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>pipe and pipe2. man 2 pipe.</summary>
internal sealed class PipeCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("pipe", a => Create(a[0], 0)),
        ("pipe2", a => Create(a[0], a.Int(1))),
    ];

    private long Create(ulong address, int flags)
    {
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlocking | OpenFlags.Direct)) != 0)
            return -Errno.EINVAL;
        bool closeOnExec = (flags & OpenFlags.CloseOnExec) != 0;
        int kept = flags & OpenFlags.NonBlocking;
        var end = new PipeEnd(Machine.Pipes.Create());
        int reader = Open(new OpenFile(end, 0, OpenFlags.ReadOnly | kept), closeOnExec);
        if (reader < 0)
            return reader;
        int writer = Open(new OpenFile(end, 0, OpenFlags.WriteOnly | kept | (flags & OpenFlags.Direct)), closeOnExec);
        if (writer < 0)
        {
            Machine.Files.Close(reader);
            return writer;
        }

        Span<byte> pair = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(pair, reader);
        BinaryPrimitives.WriteInt32LittleEndian(pair[4..], writer);
        if (Memory.TryWrite(address, pair))
            return 0;
        Machine.Files.Close(reader);
        Machine.Files.Close(writer);
        return -Errno.EFAULT;
    }

    /// <summary>The end is counted when it has a descriptor.</summary>
    private int Open(OpenFile file, bool closeOnExec)
    {
        int pipe = ((PipeEnd)file.Object).Pipe;
        int descriptor = Machine.Files.Open(file, closeOnExec);
        if (descriptor < 0)
            Machine.Pipes.ForgetUnused(pipe);
        else
            Machine.Pipes.Open(pipe, file.MayRead, file.MayWrite);
        return descriptor;
    }
}
