using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>All that <see cref="Native.Measure"/> measures.</summary>
internal static class NativeSubjects
{
    public const string GetPid = "getpid", Unused = "unused";

    /// <summary>How a 32-bit program says that the kernel has told it no <c>__kernel_vsyscall</c>.</summary>
    public const int NoKernelVsyscall = 3;

    /// <summary>Where an argument points to: room in the program's data.</summary>
    private const int Room = (int)ChildLayout.Data + ChildLayout.RoomAt;

    /// <summary>Passes of a loop around something that may cost thousands of ticks: a batch should be done before the next interrupt.</summary>
    private const int FewLoops = 40;

    /// <summary>Calls that tell the time or the CPU, with the numbers that each is given.</summary>
    private static readonly (string Call, string Function, Action<ChildAssembler> Arguments, ExpectedAnswer Answer)[] s_timeCalls =
    [
        ("clock_gettime(MONOTONIC)", "clock_gettime", a => Clock(a, 1), ExpectedAnswer.Zero),
        ("clock_gettime(MONOTONIC_COARSE)", "clock_gettime", a => Clock(a, 6), ExpectedAnswer.Zero),
        ("clock_gettime(REALTIME)", "clock_gettime", a => Clock(a, 0), ExpectedAnswer.Zero),
        ("gettimeofday", "gettimeofday", TwoArguments, ExpectedAnswer.Zero),
        ("time", "time", a => a.xor(edi, edi), ExpectedAnswer.Positive),
        ("getcpu", "getcpu", ThreeArguments, ExpectedAnswer.Zero),
    ];

    /// <summary>The three entries of the old page, 1024 bytes apart.</summary>
    private static readonly string[] s_vsyscallPage = ["gettimeofday", "time", "getcpu"];

    /// <summary>The subjects, in the order of the table.</summary>
    /// <param name="vdso">Offsets of the functions of the vDSO's image, by name; what is not there is not measured.</param>
    public static IEnumerable<NativeSubject> All(IReadOnlyDictionary<string, ulong> vdso) =>
    [
        Syscall(GetPid, NumberOf64(GetPid), ExpectedAnswer.Positive),
        Syscall(Unused, HostCalls.Unused, ExpectedAnswer.NoSuchCall),
        Syscall(GetPid, HostCalls.X32Bit | NumberOf64(GetPid), ExpectedAnswer.Positive) with { Way = NativeWay.X32 },
        .. Int80(NativeWay.Int80From64Bit, 64),
        .. Int80(NativeWay.Int80, 32),
        .. KernelVsyscall(),
        .. s_timeCalls.Select(call => Syscall(call.Call, NumberOf64(call.Function), call.Answer, call.Arguments)),
        .. s_timeCalls.Where(call => vdso.ContainsKey(call.Function)).Select(call => Vdso(call.Call, vdso[call.Function], call.Arguments, call.Answer)),
        .. s_vsyscallPage.Select(VsyscallPage),
        .. Instructions(),
    ];

    private static int NumberOf64(string call) => HostCalls.NumberOf(call, 64);

    private static NativeSubject Syscall(string call, int number, ExpectedAnswer expected, Action<ChildAssembler>? arguments = null) => new(NativeWay.Syscall, call)
    {
        Arguments = a =>
        {
            arguments?.Invoke(a);
            a.mov(eax, number);
        },
        Body = a => a.syscall(),
        Expected = expected,
    };

    private static IEnumerable<NativeSubject> Int80(NativeWay way, int bitness) => Calls32().Select(call => new NativeSubject(way, call.Call)
    {
        Bitness = bitness,
        Loops = FewLoops,
        Arguments = a => a.mov(eax, call.Number),
        Body = a => a.Int80(),
        Expected = call.Answer,
    });

    /// <summary>The kernel tells a 32-bit program where to call in EDI's value here; the first bytes of it are kept, to see which instruction it is.</summary>
    private static IEnumerable<NativeSubject> KernelVsyscall() => Calls32().Select(call => new NativeSubject(NativeWay.KernelVsyscall, call.Call)
    {
        Bitness = 32,
        Once = KeepStub,
        Prepare = a => a.mov(edi, a.At(ChildLayout.AuxiliaryAt)),
        Arguments = a => a.mov(eax, call.Number),
        Body = a => a.call(edi),
        Expected = call.Answer,
    });

    private static IEnumerable<(string Call, int Number, ExpectedAnswer Answer)> Calls32() =>
        [(GetPid, HostCalls.NumberOf(GetPid, 32), ExpectedAnswer.Positive), (Unused, HostCalls.Unused, ExpectedAnswer.NoSuchCall)];

    private static void KeepStub(ChildAssembler a)
    {
        Label there = a.CreateLabel(), next = a.CreateLabel();
        a.mov(edi, a.At(ChildLayout.AuxiliaryAt));
        a.test(edi, edi);
        a.jne(there);
        a.Call("exit_group", NoKernelVsyscall);
        a.Label(ref there);
        a.xor(ecx, ecx);
        a.Label(ref next);
        a.mov(al, __byte_ptr[edi + ecx]);
        a.mov(__byte_ptr[ebp + ecx + ChildLayout.StubAt], al);
        a.inc(ecx);
        a.cmp(ecx, ChildLayout.StubSize);
        a.jb(next);
    }

    private static NativeSubject Vdso(string call, ulong offset, Action<ChildAssembler> arguments, ExpectedAnswer expected) => new(NativeWay.Vdso, call)
    {
        Prepare = a =>
        {
            a.mov(r13, __qword_ptr[rbp + ChildLayout.AuxiliaryAt]);
            a.add(r13, (int)offset);
        },
        Arguments = arguments,
        Body = a => a.call(r13),
        Expected = expected,
    };

    private static NativeSubject VsyscallPage(string call, int index)
    {
        const long page = -10 << 20, stride = 1024;
        (_, _, Action<ChildAssembler> arguments, ExpectedAnswer answer) = s_timeCalls.Single(known => known.Call == call);
        return new NativeSubject(NativeWay.VsyscallPage, call)
        {
            Loops = FewLoops,
            Prepare = a => a.mov(r13, page + (index * stride)),
            Arguments = arguments,
            Body = a => a.call(r13),
            Expected = answer,
        };
    }

    private static IEnumerable<NativeSubject> Instructions() =>
    [
        Instruction("rdtsc", a => a.rdtsc()),
        Instruction("rdtscp", a => a.rdtscp()),
        Instruction("rdpid", a => a.rdpid(rax)),
        Instruction("lfence", a => a.lfence()),
        Instruction("pushf+popf", a =>
        {
            a.pushfq();
            a.popfq();
        }),
        Instruction("imul r64 (chain)", a => a.imul(rax, rcx)) with { Prepare = a => a.mov(ecx, 1), Loops = 4, Copies = 100 },
        Instruction("cpuid", a => a.cpuid()) with { Arguments = a => a.xor(eax, eax), Loops = FewLoops, Copies = 1 },
    ];

    private static NativeSubject Instruction(string name, Action<ChildAssembler> body) => new(NativeWay.Instruction, name) { Body = body, Loops = 20, Copies = 10 };

    private static void Clock(ChildAssembler a, int clock)
    {
        a.mov(edi, clock);
        a.mov(esi, Room);
    }

    private static void TwoArguments(ChildAssembler a)
    {
        a.mov(edi, Room);
        a.xor(esi, esi);
    }

    private static void ThreeArguments(ChildAssembler a)
    {
        TwoArguments(a);
        a.xor(edx, edx);
    }
}
