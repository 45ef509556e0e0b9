using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>execve and execveat. man 2 execve.</summary>
internal sealed class ExecuteCalls(LinuxMachine machine) : NamedFileCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("hosted_execve", a => Execute(a, AtFlags.WorkingDirectory, a[0], 0, a[1], a[2])),
        ("hosted_execveat", a => Execute(a, a.Int(0), a[1], a.Int(4), a[2], a[3])),
    ];

    private long Execute(SyscallArguments arguments, int directory, ulong name, int flags, ulong argumentVector, ulong environmentVector)
    {
        // What it found before it waited for the other threads it goes on with: names may mean something else without them.
        if (Waited is { Progress: FoundProgram waiting })
            return Replace(waiting);
        if ((flags & ~(AtFlags.EmptyPath | AtFlags.NoFollow)) != 0)
            return -Errno.EINVAL;
        if (Process.Executor is { } executor && executor != Task.Id)
            return -Errno.EAGAIN;
        if (Memory.TryReadString(name, PathNames.PathMax) is not { } path)
            return -Errno.EFAULT;
        if (Locate(directory, name, flags, out long error) is not { } place)
            return error;
        if ((flags & AtFlags.NoFollow) != 0 && Vfs.StatusOf(place.Node) is { IsSymbolicLink: true })
            return -Errno.ELOOP;
        if (ReadStrings(argumentVector, arguments.IsCompat, out error) is not { } argumentStrings
            || ReadStrings(environmentVector, arguments.IsCompat, out error) is not { } environment)
        {
            return error;
        }

        byte[] shown = path.Length == 0 || (path[0] != '/' && directory != AtFlags.WorkingDirectory)
            ? System.Text.Encoding.ASCII.GetBytes($"/dev/fd/{directory}{(path.Length == 0 ? "" : "/")}").Concat(path).ToArray()
            : path;
        if (new ProgramFinder(Machine).Find(place, shown, argumentStrings, environment, out error) is not { } found)
            return error;
        if (found.Strings.Refusal(Process.LimitOf(ResourceLimit.Stack).Soft) is not null)
            return -Errno.E2BIG;
        return Replace(found);
    }

    private long Replace(FoundProgram found) =>
        EndOtherThreads(found) is var waiting && waiting != 0 ? waiting : new ProgramExecution(Machine).Execute(found);

    /// <summary>All other threads have to end first; the one that executes the program then has the number of the process.</summary>
    private long EndOtherThreads(FoundProgram found)
    {
        List<TaskState> others = [.. Tasks.Threads(Process).Where(thread => thread.Id != Task.Id)];
        if (others.Count > 0)
        {
            Process = Process with { Executor = Task.Id };
            foreach (TaskState other in others)
                new TaskExit(Machine).Hurry(other);
            return Block(new Wait([new WaitKey(WaitKind.Thread, (ulong)Process.Id)], "the other threads of its process to end")
            {
                IsKillable = true,
                Progress = found,
            });
        }

        if (Task.Trace is { } trace)
            Task = Task with { Trace = trace with { Message = (ulong)Task.Id } };
        if (Task.Id != Process.Id)
            Tasks.TakeLead();
        Process = Process with { Executor = null };
        return 0;
    }

    private ImmutableArray<ReadOnlyMemory<byte>>? ReadStrings(ulong vector, bool compat, out long error)
    {
        error = 0;
        ImmutableArray<ReadOnlyMemory<byte>>.Builder strings = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        int word = compat ? 4 : 8;
        ulong total = 0, limit = StartStrings.SpaceWithin(Process.LimitOf(ResourceLimit.Stack).Soft);
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
            if (Memory.TryReadString(address, StartStrings.MaxString) is not { } text)
            {
                error = -Errno.EFAULT;
                return null;
            }

            total += (ulong)text.Length + 1 + (ulong)word;
            if (text.Length == StartStrings.MaxString || total > limit)
            {
                error = -Errno.E2BIG;
                return null;
            }

            strings.Add(text);
        }

        return strings.ToImmutable();
    }
}
