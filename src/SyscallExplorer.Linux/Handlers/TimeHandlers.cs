using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>time, gettimeofday and clock_gettime, which read the timekeeper under its sequence counter and extend it by the TSC.</summary>
internal static class TimeHandlers
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const string AddNanoseconds = "timespec64_add_ns", FromNanoseconds = "ns_to_timespec64";
    private static readonly byte[] LfenceRdtsc = [0x0F, 0xAE, 0xE8, 0x0F, 0x31];
    private static readonly byte[] Rdtscp = [0x0F, 0x01, 0xF9, 0x66, 0x90];

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Handler);
        EmitReadRealtime(k);
        EmitReadClock(k);
        EmitSeconds(k);
    }

    /// <summary>The seconds of the last tick: they are one word, which needs no lock, and no counter is read.</summary>
    private static void EmitSeconds(KernelAssembler k)
    {
        var c = new CompiledCode(k);
        c.Function(SecondsOf(k));
        c.LoadGlobal(Gpr.Rax, KernelLayout.Timekeeper + TimekeeperLayout.Seconds);
        c.Return();
    }

    private static string SecondsOf(KernelAssembler k) => k.Traits.Version >= new Version(3, 17) ? "ktime_get_real_seconds" : "get_seconds";

    public static void Time(KernelAssembler k) => EmitTime(k, "time", wide: true);

    public static void Time32(KernelAssembler k) => EmitTime(k, "time32", wide: false);

    public static void GetTimeOfDay(KernelAssembler k) => EmitGetTimeOfDay(k, "gettimeofday", wide: true);

    public static void GetTimeOfDay32(KernelAssembler k) => EmitGetTimeOfDay(k, "gettimeofday32", wide: false);

    public static void ClockGetTime(KernelAssembler k) => EmitClockGetTime(k, "clock_gettime", wide: true);

    public static void ClockGetTime32(KernelAssembler k) => EmitClockGetTime(k, "clock_gettime32", wide: false);

    /// <summary>RAX becomes seconds and RDX nanoseconds of the wall clock; R8 to R11 and RCX are overwritten.</summary>
    private static void EmitReadRealtime(KernelAssembler k)
    {
        k.Global("ktime_get_real_ts64");
        k.mov(r11, KernelLayout.Timekeeper);
        k.Local("ktime.retry");
        k.mov(r8d, __dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.test(r8d, 1);
        k.jne(k.To("ktime.wait"));

        // The counter must not be read before the sequence number.
        k.Either(KernelFeature.Rdtscp, LfenceRdtsc, Rdtscp);
        k.shl(rdx, 32);
        k.or(rax, rdx);
        k.xor(edx, edx);
        k.sub(rax, __qword_ptr[r11 + TimekeeperLayout.CycleLast]);
        k.cmovb(rax, rdx);
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Mult]);
        k.mul(rcx);
        k.add(rax, __qword_ptr[r11 + TimekeeperLayout.ShiftedNanoseconds]);
        k.adc(rdx, 0);
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Shift]);
        k.shrd(rax, rdx, cl);
        k.mov(r9, __qword_ptr[r11 + TimekeeperLayout.Seconds]);
        k.cmp(r8d, __dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.jne(k.To("ktime.retry"));
        EmitAddNanoseconds(k);
        k.Local("ktime.wait");
        k.pause();
        k.jmp(k.To("ktime.retry"));
    }

    /// <summary>
    /// RAX is nanoseconds, R9 seconds; RAX becomes the seconds of both, RDX the nanoseconds beyond. A tick has moved the clock not long ago, so that there is
    /// a second in it at most, and subtracting is faster than to divide.
    /// </summary>
    private static void EmitAddNanoseconds(KernelAssembler k)
    {
        string again = k.Unique("seconds_left"), done = k.Unique("no_seconds_left");
        k.Global(AddNanoseconds);
        k.mov(rdx, rax);
        k.mov(rax, r9);
        k.cmp(rdx, NanosecondsPerSecond);
        k.jb(k.To(done));
        k.Local(again);
        k.sub(rdx, NanosecondsPerSecond);
        k.add(rax, 1);
        k.cmp(rdx, NanosecondsPerSecond);
        k.jae(k.To(again));
        k.Local(done);
        k.ret();

        // Any number of them.
        k.Global(FromNanoseconds);
        k.xor(edx, edx);
        k.mov(ecx, NanosecondsPerSecond);
        k.div(rcx);
        k.ret();
    }

    /// <summary>EDI is a clock; RAX and RDX become its seconds and nanoseconds, or RAX -EINVAL with carry set.</summary>
    private static void EmitReadClock(KernelAssembler k)
    {
        const int realtime = 0, monotonic = 1, processTime = 2, threadTime = 3, monotonicRaw = 4, realtimeCoarse = 5, monotonicCoarse = 6, boottime = 7, tai = 11;
        k.Global("read_clock");
        foreach (int clock in (ReadOnlySpan<int>)[realtime, tai])
        {
            k.cmp(edi, clock);
            k.je(k.To("read_clock.wall"));
        }

        foreach (int clock in (ReadOnlySpan<int>)[monotonic, boottime, monotonicRaw])
        {
            k.cmp(edi, clock);
            k.je(k.To("read_clock.monotonic"));
        }

        foreach (int clock in (ReadOnlySpan<int>)[processTime, threadTime])
        {
            k.cmp(edi, clock);
            k.je(k.To("read_clock.cpu"));
        }

        // A negative number is the processor time of some process or thread.
        k.test(edi, edi);
        k.js(k.To("read_clock.cpu"));

        k.cmp(edi, realtimeCoarse);
        k.je(k.To("read_clock.wall_coarse"));
        k.cmp(edi, monotonicCoarse);
        k.je(k.To("read_clock.monotonic_coarse"));
        k.Local("read_clock.none");
        k.mov(rax, -Errno.EINVAL);
        k.stc();
        k.ret();

        k.Local("read_clock.wall");
        k.call(k.To("ktime_get_real_ts64"));
        k.clc();
        k.ret();

        k.Local("read_clock.monotonic");
        k.call(k.To("ktime_get_real_ts64"));
        k.mov(r9, rax);
        k.add(r9, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicSeconds]);
        k.mov(rax, rdx);
        k.add(rax, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicNanoseconds]);
        k.call(k.To(AddNanoseconds));
        k.clc();
        k.ret();

        k.Local("read_clock.cpu");
        HypercallStub.Inline(k, HandlerTable.HypercallOf("cpu_clock"));
        k.test(rax, rax);
        k.js(k.To("read_clock.none"));
        k.call(k.To(FromNanoseconds));
        k.clc();
        k.ret();

        k.Local("read_clock.wall_coarse");
        ReadLastTick(k, "read_clock.wall_coarse");
        k.clc();
        k.ret();

        k.Local("read_clock.monotonic_coarse");
        ReadLastTick(k, "read_clock.monotonic_coarse");
        k.mov(r9, rax);
        k.add(r9, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicSeconds]);
        k.mov(rax, rdx);
        k.add(rax, __qword_ptr[r11 + TimekeeperLayout.WallToMonotonicNanoseconds]);
        k.call(k.To(AddNanoseconds));
        k.clc();
        k.ret();
    }

    /// <summary>Coarse clocks show the time at which the timekeeper was last moved: the last tick, 250 a second.</summary>
    private static void ReadLastTick(KernelAssembler k, string name)
    {
        k.mov(r11, KernelLayout.Timekeeper);
        k.Local(name + ".retry");
        k.mov(r8d, __dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.test(r8d, 1);
        k.jne(k.To(name + ".retry"));
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.ShiftedNanoseconds]);
        k.mov(ecx, __dword_ptr[r11 + TimekeeperLayout.Shift]);
        k.shr(rdx, cl);
        k.mov(rax, __qword_ptr[r11 + TimekeeperLayout.Seconds]);
        k.cmp(r8d, __dword_ptr[r11 + TimekeeperLayout.Sequence]);
        k.jne(k.To(name + ".retry"));
    }

    private static void EmitTime(KernelAssembler k, string name, bool wide)
    {
        var c = new CompiledCode(k);
        c.Function(null, kept: 1);
        c.Move(c.Kept(0), Gpr.Rdi);
        c.Call(SecondsOf(k));
        c.Move(Gpr.Rdi, c.Kept(0));
        k.test(rdi, rdi);
        k.je(k.To(name + ".out"));
        UserAccess.Check(k, rdi, name + ".efault");
        UserAccess.Open(k);
        Store(k, name, 0, wide);
        UserAccess.Close(k);
        k.Local(name + ".out");
        c.Return();
        k.Local(name + ".efault");
        UserAccess.Close(k);
        k.mov(rax, -Errno.EFAULT);
        c.Return();
    }

    private static void EmitGetTimeOfDay(KernelAssembler k, string name, bool wide)
    {
        k.push(rsi);
        k.push(rdi);
        k.call(k.To("ktime_get_real_ts64"));
        k.mov(r9, rax);
        MicrosecondsOf(k);
        k.mov(rax, r9);
        k.pop(rdi);
        k.pop(rsi);
        k.test(rdi, rdi);
        k.je(k.To(name + ".zone"));
        UserAccess.Check(k, rdi, name + ".efault");
        UserAccess.Open(k);
        StorePair(k, name, wide);
        UserAccess.Close(k);
        k.Local(name + ".zone");
        k.test(rsi, rsi);
        k.je(k.To(name + ".out"));
        UserAccess.Check(k, rsi, name + ".efault");
        k.mov(rdx, __qword_ptr[r11 + TimekeeperLayout.TimezoneMinutesWest]);
        UserAccess.Open(k);
        k.MayFault(name + ".efault");
        k.mov(__qword_ptr[rsi], rdx);
        UserAccess.Close(k);
        k.Local(name + ".out");
        k.xor(eax, eax);
        k.ret();
        Efault(k, name);
    }

    /// <summary>RDX becomes a thousandth of EDX. A compiler multiplies where it divides by a constant.</summary>
    private static void MicrosecondsOf(KernelAssembler k)
    {
        k.mov(edx, edx);
        k.imul(rdx, rdx, DivideByThousand.Multiplier);
        k.shr(rdx, DivideByThousand.Shift);
    }

    private static void EmitClockGetTime(KernelAssembler k, string name, bool wide)
    {
        k.push(rsi);
        k.call(k.To("read_clock"));
        k.pop(rdi);
        k.jb(k.To(name + ".out"));
        UserAccess.Check(k, rdi, name + ".efault");
        UserAccess.Open(k);
        StorePair(k, name, wide);
        UserAccess.Close(k);
        k.xor(eax, eax);
        k.Local(name + ".out");
        k.ret();
        Efault(k, name);
    }

    private static void StorePair(KernelAssembler k, string name, bool wide)
    {
        Store(k, name, 0, wide);
        k.MayFault(name + ".efault");
        if (wide)
            k.mov(__qword_ptr[rdi + 8], rdx);
        else
            k.mov(__dword_ptr[rdi + 4], edx);
    }

    private static void Store(KernelAssembler k, string name, int offset, bool wide)
    {
        k.MayFault(name + ".efault");
        if (wide)
            k.mov(__qword_ptr[rdi + offset], rax);
        else
            k.mov(__dword_ptr[rdi + offset], eax);
    }

    private static void Efault(KernelAssembler k, string name)
    {
        k.Local(name + ".efault");
        UserAccess.Close(k);
        k.mov(rax, -Errno.EFAULT);
        k.ret();
    }
}
