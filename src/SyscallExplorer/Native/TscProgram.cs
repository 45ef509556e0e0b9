using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>A program that holds the time-stamp counter against the kernel's monotonic clock while it sleeps.</summary>
internal static class TscProgram
{
    private const int Monotonic = 1;
    private const int Nanoseconds = 100_000_000;
    private const int Room = ChildLayout.RoomAt, RoomAddress = (int)ChildLayout.Data + Room;
    private const int NanosecondsPerSecond = 1_000_000_000;

    public static byte[] Build(ChildPlan plan)
    {
        var a = new ChildAssembler(64);
        a.Start(plan);
        Read(a);
        a.mov(r12, r8);
        a.mov(r13, r9);
        a.mov(__qword_ptr[rbp + Room], 0);
        a.mov(__qword_ptr[rbp + Room + 8], Nanoseconds);
        a.Call("nanosleep", RoomAddress, 0);
        Read(a);
        a.sub(r8, r12);
        a.shr(r8, 1);
        a.sub(r9, r13);
        Keep(a, ChildLayout.ChainSeries, r8);
        Keep(a, ChildLayout.ControlSeries, r9);
        Keep(a, ChildLayout.SubjectSeries, r15);
        a.mov(a.At(ChildLayout.RoundsAt), 1);
        a.WriteAndExit();
        return a.Finish();
    }

    /// <summary>The frequency by what the program wrote: ticks in the first series, nanoseconds in the second.</summary>
    public static TscFrequency? FrequencyOf(ChildOutput output) => output.Control[0] < Nanoseconds
        ? null
        : new TscFrequency((double)output.Chain[0] * NanosecondsPerSecond / output.Control[0], "measured against the kernel's monotonic clock over 100 ms");

    /// <summary>R8: the counter before and after the clock was read, added; R9: the clock in nanoseconds; R15: the ticks that reading it took.</summary>
    private static void Read(ChildAssembler a)
    {
        Counter(a);
        a.mov(r14, rax);
        a.Call("clock_gettime", Monotonic, RoomAddress);
        Counter(a);
        a.lea(r8, __[rax + r14]);
        a.mov(r15, rax);
        a.sub(r15, r14);
        a.imul(r9, __qword_ptr[rbp + Room], NanosecondsPerSecond);
        a.add(r9, __qword_ptr[rbp + Room + 8]);
    }

    private static void Counter(ChildAssembler a)
    {
        a.ReadClock();
        a.shl(rdx, 32);
        a.or(rax, rdx);
    }

    private static void Keep(ChildAssembler a, int series, Iced.Intel.AssemblerRegister64 value) =>
        a.mov(__qword_ptr[rbp + ChildLayout.SeriesAt + (series * ChildLayout.SeriesSize)], value);
}
