using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>execve and execveat. man 2 execve.</summary>
internal sealed class ExecuteCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int AtWorkingDirectory = -100;
    private const int MaxString = 128 << 10;
    private const int MaxStrings = 0x7FFF_FFFF;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_execve", a => Execute(a, AtWorkingDirectory, a[0], a[1], a[2])),
        ("hosted_execveat", a => (a.Int(4) & ~0x1100) != 0 ? -Errno.EINVAL : Execute(a, a.Int(0), a[1], a[2], a[3])),
    ];

    private long Execute(SyscallArguments arguments, int directory, ulong name, ulong argumentVector, ulong environmentVector)
    {
        if (Process.Executor is { } executor && executor != Task.Id)
            return -Errno.EAGAIN;
        if (FileNode.Find(Machine, directory, name, out long error) is not { } node)
            return error;
        if (ReadStrings(argumentVector, arguments.IsCompat, out error) is not { } argumentStrings
            || ReadStrings(environmentVector, arguments.IsCompat, out error) is not { } environment)
        {
            return error;
        }

        if (new ProgramFinder(Machine).Find(node, argumentStrings, out error) is not { } found)
            return error;
        if (EndOtherThreads() is var waiting && waiting != 0)
            return waiting;
        return new ProgramLoader(Machine).Execute(found with { Environment = environment });
    }

    /// <summary>All other threads have to end first; the one that executes the program then has the number of the process.</summary>
    private long EndOtherThreads()
    {
        List<TaskState> others = [.. Tasks.Threads(Process).Where(thread => thread.Id != Task.Id)];
        if (others.Count > 0)
        {
            Process = Process with { Executor = Task.Id };
            foreach (TaskState other in others)
                new TaskExit(Machine).Hurry(other);
            return Block(new Wait([new WaitKey(WaitKind.Thread, (ulong)Process.Id)], "the other threads of its process to end") { IsKillable = true });
        }

        if (Task.Id != Process.Id)
            Tasks.TakeLead();
        Process = Process with { Executor = null };
        return 0;
    }

    private List<byte[]>? ReadStrings(ulong vector, bool compat, out long error)
    {
        error = 0;
        var strings = new List<byte[]>();
        int word = compat ? 4 : 8;
        long total = 0;
        ulong limit = Process.LimitOf(ResourceLimit.Stack).Soft / 4;
        Span<byte> pointer = stackalloc byte[8];
        while (vector != 0)
        {
            pointer.Clear();
            if (!Memory.TryRead(vector + (ulong)(strings.Count * word), pointer[..word]))
            {
                error = -Errno.EFAULT;
                return null;
            }

            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(pointer);
            if (address == 0)
                break;
            if (Memory.TryReadString(address, MaxString) is not { } text)
            {
                error = -Errno.EFAULT;
                return null;
            }

            total += text.Length + 1 + word;
            if (text.Length == MaxString || total > MaxStrings || (ulong)total > limit)
            {
                error = -Errno.E2BIG;
                return null;
            }

            strings.Add(text);
        }

        return strings;
    }
}
