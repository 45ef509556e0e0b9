namespace SyscallExplorer.Linux;

/// <summary>DR0 to DR7 of a tracee, with what the kernel refuses. SDM vol. 3B, 17.2.</summary>
internal sealed class TraceeDebugRegisters(LinuxMachine machine, int task)
{
    private const int Status = 6, Control = 7, Breakpoints = 4;
    private const ulong StatusFixed = 0xFFFF_0FF0;
    private const ulong ControlReserved = 0xFFFF_FFFF_0000_FC00;
    private const ulong PortAccess = 2, Execution = 0;

    public ulong this[int index]
    {
        get
        {
            TaskDebugRegisters registers = machine.State.Tasks[task].DebugRegisters;
            return index switch
            {
                < Breakpoints => registers.AddressOf(index),
                Status => registers.Status ^ StatusFixed,
                Control => registers.Control,
                _ => 0,
            };
        }
    }

    /// <summary>Sets a register.</summary>
    /// <returns>0, -EIO for a register that there is not, or -EINVAL for a breakpoint that the kernel does not allow.</returns>
    public long Set(int index, ulong value)
    {
        TaskState now = machine.State.Tasks[task];
        TaskDebugRegisters registers = now.DebugRegisters;
        switch (index)
        {
            case < Breakpoints when value >= machine.Architecture.UserAddressLimit:
                return -Errno.EINVAL;
            case < Breakpoints:
                registers = registers.WithAddress(index, value);
                break;
            case Status:
                registers = registers with { Status = value ^ StatusFixed };
                break;
            case Control:
                value &= ~ControlReserved;
                if (!IsAllowed(value))
                    return -Errno.EINVAL;
                registers = registers with { Control = value };
                break;
            default:
                return -Errno.EIO;
        }

        machine.Tasks.Set(now with { DebugRegisters = registers });
        return 0;
    }

    /// <summary>Ports cannot be watched, and an instruction has no length.</summary>
    private static bool IsAllowed(ulong control)
    {
        const int firstField = 16, fieldBits = 4;
        for (int index = 0; index < Breakpoints; index++)
        {
            if (((control >> (index * 2)) & 3) == 0)
                continue;
            ulong field = control >> (firstField + index * fieldBits);
            ulong kind = field & 3, length = (field >> 2) & 3;
            if (kind == PortAccess || (kind == Execution && length != 0))
                return false;
        }

        return true;
    }
}
