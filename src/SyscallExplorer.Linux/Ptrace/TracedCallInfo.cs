namespace SyscallExplorer.Linux;

/// <summary><c>struct ptrace_syscall_info</c>: what PTRACE_GET_SYSCALL_INFO tells of a tracee at a stop.</summary>
internal static class TracedCallInfo
{
    private const int None = 0, Entry = 1, Exit = 2, Seccomp = 3;

    /// <summary>Writes it.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="task">The tracee.</param>
    /// <param name="stop">Its stop.</param>
    /// <param name="message">The data of the filter that stopped it.</param>
    public static byte[] Write(LinuxMachine machine, TaskState task, TraceStop stop, uint message)
    {
        GuestTask guest = machine.Tasks.Guest(task);
        PtRegs registers = machine.ReadPtRegs(guest.Registers);
        bool compat = guest.IsInCompatCall;
        int operation = stop.Kind switch
        {
            TraceStopKind.CallEntry => Entry,
            TraceStopKind.CallExit => Exit,
            TraceStopKind.Seccomp => Seccomp,
            _ => None,
        };
        CStructure c = new CStructure(compat: false).Int32(operation).Int32((int)(compat ? AuditArchitecture.I386 : AuditArchitecture.X86_64))
            .Int64((long)registers[PtRegsOffsets.Ip]).Int64((long)registers[PtRegsOffsets.Sp]);
        if (operation == Exit)
        {
            long result = compat ? (int)registers[PtRegsOffsets.Ax] : (long)registers[PtRegsOffsets.Ax];
            bool isError = result is < 0 and >= -Errno.MAX_ERRNO;
            return [.. c.Int64(result).Bytes, isError ? (byte)1 : (byte)0];
        }

        if (operation == None)
            return c.Bytes.ToArray();
        var arguments = new SyscallArguments(registers, compat);
        c.Int64(arguments.Number);
        for (int i = 0; i < 6; i++)
            c.Int64((long)arguments[i]);
        return (operation == Seccomp ? c.Int32((int)message) : c).Bytes.ToArray();
    }
}
