using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What seccomp opens with SECCOMP_FILTER_FLAG_NEW_LISTENER.</summary>
/// <param name="Listener">Which listener.</param>
internal sealed record SeccompListenerFile(int Listener) : FileObject
{
    public override FileOperations Operations => SeccompListenerOperations.Instance;
}

/// <summary>Receiving notifications and answering them. man 2 seccomp_unotify; include/uapi/linux/seccomp.h.</summary>
internal sealed class SeccompListenerOperations : FileOperations
{
    private const uint Receive = 0xC050_2100, Send = 0xC018_2101, IsValid = 0x4008_2102, IsValidAsItWas = 0x8008_2102;
    private const int NotificationSize = 80, AnswerSize = 24;
    private const uint Continue = 1;

    public static SeccompListenerOperations Instance { get; } = new();

    public override long Control(FileRequest request, uint command, ulong argument) => command switch
    {
        Receive => Give(request, argument),
        Send => Answer(request, argument),
        IsValid or IsValidAsItWas => Check(request, argument),
        _ => -Errno.EINVAL,
    };

    public override int Poll(LinuxMachine machine, OpenFile file)
    {
        SeccompListener listener = ListenerOf(machine, file);
        return (listener.Notifications.Any(notification => notification.Stage == NotificationStage.New) ? PollEvents.Input | PollEvents.NormalRead : 0)
            | (listener.Notifications.Any(notification => notification.Stage == NotificationStage.Received) ? PollEvents.Output | PollEvents.NormalWrite : 0)
            | (HasCallers(machine, listener.Number) ? 0 : PollEvents.HungUp);
    }

    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) =>
        ReadinessKeys.For(((SeccompListenerFile)file.Object).Listener, events);

    public override string Describe(LinuxMachine machine, FileObject file) => "anon_inode:seccomp notify";

    public override void Released(LinuxMachine machine, OpenFile file) => new SeccompListeners(machine).Close(((SeccompListenerFile)file.Object).Listener);

    /// <summary>The oldest that nobody has received; the place for it has to be zero.</summary>
    private static long Give(FileRequest request, ulong place)
    {
        LinuxMachine machine = request.Machine;
        byte[] bytes = new byte[NotificationSize];
        if (!machine.Memory.TryRead(place, bytes))
            return -Errno.EFAULT;
        if (bytes.AsSpan().ContainsAnyExcept((byte)0))
            return -Errno.EINVAL;
        SeccompListener listener = ListenerOf(machine, request.File);
        if (listener.Notifications.FirstOrDefault(notification => notification.Stage == NotificationStage.New) is not { } next)
            return request.Block(new Wait([ReadinessKeys.Input(listener.Number)], $"a call for the listener {request.Descriptor}"));
        CStructure structure = new CStructure(compat: false).Int64((long)next.Id).Int32(next.Task).Int32(0);
        for (uint offset = 0; offset < SeccompData.Size; offset += sizeof(uint))
            structure.Int32((int)next.Data.WordAt(offset));
        if (!machine.Memory.TryWrite(place, structure.Bytes))
            return -Errno.EFAULT;
        new SeccompListeners(machine).Set(listener.With(next with { Stage = NotificationStage.Received }));
        machine.Tasks.Wake(ReadinessKeys.Output(listener.Number));
        return 0;
    }

    private static long Answer(FileRequest request, ulong place)
    {
        LinuxMachine machine = request.Machine;
        Span<byte> bytes = stackalloc byte[AnswerSize];
        if (!machine.Memory.TryRead(place, bytes))
            return -Errno.EFAULT;
        ulong id = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        long value = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        int error = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        if ((flags & ~Continue) != 0 || ((flags & Continue) != 0 && (error != 0 || value != 0)))
            return -Errno.EINVAL;
        SeccompListener listener = ListenerOf(machine, request.File);
        if (listener.Find(id) is not { } notification)
            return -Errno.ENOENT;
        if (notification.Stage != NotificationStage.Received)
            return -Errno.EINPROGRESS;
        notification = notification with { Stage = NotificationStage.Answered, Result = error != 0 ? error : value, GoesOn = (flags & Continue) != 0 };
        new SeccompListeners(machine).Set(listener.With(notification));
        machine.Tasks.Wake(SeccompListeners.KeyOf(notification.Task));
        return 0;
    }

    private static long Check(FileRequest request, ulong place)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (!request.Machine.Memory.TryRead(place, bytes))
            return -Errno.EFAULT;
        return ListenerOf(request.Machine, request.File).Find(BinaryPrimitives.ReadUInt64LittleEndian(bytes)) is { Stage: NotificationStage.Received } ? 0 : -Errno.ENOENT;
    }

    private static bool HasCallers(LinuxMachine machine, int listener)
    {
        foreach (TaskState task in machine.State.Tasks.Values.Where(task => task.IsAlive))
        {
            for (SeccompFilter? filter = task.Seccomp.Filter; filter is not null; filter = filter.Previous)
            {
                if (filter.Listener == listener)
                    return true;
            }
        }

        return false;
    }

    private static SeccompListener ListenerOf(LinuxMachine machine, OpenFile file) =>
        machine.State.SeccompListeners[((SeccompListenerFile)file.Object).Listener];
}
