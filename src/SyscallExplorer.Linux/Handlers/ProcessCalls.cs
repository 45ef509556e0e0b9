namespace SyscallExplorer.Linux;

/// <summary>The end, and who the process is.</summary>
internal sealed class ProcessCalls(LinuxMachine machine) : HostedCalls(machine)
{
    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        ("exit", Exit),
        ("exit_group", Exit),
        ("setuid", a => (uint)a[0] == TaskIdentity.Uid ? 0 : -Errno.EPERM),
        ("setgid", a => (uint)a[0] == TaskIdentity.Gid ? 0 : -Errno.EPERM),
        ("setuid16", a => (ushort)a[0] == TaskIdentity.Uid ? 0 : -Errno.EPERM),
        ("setgid16", a => (ushort)a[0] == TaskIdentity.Gid ? 0 : -Errno.EPERM),
        ("getresuid", a => GiveThree(a, TaskIdentity.Uid)),
        ("getresgid", a => GiveThree(a, TaskIdentity.Gid)),
        ("getpgrp", _ => TaskIdentity.Pid),
        ("getpgid", a => IdentityOf(a.Int(0), TaskIdentity.Pid)),
        ("getsid", a => IdentityOf(a.Int(0), TaskIdentity.ParentPid)),
        ("getgroups", a => a.Int(0) < 0 ? -Errno.EINVAL : 0),
        ("prctl", Control),
        ("sched_getaffinity", Affinity),
        ("getcpu", Processor),
    ];

    private long Exit(SyscallArguments arguments)
    {
        const int statusMask = 0xFF;
        State = State with { ExitStatus = arguments.Int(0) & statusMask };
        return 0;
    }

    /// <summary>The program leads a process group of its own, in its parent's session.</summary>
    private static long IdentityOf(int process, int own) => process switch
    {
        0 or TaskIdentity.Pid => own,
        TaskIdentity.ParentPid => TaskIdentity.ParentPid,
        _ => -Errno.ESRCH,
    };

    /// <summary>The real, the effective and the saved identity, which are one.</summary>
    private long GiveThree(SyscallArguments arguments, int identity)
    {
        byte[] bytes = BitConverter.GetBytes(identity);
        return Enumerable.Range(0, 3).All(i => Memory.TryWrite(arguments[i], bytes)) ? 0 : -Errno.EFAULT;
    }

    private long Control(SyscallArguments arguments)
    {
        const int getDumpable = 3, setName = 15, getName = 16, nameSize = 16;
        switch (arguments.Int(0))
        {
            case getDumpable:
                return 1;
            case setName:
                if (Memory.TryReadString(arguments[1], nameSize - 1) is not { } name)
                    return -Errno.EFAULT;
                State = State with { CommandName = System.Text.Encoding.Latin1.GetString(name) };
                return 0;
            case getName:
                byte[] bytes = new byte[nameSize];
                System.Text.Encoding.Latin1.GetBytes(State.CommandName).CopyTo(bytes, 0);
                return Give(arguments[1], bytes);
            default:
                Machine.CountMissing($"prctl({arguments.Int(0)})");
                return -Errno.EINVAL;
        }
    }

    /// <summary>One processor. The mask has the kernel's width of 64 bits whatever the program's.</summary>
    private long Affinity(SyscallArguments arguments)
    {
        const int maskSize = 8;
        int word = arguments.IsCompat ? 4 : 8;
        if (arguments[1] == 0 || arguments[1] % (ulong)word != 0)
            return -Errno.EINVAL;
        if (arguments.Int(0) is not (0 or TaskIdentity.Pid or TaskIdentity.ParentPid))
            return -Errno.ESRCH;
        int size = (int)Math.Min(arguments[1], maskSize);
        return Give(arguments[2], new CStructure(compat: false).Int64(1).Bytes[..size]) is var error && error != 0 ? error : size;
    }

    private long Processor(SyscallArguments arguments)
    {
        ReadOnlySpan<byte> zero = [0, 0, 0, 0];
        long result = arguments[0] == 0 ? 0 : Give(arguments[0], zero);
        return result != 0 || arguments[1] == 0 ? result : Give(arguments[1], zero);
    }
}
