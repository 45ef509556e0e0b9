namespace SyscallExplorer.Linux.Tests;

/// <summary>What becomes of an interrupted call. man 7 signal, "Interruption of system calls and library functions by signal handlers".</summary>
public sealed class RestartRuleTests
{
    private const ulong Call = 35, Behind = 0x40_1002;
    private const long Interrupted = -Errno.EINTR;

    private static PtRegs After(long result, ulong call = Call) => new PtRegs(0, new ulong[21]).With(
        (PtRegsOffsets.Ax, (ulong)result), (PtRegsOffsets.OrigAx, call), (PtRegsOffsets.Ip, Behind));

    private static (long Ax, ulong Ip) Of(PtRegs registers) => ((long)registers[PtRegsOffsets.Ax], registers[PtRegsOffsets.Ip]);

    [Theory]
    [InlineData(Errno.ERESTARTSYS, false, Interrupted, Behind)]
    [InlineData(Errno.ERESTARTSYS, true, (long)Call, Behind - 2)]
    [InlineData(Errno.ERESTARTNOINTR, false, (long)Call, Behind - 2)]
    [InlineData(Errno.ERESTARTNOHAND, true, Interrupted, Behind)]
    [InlineData(Errno.ERESTART_RESTARTBLOCK, true, Interrupted, Behind)]
    [InlineData(Errno.EAGAIN, true, -Errno.EAGAIN, Behind)]
    public void A_handler_lets_a_call_restart_or_fail(int code, bool restarts, long ax, ulong ip)
    {
        Assert.Equal((ax, ip), Of(RestartRules.BeforeHandler(After(-code), compat: false, restarts)));
        Assert.Equal((ax, ip), Of(RestartRules.BeforeHandler(After((uint)-code), compat: true, restarts)) is var (result, at) ? ((long)(int)result, at) : default);
    }

    [Theory]
    [InlineData(Errno.ERESTARTSYS)]
    [InlineData(Errno.ERESTARTNOINTR)]
    [InlineData(Errno.ERESTARTNOHAND)]
    public void Without_a_handler_a_call_restarts(int code) =>
        Assert.Equal(((long)Call, Behind - 2), Of(RestartRules.WithoutHandler(After(-code), compat: false, continuesCompat: false)));

    [Fact]
    public void A_call_that_keeps_its_progress_goes_on_by_restart_syscall()
    {
        PtRegs registers = After(-Errno.ERESTART_RESTARTBLOCK);
        Assert.Equal((219L, Behind - 2), Of(RestartRules.WithoutHandler(registers, compat: false, continuesCompat: false)));
        Assert.Equal((0L, Behind - 2), Of(RestartRules.WithoutHandler(registers, compat: false, continuesCompat: true)));
        registers = After(-Errno.ERESTART_RESTARTBLOCK, Call | 0x4000_0000);
        Assert.Equal((219L | 0x4000_0000, Behind - 2), Of(RestartRules.WithoutHandler(registers, compat: false, continuesCompat: false)));
    }

    [Fact]
    public void Only_a_system_call_restarts()
    {
        PtRegs registers = After(-Errno.ERESTARTSYS, ulong.MaxValue);
        Assert.Equal(registers, RestartRules.BeforeHandler(registers, compat: false, restarts: true));
        Assert.Equal(registers, RestartRules.WithoutHandler(registers, compat: false, continuesCompat: false));
    }

    [Fact]
    public void A_64_bit_result_whose_lower_half_looks_like_a_code_is_none()
    {
        PtRegs registers = After(unchecked((uint)-Errno.ERESTARTSYS));
        Assert.Equal(registers, RestartRules.BeforeHandler(registers, compat: false, restarts: true));
    }
}
