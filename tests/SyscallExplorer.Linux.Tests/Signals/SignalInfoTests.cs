namespace SyscallExplorer.Linux.Tests;

/// <summary>siginfo_t in both widths. bits/types/siginfo_t.h has the offsets.</summary>
public sealed class SignalInfoTests
{
    private static int Int(byte[] bytes, int offset) => BitConverter.ToInt32(bytes, offset);

    private static long Long(byte[] bytes, int offset) => BitConverter.ToInt64(bytes, offset);

    [Fact]
    public void A_signal_of_kill_tells_who_sent_it()
    {
        SignalInfo info = SignalInfo.FromProcess(SignalNumbers.SIGTERM, 1234, 1000);
        byte[] wide = SignalInfoBytes.Write(info, compat: false), narrow = SignalInfoBytes.Write(info, compat: true);
        Assert.Equal(SignalInfoBytes.Size, wide.Length);
        Assert.Equal(SignalInfoBytes.Size, narrow.Length);
        Assert.Equal([15, 0, 0, 0, 1234, 1000, 0], Enumerable.Range(0, 7).Select(i => Int(wide, i * 4)));
        Assert.Equal([15, 0, 0, 1234, 1000, 0], Enumerable.Range(0, 6).Select(i => Int(narrow, i * 4)));
    }

    [Fact]
    public void A_queued_signal_carries_a_value_of_which_32_bit_programs_see_the_lower_half()
    {
        SignalInfo info = SignalInfo.Queued(40, 7, 8, 0x1122_3344_5566_7788);
        byte[] wide = SignalInfoBytes.Write(info, compat: false), narrow = SignalInfoBytes.Write(info, compat: true);
        Assert.Equal(SignalCodes.Queue, Int(wide, 8));
        Assert.Equal([7, 8], [Int(wide, 16), Int(wide, 20)]);
        Assert.Equal(0x1122_3344_5566_7788, Long(wide, 24));
        Assert.Equal([7, 8, 0x5566_7788, 0], [Int(narrow, 12), Int(narrow, 16), Int(narrow, 20), Int(narrow, 24)]);
    }

    [Fact]
    public void A_timer_tells_its_number_its_overruns_and_its_value()
    {
        byte[] wide = SignalInfoBytes.Write(SignalInfo.FromTimer(14, 3, 5, 99), compat: false);
        byte[] narrow = SignalInfoBytes.Write(SignalInfo.FromTimer(14, 3, 5, 99), compat: true);
        Assert.Equal([-2, 3, 5, 99], [Int(wide, 8), Int(wide, 16), Int(wide, 20), Int(wide, 24)]);
        Assert.Equal([-2, 3, 5, 99], [Int(narrow, 8), Int(narrow, 12), Int(narrow, 16), Int(narrow, 20)]);
    }

    [Fact]
    public void A_child_tells_its_status_and_its_times()
    {
        SignalInfo info = SignalInfo.FromChild(SignalCodes.ChildKilled, 77, 1000, 9, 123, 456);
        byte[] wide = SignalInfoBytes.Write(info, compat: false), narrow = SignalInfoBytes.Write(info, compat: true);
        Assert.Equal([17, 0, 2, 0, 77, 1000, 9], Enumerable.Range(0, 7).Select(i => Int(wide, i * 4)));
        Assert.Equal([123L, 456], [Long(wide, 32), Long(wide, 40)]);
        Assert.Equal([17, 0, 2, 77, 1000, 9, 123, 456], Enumerable.Range(0, 8).Select(i => Int(narrow, i * 4)));
    }

    [Fact]
    public void A_fault_tells_its_address()
    {
        SignalInfo info = SignalInfo.FromFault(SignalNumbers.SIGSEGV, SignalCodes.AccessDenied, 0xDEAD_BEEF);
        Assert.Equal(0xDEAD_BEEF, Long(SignalInfoBytes.Write(info, compat: false), 16));
        Assert.Equal(unchecked((int)0xDEAD_BEEF), Int(SignalInfoBytes.Write(info, compat: true), 12));
        info = SignalInfo.FromFault(SignalNumbers.SIGBUS, SignalCodes.MemoryFailed, 0x5000, 12);
        Assert.Equal(12, Int(SignalInfoBytes.Write(info, compat: false), 24));
        Assert.Equal(12, Int(SignalInfoBytes.Write(info, compat: true), 16));
    }

    [Fact]
    public void A_descriptor_and_a_refused_call_have_forms_of_their_own()
    {
        byte[] narrow = SignalInfoBytes.Write(SignalInfo.FromDescriptor(SignalNumbers.SIGIO, 1, -5, 6), compat: true);
        Assert.Equal([29, 0, 1, -5, 6], Enumerable.Range(0, 5).Select(i => Int(narrow, i * 4)));
        SignalInfo info = SignalInfo.FromFilter(3, 0x40_1000, 39, 0xC000_003E);
        byte[] wide = SignalInfoBytes.Write(info, compat: false);
        Assert.Equal([31, 3, 1], Enumerable.Range(0, 3).Select(i => Int(wide, i * 4)));
        Assert.Equal([0x40_1000L, 39 | (0xC000_003EL << 32)], [Long(wide, 16), Long(wide, 24)]);
        narrow = SignalInfoBytes.Write(info, compat: true);
        Assert.Equal([0x40_1000, 39, unchecked((int)0xC000_003E)], [Int(narrow, 12), Int(narrow, 16), Int(narrow, 20)]);
    }

    public static TheoryData<int, int> EveryForm() => new()
    {
        { 10, SignalCodes.User }, { 10, SignalCodes.Kernel }, { 40, SignalCodes.Queue }, { 14, SignalCodes.Timer }, { 29, SignalCodes.QueuedIo },
        { 10, SignalCodes.ThreadKill }, { 11, SignalCodes.NotMapped }, { 7, SignalCodes.MemoryFailedNow }, { 11, SignalCodes.BoundsViolated },
        { 11, SignalCodes.ProtectionKey }, { 17, SignalCodes.ChildExited }, { 29, 1 }, { 31, 1 }, { 8, SignalCodes.IntegerDivide },
    };

    [Theory]
    [MemberData(nameof(EveryForm))]
    public void What_is_written_reads_back(int signal, int code)
    {
        // Words that 32 bits hold, with the sign where a member has one.
        var info = new SignalInfo(signal, 1, code, 0x0000_0005_0000_0123, 0x0000_0006_0000_0007, 8, 9);
        Assert.Equal(info, SignalInfoBytes.Read(SignalInfoBytes.Write(info, compat: false), compat: false));
        byte[] narrow = SignalInfoBytes.Write(info, compat: true);
        Assert.Equal(narrow, SignalInfoBytes.Write(SignalInfoBytes.Read(narrow, compat: true), compat: true));
    }

    [Theory]
    [InlineData(11, 9, SignalInfoForm.Fault)]
    [InlineData(11, 10, SignalInfoForm.Kill)]
    [InlineData(10, 3, SignalInfoForm.Poll)]
    [InlineData(10, 0x80, SignalInfoForm.Kill)]
    [InlineData(10, -60, SignalInfoForm.Queue)]
    [InlineData(17, 7, SignalInfoForm.Kill)]
    public void The_form_follows_from_signal_and_code(int signal, int code, object form) => Assert.Equal(form, SignalInfoLayout.FormOf(signal, code));
}
