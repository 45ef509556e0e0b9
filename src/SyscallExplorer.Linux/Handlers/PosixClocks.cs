using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// The clocks of 64-bit kernels, function by function as in Linux: a table leads from a number to one that reads the clock into a time, seconds and nanoseconds, in kernel memory; the timekeeper is
/// read under its sequence counter, and the counter behind it through a pointer.
/// </summary>
internal static class PosixClocks
{
    public const string Lookup = "clockid_to_kclock", ReadTsc = "read_tsc";
    public const string Realtime = "posix_get_realtime_timespec", Monotonic = "posix_get_monotonic_timespec", Raw = "posix_get_monotonic_raw", Boottime = "posix_get_boottime_timespec",
        RealtimeCoarse = "posix_get_realtime_coarse", MonotonicCoarse = "posix_get_monotonic_coarse", Tai = "posix_get_tai_timespec", Cpu = "posix_cpu_clock_get";

    private const int NanosecondsPerSecond = 1_000_000_000, Nanoseconds = 8;
    private static readonly byte[] s_lfenceRdtsc = [0x0F, 0xAE, 0xE8, 0x0F, 0x31];
    private static readonly byte[] s_rdtscp = [0x0F, 0x01, 0xF9, 0x66, 0x90];

    /// <summary>The function that reads the time of day into a time at its first argument.</summary>
    public static string ReadTimeOfDay(CompiledCode c) => HasWideTimes(c.K) ? "ktime_get_real_ts64" : "getnstimeofday";

    /// <summary>The seconds of the last tick.</summary>
    public static string ReadSeconds(KernelAssembler k) => HasWideTimes(k) ? "ktime_get_real_seconds" : "get_seconds";

    private static string ReadMonotonic(CompiledCode c) => HasWideTimes(c.K) ? "ktime_get_ts64" : "ktime_get_ts";

    /// <summary>From Linux 3.17 on the timekeeper has seconds of 64 bits everywhere.</summary>
    public static bool HasWideTimes(KernelAssembler k) => k.Traits.Version >= new Version(3, 17);

    public static void Emit(CompiledCode c)
    {
        EmitReadTsc(c);
        EmitSeconds(c);
        EmitReadTime(c, ReadTimeOfDay(c), isMonotonic: false);
        EmitReadTime(c, ReadMonotonic(c), isMonotonic: true);
        EmitForward(c, Realtime, ReadTimeOfDay(c), isMonotonic: false);
        EmitForward(c, Tai, ReadTimeOfDay(c), isMonotonic: false);
        foreach (string name in (ReadOnlySpan<string>)[Monotonic, Raw, Boottime])
            EmitForward(c, name, ReadMonotonic(c), isMonotonic: true);
        EmitCoarse(c, RealtimeCoarse, isMonotonic: false);
        EmitCoarse(c, MonotonicCoarse, isMonotonic: true);
        EmitCpu(c);
        EmitLookup(c);
    }

    private static AssemblerMemoryOperand Word(int offset) => __dword_ptr[KernelLayout.Timekeeper + (ulong)offset];

    private static AssemblerMemoryOperand Quad(int offset) => __qword_ptr[KernelLayout.Timekeeper + (ulong)offset];

    private static void EmitReadTsc(CompiledCode c)
    {
        c.Function(ReadTsc);
        ReadInOrder(c.K);
        c.Return();
    }

    /// <summary><c>rdtsc_ordered</c>: RAX becomes the counter, and RDX is overwritten.</summary>
    public static void ReadInOrder(KernelAssembler k)
    {
        k.Either(KernelFeature.Rdtscp, s_lfenceRdtsc, s_rdtscp);
        k.shl(rdx, 32);
        k.or(rax, rdx);
    }

    private static void EmitSeconds(CompiledCode c)
    {
        c.Function(ReadSeconds(c.K));
        c.LoadGlobal(Gpr.Rax, KernelLayout.Timekeeper + TimekeeperLayout.Seconds);
        c.Return();
    }

    /// <summary>A time.</summary>
    private static void EmitReadTime(CompiledCode c, string name, bool isMonotonic)
    {
        string retry = name + ".retry", wait = name + ".wait";
        KernelAssembler k = c.K;
        Gpr time = c.Kept(0), sequence = c.Kept(1), seconds = c.Kept(2);
        c.Function(name, kept: 3);
        c.Move(time, Gpr.Rdi);
        k.Local(retry);
        k.mov(c.Narrow(sequence), Word(TimekeeperLayout.Sequence));
        k.test(c.Narrow(sequence), 1);
        k.jne(k.To(wait));
        k.mov(c.Wide(seconds), Quad(TimekeeperLayout.Seconds));
        k.mov(rdi, Quad(TimekeeperLayout.Source));
        c.CallIndirect(Gpr.Rdi, PosixClockTable.ReadCounter, Gpr.Rcx);

        // The counter of another processor may be behind the last tick's.
        k.xor(edx, edx);
        k.sub(rax, Quad(TimekeeperLayout.CycleLast));
        k.cmovb(rax, rdx);
        k.mov(ecx, Word(TimekeeperLayout.Mult));
        k.mul(rcx);
        k.add(rax, Quad(TimekeeperLayout.ShiftedNanoseconds));
        k.adc(rdx, 0);
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.shrd(rax, rdx, cl);
        if (isMonotonic)
        {
            k.add(c.Wide(seconds), Quad(TimekeeperLayout.WallToMonotonicSeconds));
            k.add(rax, Quad(TimekeeperLayout.WallToMonotonicNanoseconds));
        }

        k.cmp(c.Narrow(sequence), Word(TimekeeperLayout.Sequence));
        k.jne(k.To(retry));
        StoreTime(c, time, seconds, name);
        c.Return();
        k.Local(wait);
        k.pause();
        k.jmp(k.To(retry));
    }

    /// <summary>
    /// Seconds, and nanoseconds in RAX, of which seconds are taken off. A tick has moved the clock not long ago, so that there are few of them, and subtracting is faster than to divide.
    /// </summary>
    private static void StoreTime(CompiledCode c, Gpr time, Gpr seconds, string name)
    {
        string more = name + ".second", done = name + ".nanoseconds";
        KernelAssembler k = c.K;
        k.cmp(rax, NanosecondsPerSecond);
        k.jb(k.To(done));
        k.Local(more);
        k.sub(rax, NanosecondsPerSecond);
        k.add(c.Wide(seconds), 1);
        k.cmp(rax, NanosecondsPerSecond);
        k.jae(k.To(more));
        k.Local(done);
        c.Store(time, 0, seconds);
        c.Store(time, Nanoseconds, Gpr.Rax);
    }

    /// <summary>Clock, time: as a clock's function.</summary>
    private static void EmitForward(CompiledCode c, string name, string read, bool isMonotonic)
    {
        bool hasNamespaces = isMonotonic && c.Version >= new Version(5, 6);
        c.Function(name, kept: hasNamespaces ? 1 : 0);
        if (hasNamespaces)
            c.Move(c.Kept(0), Gpr.Rsi);
        c.Move(Gpr.Rdi, Gpr.Rsi);
        c.Call(read);
        if (hasNamespaces)
            AddOffset(c, c.Kept(0), name);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }

    /// <summary>From Linux 5.6 on namespaces of time may move the clocks that begin with the boot; the first one does not.</summary>
    private static void AddOffset(CompiledCode c, Gpr time, string name)
    {
        c.Current(Gpr.Rdx);
        c.Load(Gpr.Rdx, Gpr.Rdx, TaskLayout.NamespaceProxy);
        c.Load(Gpr.Rdx, Gpr.Rdx, TaskLayout.ProxyTimeNamespace);
        c.Load(Gpr.Rcx, time, 0);
        c.Load(Gpr.Rax, time, Nanoseconds);
        c.K.add(rcx, __[rdx + TimeNamespace.Offsets]);
        c.K.add(rax, __[rdx + TimeNamespace.Offsets + Nanoseconds]);
        StoreTime(c, time, Gpr.Rcx, name);
    }

    /// <summary>Coarse clocks show the time at which the timekeeper was last moved: the last tick, 250 a second.</summary>
    private static void EmitCoarse(CompiledCode c, string name, bool isMonotonic)
    {
        string retry = name + ".retry", wait = name + ".wait";
        KernelAssembler k = c.K;
        c.Function(name);
        k.Local(retry);
        k.mov(r8d, Word(TimekeeperLayout.Sequence));
        k.test(r8d, 1);
        k.jne(k.To(wait));
        k.mov(rax, Quad(TimekeeperLayout.ShiftedNanoseconds));
        k.mov(ecx, Word(TimekeeperLayout.Shift));
        k.shr(rax, cl);
        k.mov(rdx, Quad(TimekeeperLayout.Seconds));
        if (isMonotonic)
        {
            k.add(rdx, Quad(TimekeeperLayout.WallToMonotonicSeconds));
            k.add(rax, Quad(TimekeeperLayout.WallToMonotonicNanoseconds));
        }

        k.cmp(r8d, Word(TimekeeperLayout.Sequence));
        k.jne(k.To(retry));
        StoreTime(c, Gpr.Rsi, Gpr.Rdx, name);
        c.Constant(Gpr.Rax, 0);
        c.Return();
        k.Local(wait);
        k.pause();
        k.jmp(k.To(retry));
    }

    /// <summary>Processor time: the host keeps the accounts.</summary>
    private static void EmitCpu(CompiledCode c)
    {
        string none = Cpu + ".none";
        KernelAssembler k = c.K;
        c.Function(Cpu);
        HypercallStub.Inline(k, HandlerTable.HypercallOf("cpu_clock"));
        k.test(rax, rax);
        k.js(k.To(none));
        k.xor(edx, edx);
        k.mov(ecx, NanosecondsPerSecond);
        k.div(rcx);
        c.Store(Gpr.Rsi, 0, Gpr.Rax);
        c.Store(Gpr.Rsi, Nanoseconds, Gpr.Rdx);
        c.Constant(Gpr.Rax, 0);
        c.Return();
        k.Local(none);
        c.Error(Errno.EINVAL);
        c.Return();
    }

    /// <summary>A number of a clock; from Linux 4.15 on one that was taken for smaller than it is leads nowhere.</summary>
    private static void EmitLookup(CompiledCode c)
    {
        const string negative = Lookup + ".negative", none = Lookup + ".none";
        KernelAssembler k = c.K;
        c.Function(Lookup);
        c.Test32(Gpr.Rdi);
        k.js(k.To(negative));
        k.cmp(edi, PosixClockTable.Count);
        k.jae(k.To(none));
        k.mov(edi, edi);
        if (c.K.Traits.Vfs.MasksDescriptor)
        {
            k.cmp(rdi, PosixClockTable.Count);
            k.sbb(rax, rax);
            k.and(rdi, rax);
        }

        k.mov(rax, __qword_ptr[rdi * 8 + unchecked((long)PosixClockTable.Address)]);
        c.Return();
        k.Local(negative);
        k.mov(rax, PosixClockTable.Cpu);
        c.Return();
        k.Local(none);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }
}
