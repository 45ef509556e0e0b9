namespace SyscallExplorer.Linux;

/// <summary>
/// What becomes of a system call that a signal interrupted: its result says whether it may start again, and the program then finds itself
/// before the instruction that made it.
/// </summary>
internal static class RestartRules
{
    private const ulong RestartSyscall = 219;
    private const ulong RestartSyscallCompat = 0;
    private const ulong X32Bit = 0x4000_0000;

    /// <summary>Every instruction that makes a system call, or that stands before the place where one returns to, has two bytes.</summary>
    private const ulong CallSize = 2;

    /// <summary>Before a handler's frame is built.</summary>
    /// <param name="registers">As the call left them.</param>
    /// <param name="compat">Whether it was a 32-bit call, whose result has 32 bits.</param>
    /// <param name="restarts">Whether the handler has SA_RESTART.</param>
    public static PtRegs BeforeHandler(PtRegs registers, bool compat, bool restarts) => PendingResult(registers, compat) switch
    {
        -Errno.ERESTART_RESTARTBLOCK or -Errno.ERESTARTNOHAND => Interrupted(registers),
        -Errno.ERESTARTSYS => restarts ? Again(registers) : Interrupted(registers),
        -Errno.ERESTARTNOINTR => Again(registers),
        _ => registers,
    };

    /// <summary>When no handler runs.</summary>
    /// <param name="registers">As the call left them.</param>
    /// <param name="compat">Whether it was a 32-bit call.</param>
    /// <param name="continuesCompat">Whether the call that restart_syscall would continue was a 32-bit one.</param>
    public static PtRegs WithoutHandler(PtRegs registers, bool compat, bool continuesCompat) => PendingResult(registers, compat) switch
    {
        -Errno.ERESTARTSYS or -Errno.ERESTARTNOHAND or -Errno.ERESTARTNOINTR => Again(registers),
        -Errno.ERESTART_RESTARTBLOCK => Again(registers, continuesCompat ? RestartSyscallCompat : RestartSyscall | (registers[PtRegsOffsets.OrigAx] & X32Bit)),
        _ => registers,
    };

    /// <summary>The result, or 0 when the program did not come here by a system call.</summary>
    private static long PendingResult(PtRegs registers, bool compat)
    {
        if ((int)registers[PtRegsOffsets.OrigAx] < 0)
            return 0;
        ulong result = registers[PtRegsOffsets.Ax];
        return compat ? (int)result : (long)result;
    }

    private static PtRegs Interrupted(PtRegs registers) => registers.With((PtRegsOffsets.Ax, unchecked((ulong)-Errno.EINTR)));

    private static PtRegs Again(PtRegs registers) => Again(registers, registers[PtRegsOffsets.OrigAx]);

    private static PtRegs Again(PtRegs registers, ulong number) =>
        registers.With((PtRegsOffsets.Ax, number), (PtRegsOffsets.Ip, registers[PtRegsOffsets.Ip] - CallSize));
}
