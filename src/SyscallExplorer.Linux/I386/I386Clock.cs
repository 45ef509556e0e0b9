using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// time, gettimeofday and clock_gettime of a 32-bit kernel: the same line through the TSC as on x86-64, in words of 32 bits. A time is EAX and ECX, the lower
/// and the upper half of the seconds, and EDX, the nanoseconds.
/// </summary>
internal static class I386Clock
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private static readonly byte[] s_noFence = [0x0F, 0x1F, 0x00];
    private static readonly byte[] s_lfence = [0x0F, 0xAE, 0xE8];
    private static readonly byte[] s_mfence = [0x0F, 0xAE, 0xF0];
    private static readonly byte[] s_rdtsc = [0x0F, 0x31];
    private static readonly byte[] s_shortNop = [0x66, 0x90];

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Handler);
        EmitReadRealtime(k);
        EmitReadClock(k);
        EmitSeconds(k);
    }

    /// <summary>The seconds of the last tick; no counter is read. Later kernels have two words of them, which must belong together.</summary>
    private static void EmitSeconds(KernelAssembler k)
    {
        string retry = k.Unique("seconds_retry"), wait = k.Unique("seconds_wait");
        k.Global(PosixClocks.ReadSeconds(k));
        if (!PosixClocks.HasWideTimes(k))
        {
            k.mov(eax, Word(TimekeeperLayout.Seconds));
            k.ret();
            return;
        }

        k.push(ebx);
        k.Local(retry);
        k.mov(ebx, Word(TimekeeperLayout.Sequence));
        k.test(ebx, 1);
        k.jne(k.To(wait));
        k.mov(eax, Word(TimekeeperLayout.Seconds));
        k.mov(edx, Word(TimekeeperLayout.Seconds + 4));
        k.cmp(ebx, Word(TimekeeperLayout.Sequence));
        k.jne(k.To(retry));
        k.pop(ebx);
        k.ret();
        k.Local(wait);
        k.pause();
        k.jmp(k.To(retry));
    }

    /// <summary><c>rdtsc_ordered</c>: EDX:EAX becomes the counter. Processors without SSE2 need no fence, and those without RDTSC have another counter.</summary>
    public static void ReadCounter(KernelAssembler k)
    {
        k.Either(KernelFeature.LfenceRdtsc, s_noFence, s_lfence);
        k.Either(KernelFeature.MfenceRdtsc, s_noFence, s_mfence);
        k.Either(KernelFeature.PitClocksource, s_rdtsc, s_shortNop);
        k.CallWith((KernelFeature.PitClocksource, I386Interrupts.ReadTimer));
    }

    /// <summary>EAX is where the seconds go, or 0.</summary>
    public static void Time(KernelAssembler k)
    {
        k.push(ebx);
        k.mov(ebx, eax);
        k.call(k.To(PosixClocks.ReadSeconds(k)));
        k.test(ebx, ebx);
        k.je(k.To("time32.out"));
        Check(k, "time32");
        UserAccess.Open(k);
        Store(k, "time32", ebx, 0, eax);
        UserAccess.Close(k);
        k.Local("time32.out");
        k.pop(ebx);
        k.ret();
        Efault(k, "time32");
    }

    /// <summary>EAX is where the time goes, EDX where the zone goes; either may be 0.</summary>
    public static void GetTimeOfDay(KernelAssembler k)
    {
        const string name = "gettimeofday32";
        k.push(ebx);
        k.push(esi);
        k.mov(ebx, eax);
        k.mov(esi, edx);
        k.call(k.To("ktime_get_real_ts64"));
        k.test(ebx, ebx);
        k.je(k.To(name + ".zone"));
        k.push(eax);
        k.mov(eax, DivideByThousand.Multiplier);
        k.mul(edx);
        k.shr(edx, DivideByThousand.ShiftOfUpperHalf);
        k.pop(eax);
        Check(k, name);
        UserAccess.Open(k);
        Store(k, name, ebx, 0, eax);
        Store(k, name, ebx, 4, edx);
        UserAccess.Close(k);
        k.Local(name + ".zone");
        k.test(esi, esi);
        k.je(k.To(name + ".out"));
        k.mov(ebx, esi);
        Check(k, name);
        UserAccess.Open(k);
        foreach (int offset in (ReadOnlySpan<int>)[TimekeeperLayout.TimezoneMinutesWest, TimekeeperLayout.TimezoneDst])
        {
            k.mov(edx, Word(offset));
            Store(k, name, ebx, offset - TimekeeperLayout.TimezoneMinutesWest, edx);
        }

        UserAccess.Close(k);
        k.Local(name + ".out");
        k.xor(eax, eax);
        k.pop(esi);
        k.pop(ebx);
        k.ret();
        Efault(k, name, esi);
    }

    /// <summary>EAX is a clock, EDX where its time goes, of two words or of two pairs.</summary>
    public static void GetClock(KernelAssembler k, string name, bool wide)
    {
        k.push(ebx);
        k.mov(ebx, edx);
        k.call(k.To("read_clock"));
        k.jb(k.To(name + ".out"));
        Check(k, name);
        UserAccess.Open(k);
        Store(k, name, ebx, 0, eax);
        Store(k, name, ebx, wide ? 8 : 4, edx);
        if (wide)
        {
            Store(k, name, ebx, 4, ecx);
            k.xor(edx, edx);
            Store(k, name, ebx, 12, edx);
        }

        UserAccess.Close(k);
        k.xor(eax, eax);
        k.Local(name + ".out");
        k.pop(ebx);
        k.ret();
        Efault(k, name);
    }

    private static AssemblerMemoryOperand Word(int offset) => __dword_ptr[I386Layout.Timekeeper + (ulong)offset];

    private static void EmitReadRealtime(KernelAssembler k)
    {
        k.Global("ktime_get_real_ts64");
        k.push(ebx);
        k.push(esi);
        k.push(edi);
        k.push(ebp);
        k.Local("ktime.retry");
        k.mov(esi, Word(TimekeeperLayout.Sequence));
        k.test(esi, 1);
        k.jne(k.To("ktime.wait"));

        // The counter must not be read before the sequence number.
        ReadCounter(k);
        k.sub(eax, Word(TimekeeperLayout.CycleLast));
        k.sbb(edx, Word(TimekeeperLayout.CycleLast + 4));
        k.jae(k.To("ktime.forward"));
        k.xor(eax, eax);
        k.xor(edx, edx);
        k.Local("ktime.forward");

        Scale(k);
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.shrd(edi, ebp, cl);
        k.shrd(ebp, edx, cl);
        k.mov(ebx, Word(TimekeeperLayout.Seconds));
        k.mov(ecx, Word(TimekeeperLayout.Seconds + 4));
        k.cmp(esi, Word(TimekeeperLayout.Sequence));
        k.jne(k.To("ktime.retry"));
        Divide(k);
        k.add(eax, ebx);
        k.adc(ecx, ebp);
        k.pop(ebp);
        k.pop(edi);
        k.pop(esi);
        k.pop(ebx);
        k.ret();
        k.Local("ktime.wait");
        k.pause();
        k.jmp(k.To("ktime.retry"));
    }

    /// <summary>EDX:EBP:EDI becomes EDX:EAX times the multiplier, 96 bits, and the shifted sum added. EBX changes.</summary>
    public static void Scale(KernelAssembler k)
    {
        k.mov(ebx, edx);
        k.mul(Word(TimekeeperLayout.Mult));
        k.mov(edi, eax);
        k.mov(ebp, edx);
        k.mov(eax, ebx);
        k.mul(Word(TimekeeperLayout.Mult));
        k.add(ebp, eax);
        k.adc(edx, 0);
        k.add(edi, Word(TimekeeperLayout.ShiftedNanoseconds));
        k.adc(ebp, Word(TimekeeperLayout.ShiftedNanoseconds + 4));
        k.adc(edx, 0);
    }

    /// <summary>EBP:EDI nanoseconds become EBP:EAX seconds and EDX nanoseconds; ESI is overwritten.</summary>
    public static void Divide(KernelAssembler k)
    {
        k.mov(esi, NanosecondsPerSecond);
        k.mov(eax, ebp);
        k.xor(edx, edx);
        k.div(esi);
        k.mov(ebp, eax);
        k.mov(eax, edi);
        k.div(esi);
    }

    /// <summary>EAX is a clock. With carry set EAX is -EINVAL.</summary>
    private static void EmitReadClock(KernelAssembler k)
    {
        const int realtime = 0, monotonic = 1, processTime = 2, threadTime = 3, monotonicRaw = 4, realtimeCoarse = 5, monotonicCoarse = 6, boottime = 7, tai = 11;
        k.Global("read_clock");
        foreach ((int clock, string place) in (ReadOnlySpan<(int, string)>)[
            (realtime, "wall"), (tai, "wall"), (monotonic, "monotonic"), (boottime, "monotonic"), (monotonicRaw, "monotonic"),
            (processTime, "cpu"), (threadTime, "cpu"), (realtimeCoarse, "wall_coarse"), (monotonicCoarse, "monotonic_coarse")])
        {
            k.cmp(eax, clock);
            k.je(k.To("read_clock." + place));
        }

        // A negative number is the processor time of some process or thread.
        k.test(eax, eax);
        k.js(k.To("read_clock.cpu"));
        k.Local("read_clock.none");
        k.mov(eax, -Errno.EINVAL);
        k.stc();
        k.ret();

        k.Local("read_clock.wall");
        k.call(k.To("ktime_get_real_ts64"));
        k.clc();
        k.ret();

        k.Local("read_clock.monotonic");
        k.call(k.To("ktime_get_real_ts64"));
        k.Local("read_clock.since_boot");
        k.add(eax, Word(TimekeeperLayout.WallToMonotonicSeconds));
        k.adc(ecx, Word(TimekeeperLayout.WallToMonotonicSeconds + 4));
        k.add(edx, Word(TimekeeperLayout.WallToMonotonicNanoseconds));
        k.cmp(edx, NanosecondsPerSecond);
        k.jb(k.To("read_clock.whole"));
        k.sub(edx, NanosecondsPerSecond);
        k.add(eax, 1);
        k.adc(ecx, 0);
        k.Local("read_clock.whole");
        k.clc();
        k.ret();

        k.Local("read_clock.cpu");
        k.xor(edx, edx);
        HypercallStub.Inline(k, HandlerTable.HypercallOf("cpu_clock"));
        k.test(edx, edx);
        k.js(k.To("read_clock.none"));
        k.push(esi);
        k.push(edi);
        k.push(ebp);
        k.mov(edi, eax);
        k.mov(ebp, edx);
        Divide(k);
        k.mov(ecx, ebp);
        k.pop(ebp);
        k.pop(edi);
        k.pop(esi);
        k.clc();
        k.ret();

        k.Local("read_clock.wall_coarse");
        ReadLastTick(k, "read_clock.wall_coarse");
        k.clc();
        k.ret();

        k.Local("read_clock.monotonic_coarse");
        ReadLastTick(k, "read_clock.monotonic_coarse");
        k.jmp(k.To("read_clock.since_boot"));
    }

    /// <summary>Coarse clocks show the time at which the timekeeper was last moved: the last tick, 250 a second.</summary>
    private static void ReadLastTick(KernelAssembler k, string name)
    {
        k.push(ebx);
        k.push(esi);
        k.Local(name + ".retry");
        k.mov(esi, Word(TimekeeperLayout.Sequence));
        k.test(esi, 1);
        k.jne(k.To(name + ".retry"));
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.mov(edx, Word(TimekeeperLayout.ShiftedNanoseconds));
        k.mov(ebx, Word(TimekeeperLayout.ShiftedNanoseconds + 4));
        k.shrd(edx, ebx, cl);
        k.mov(eax, Word(TimekeeperLayout.Seconds));
        k.mov(ecx, Word(TimekeeperLayout.Seconds + 4));
        k.cmp(esi, Word(TimekeeperLayout.Sequence));
        k.jne(k.To(name + ".retry"));
        k.pop(esi);
        k.pop(ebx);
    }

    /// <summary>EBX must be an address of the program.</summary>
    private static void Check(KernelAssembler k, string name)
    {
        k.cmp(ebx, (uint)I386Layout.PageOffset);
        k.jae(k.To(name + ".efault"));
    }

    private static void Store(KernelAssembler k, string name, AssemblerRegister32 place, int offset, AssemblerRegister32 value)
    {
        k.MayFault(name + ".efault");
        k.mov(__dword_ptr[place + offset], value);
    }

    private static void Efault(KernelAssembler k, string name, AssemblerRegister32? saved = null)
    {
        k.Local(name + ".efault");
        UserAccess.Close(k);
        k.mov(eax, -Errno.EFAULT);
        if (saved is { } register)
            k.pop(register);
        k.pop(ebx);
        k.ret();
    }
}
