using System.Buffers.Binary;
using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Each expectation is what strace 6.1 wrote for the same structure.</summary>
public sealed class SignalInformationTests
{
    private const int Child = 17, Fault = 11, User = 10, Timer = 14;

    [Theory]
    [InlineData(User, 0, 5, 1000, 0L, "si_code=SI_USER, si_pid=5, si_uid=1000}")]
    [InlineData(User, -6, 5, -1, 0L, "si_code=SI_TKILL, si_pid=5, si_uid=-1}")]
    [InlineData(User, -1, 5, 0, 7L, "si_code=SI_QUEUE, si_pid=5, si_uid=0, si_int=7, si_ptr=0x7}")]
    [InlineData(User, -1, 5, 0, 0L, "si_code=SI_QUEUE, si_pid=5, si_uid=0}")]
    [InlineData(User, -2, 1, 2, 0L, "si_code=SI_TIMER, si_timerid=0x1, si_overrun=2, si_int=0, si_ptr=NULL}")]
    [InlineData(Timer, 0x80, 0, 0, 0L, "si_code=SI_KERNEL}")]
    [InlineData(Timer, 3, 1, 0, 0L, "si_code=0x3, si_pid=1, si_uid=0}")]
    [InlineData(Child, 1, 5, 0, 3L, "si_code=CLD_EXITED, si_pid=5, si_uid=0, si_status=3, si_utime=0, si_stime=0}")]
    [InlineData(Child, 2, 5, 0, 9L, "si_code=CLD_KILLED, si_pid=5, si_uid=0, si_status=SIGKILL, si_utime=0, si_stime=0}")]
    [InlineData(Child, 5, 5, 0, 19L, "si_code=CLD_STOPPED, si_pid=5, si_uid=0, si_status=SIGSTOP, si_utime=0, si_stime=0}")]
    [InlineData(Fault, 1, 0, 0, 0L, "si_code=SEGV_MAPERR, si_addr=NULL}")]
    [InlineData(Fault, 2, 0x1000, 0, 0L, "si_code=SEGV_ACCERR, si_addr=0x1000}")]
    [InlineData(4, 2, 0x1000, 0, 0L, "si_code=ILL_ILLOPN, si_addr=0x1000}")]
    [InlineData(5, 0x80, 0, 0, 0L, "si_code=SI_KERNEL, si_addr=NULL}")]
    [InlineData(7, 2, 0x1000, 0, 0L, "si_code=BUS_ADRERR, si_addr=0x1000}")]
    [InlineData(8, 1, 0x1000, 0, 0L, "si_code=FPE_INTDIV, si_addr=0x1000}")]
    [InlineData(29, 1, 65, 0, 3L, "si_code=POLL_IN, si_band=65, si_fd=3}")]
    [InlineData(31, 1, 0x1000, 0, 0x4000_0003_0000_0105L, "si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=261, si_arch=AUDIT_ARCH_I386}")]
    public void Members_depend_on_why_it_was_sent(int signal, int code, int first, int second, long third, string expected)
    {
        var bytes = new byte[SignalInformation.Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, signal);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), code);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), first);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), second);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), third);
        SignalInformation information = SignalInformation.Parse(bytes, isCompat: false);
        Assert.Equal($"{{si_signo={information.SignalName}, {expected}", information.Format());
    }

    [Fact]
    public void The_layout_of_32_bit_programs_has_no_gap_before_the_members()
    {
        var bytes = new byte[SignalInformation.Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Child);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), 5);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), 3);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), 8);
        Assert.Equal("{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=5, si_uid=0, si_status=3, si_utime=8 /* 0.08 s */, si_stime=0}",
            SignalInformation.Parse(bytes, isCompat: true).Format());
    }

    [Fact]
    public void Too_few_bytes_are_refused() =>
        Assert.Contains("128 bytes", Assert.Throws<ArgumentException>(() => SignalInformation.Parse(new byte[5], isCompat: false)).Message, StringComparison.Ordinal);
}
