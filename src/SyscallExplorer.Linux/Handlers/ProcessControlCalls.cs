using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>prctl: what a process or a thread asks about itself. man 2 prctl; numbers from include/uapi/linux/prctl.h.</summary>
internal sealed class ProcessControlCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const int NameSize = 16;
    private const int LastCapability = 40;
    private const int TimeStampCounterEnabled = 1;
    private const int KillPolicyDefault = 2;

    public override IEnumerable<(string Name, HostedCall Call)> Calls => [("prctl", Control)];

    private long Control(SyscallArguments arguments)
    {
        const int setDeathSignal = 1, getDeathSignal = 2, getDumpable = 3, setDumpable = 4, getKeepCapabilities = 7, setKeepCapabilities = 8,
            setName = 15, getName = 16, getSeccomp = 21, setSeccomp = 22, readCapability = 23, getTimeStampCounter = 25, getSecureBits = 27, setTimerSlack = 29,
            getTimerSlack = 30, disableEvents = 31, enableEvents = 32, getKillPolicy = 34, setSubreaper = 36, getSubreaper = 37,
            setNoNewPrivileges = 38, getNoNewPrivileges = 39, setHugePages = 41, getHugePages = 42,
            setUserDispatch = 59;
        ulong argument = arguments[1];
        switch (arguments.Int(0))
        {
            case setDeathSignal:
                if (argument > SignalNumbers.Last)
                    return -Errno.EINVAL;
                Task = Task with { ParentDeathSignal = (int)argument };
                return 0;
            case getDeathSignal:
                return Give(argument, BitConverter.GetBytes(Task.ParentDeathSignal));
            case getDumpable:
                return Process.IsDumpable ? 1 : 0;
            case setDumpable:
                if (argument > 1)
                    return -Errno.EINVAL;
                Process = Process with { IsDumpable = argument == 1 };
                return 0;
            case getKeepCapabilities:
                return Task.KeepsCapabilities ? 1 : 0;
            case setKeepCapabilities:
                if (argument > 1)
                    return -Errno.EINVAL;
                Task = Task with { KeepsCapabilities = argument == 1 };
                return 0;
            case setName:
                if (Memory.TryReadString(argument, NameSize - 1) is not { } name)
                    return -Errno.EFAULT;
                Task = Task with { CommandName = Encoding.Latin1.GetString(name) };
                return 0;
            case getName:
                byte[] bytes = new byte[NameSize];
                Encoding.Latin1.GetBytes(Task.CommandName).CopyTo(bytes, 0);
                return Give(argument, bytes);
            case getSecureBits or disableEvents or enableEvents:
                return 0;
            case getSeccomp:
                return Task.Seccomp.Mode;
            case setSeccomp:
                return new SeccompCalls(Machine).SetMode(arguments.Int(1), arguments[2], arguments.IsCompat);
            case setUserDispatch when Machine.Kernel.Traits.HasUserDispatch:
                return SetUserDispatch(arguments);
            case readCapability:
                return argument > LastCapability ? -Errno.EINVAL : 1;
            case getTimeStampCounter:
                return Give(argument, BitConverter.GetBytes(TimeStampCounterEnabled));
            case setTimerSlack:
                Task = Task with { TimerSlack = argument == 0 ? TaskState.DefaultTimerSlack : (long)argument };
                return 0;
            case getTimerSlack:
                return Task.TimerSlack;
            case getKillPolicy:
                return HasArguments(arguments, 1) ? -Errno.EINVAL : KillPolicyDefault;
            case setSubreaper:
                Process = Process with { IsSubreaper = argument != 0 };
                return 0;
            case getSubreaper:
                return Give(argument, BitConverter.GetBytes(Process.IsSubreaper ? 1 : 0));
            case setNoNewPrivileges when Machine.Kernel.Traits.HasSeccompFilters:
                if (argument != 1 || HasArguments(arguments, 2))
                    return -Errno.EINVAL;
                Task = Task with { HasNoNewPrivileges = true };
                return 0;
            case getNoNewPrivileges when Machine.Kernel.Traits.HasSeccompFilters:
                return HasArguments(arguments, 1) ? -Errno.EINVAL : Task.HasNoNewPrivileges ? 1 : 0;
            case setHugePages:
                if (HasArguments(arguments, 2))
                    return -Errno.EINVAL;
                Memory.Map = Memory.Map with { HugePagesDisabled = argument != 0 };
                return 0;
            case getHugePages:
                return HasArguments(arguments, 1) ? -Errno.EINVAL : Memory.Map.HugePagesDisabled ? 1 : 0;
            default:
                Machine.CountMissing($"prctl({arguments.Int(0)})");
                return -Errno.EINVAL;
        }
    }

    private long SetUserDispatch(SyscallArguments arguments)
    {
        const int off = 0, on = 1;
        (ulong start, ulong length, ulong selector) = (arguments[2], arguments[3], arguments[4]);
        switch (arguments[1])
        {
            case off when start == 0 && length == 0 && selector == 0:
                Task = Task with { UserDispatch = null };
                break;
            case on when start == 0 || start + length > start:
                if (selector >= KernelLayout.UserAddressLimit)
                    return -Errno.EFAULT;
                Task = Task with { UserDispatch = new UserDispatchState(start, length, selector) };
                break;
            default:
                return -Errno.EINVAL;
        }

        Tasks.Current.SetWork(SyscallWork.UserDispatch, Task.UserDispatch is not null);
        return 0;
    }

    private static bool HasArguments(SyscallArguments arguments, int from) => Enumerable.Range(from, 5 - from).Any(i => arguments[i] != 0);
}
