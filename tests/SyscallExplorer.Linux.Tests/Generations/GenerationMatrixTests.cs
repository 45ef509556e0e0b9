using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Every generation by every way into it that a processor has.</summary>
public sealed class GenerationMatrixTests
{
    private const ulong Marker = 0x1122_3344_5566_7700;
    private const uint Marker32 = 0x1122_3300;
    private const uint Unreadable = 0x1000;
    private const string Fred = "fred=on";

    private static readonly CpuModel[] s_cpus = [Cpus.Haswell, Cpus.Skylake, Cpus.Core2, Cpus.Zen2, Cpus.Zen4, Cpus.K8];

    public static TheoryData<string, string, string, Way> Rows() => RowsOf(Enum.GetValues<Way>());

    public static TheoryData<string, string, string, Way> WaysWithTheSixthArgumentOnTheStack() => RowsOf([Way.Sysenter32, Way.Syscall32]);

    public static TheoryData<string, string, string, Way> WaysWithTheSixthArgumentInARegister() => RowsOf([Way.Syscall, Way.Int80, Way.Int80From64Bit]);

    private static TheoryData<string, string, string, Way> RowsOf(Way[] ways)
    {
        var rows = new TheoryData<string, string, string, Way>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in s_cpus)
            {
                foreach (string options in kernel.Traits.Version >= new Version(4, 15) ? (string[])["pti=on", "pti=off"] : [""])
                {
                    foreach (Way way in ways.Where(way => way.IsOf(cpu)))
                        rows.Add(kernel.Name, cpu.Name, options, way);
                }
            }

            foreach (Way way in ways.Where(way => kernel.Traits.HasFred && way.IsOf(Cpus.PantherLake)))
                rows.Add(kernel.Name, Cpus.PantherLake.Name, Fred, way);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Getpid_answers_and_leaves_the_registers_as_documented(string kernel, string cpu, string options, Way way)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        Round round = Round.Of(kernel, cpu, options, way, a => way.Enter(a, generation, way.GetpidNumber()));
        PtRegs end = round.End;
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        foreach ((int offset, int index) in s_registers)
        {
            ulong expected = options == Fred ? Marked(way, index) : Expected(generation, way, index, round);
            Assert.True(expected == end[offset], $"{PtRegs.FieldNames[offset / 8]}: {end[offset]:x}, and not {expected:x}.");
        }

        Assert.Equal(way.IsWide() ? Selectors.UserCs : (ulong)Selectors.User32Cs, end[PtRegsOffsets.Cs]);
        Assert.Equal((ulong)Selectors.UserDs, end[PtRegsOffsets.Ss]);
        Assert.NotEqual(0ul, end[PtRegsOffsets.Flags] & Rflags.IF);
        Assert.Equal(ExitOf(way, generation, cpu, options), round.Exit.By);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_bad_number_is_enosys(string kernel, string cpu, string options, Way way)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        foreach (int number in (int[])[generation.Traits.NrSyscalls + 600, -2, int.MinValue, -1])
        {
            Round round = Round.Of(kernel, cpu, options, way, a => way.Enter(a, generation, number));
            Assert.Equal(-Errno.ENOSYS, (int)round.End[PtRegsOffsets.Ax]);
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_call_gets_all_six_arguments(string kernel, string cpu, string options, Way way)
    {
        // FUTEX_CMP_REQUEUE compares a word, which is zero, with the sixth argument.
        Assert.Equal(0, (int)Requeue(0).End[PtRegsOffsets.Ax]);
        Assert.Equal(-Errno.EAGAIN, (int)Requeue(7).End[PtRegsOffsets.Ax]);

        Round Requeue(int sixth) => Round.Of(kernel, cpu, options, way, a =>
        {
            const int compareRequeue = 4, futex64 = 202, futex32 = 240;
            int word = (int)(way.IsWide() ? UserSpace.Data64 : UserSpace.Data32);
            int[] arguments = [word, compareRequeue, 1, 1, word + 64, sixth];
            AssemblerRegister32[] registers = way == Way.Syscall ? [edi, esi, edx, r10d, r8d, r9d] : [ebx, ecx, edx, esi, edi, ebp];
            for (int i = 0; i < arguments.Length; i++)
                a.mov(registers[i], arguments[i]);
            way.Enter(a, Kernels.Find(kernel), way.HasNumbersOf64Bit() ? futex64 : futex32);
        });
    }

    /// <summary>The call is not done, and the way back is IRET. The vDSO's landing pad then pops from the same place: the program's own fault.</summary>
    [Theory]
    [MemberData(nameof(WaysWithTheSixthArgumentOnTheStack))]
    public void A_sixth_argument_that_cannot_be_read_is_efault(string kernel, string cpu, string options, Way way)
    {
        KernelGeneration generation = Kernels.Find(kernel);
        LinuxMachine machine = Guest.Load(a =>
        {
            Ways.TouchVdso(a);
            a.mov(eax, way.GetpidNumber());
            // SYSENTER alone forgets ESP, which the program then gives in EBP; FRED saves it as any event does.
            a.mov(way == Way.Sysenter32 && options != Fred ? ebp : esp, Unreadable);
            if (way == Way.Sysenter32)
                a.sysenter();
            else
                a.syscall();

            a.hlt();
        }, 32, Cpus.Find(cpu), options, kernel: generation);
        RingExit exit = RingExits.Run(machine)[^1];
        Assert.Equal(-Errno.EFAULT, (int)exit.Rax);
        Assert.Equal(options == Fred ? Mnemonic.Eretu : Mnemonic.Iretq, exit.By);
        Assert.Equal(SignalNumbers.SIGSEGV, machine.Signal);
        bool returnsBehindTheInstruction = way == Way.Syscall32 && generation.Traits.HasPartialFrame;
        Assert.Equal(returnsBehindTheInstruction ? UserSpace.Code32 + 17 : LandingPad(machine), exit.To);
        if (!returnsBehindTheInstruction)
            Assert.Equal(Unreadable, machine.Fatal!.FaultAddress);
    }

    [Theory]
    [MemberData(nameof(WaysWithTheSixthArgumentInARegister))]
    public void Where_the_sixth_argument_is_a_register_no_memory_is_read_for_it(string kernel, string cpu, string options, Way way)
    {
        Round round = Round.Of(kernel, cpu, options, way, a =>
        {
            a.mov(ebp, Unreadable);
            a.mov(esp, Unreadable);
            way.Enter(a, Kernels.Find(kernel), way.GetpidNumber());
        });
        Assert.Equal((ulong)TaskIdentity.Pid, round.End[PtRegsOffsets.Ax]);
        Assert.Equal(ExitOf(way, Kernels.Find(kernel), cpu, options), round.Exit.By);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_call_that_the_kit_lacks_is_enosys_and_is_counted(string kernel, string cpu, string options, Way way)
    {
        const int keyctl64 = 250, keyctl32 = 288;
        Round round = Round.Of(kernel, cpu, options, way, a => way.Enter(a, Kernels.Find(kernel), way == Way.Syscall ? keyctl64 : keyctl32));
        Assert.Equal(-Errno.ENOSYS, (int)round.End[PtRegsOffsets.Ax]);
        Assert.Equal(1, round.Missing["keyctl"]);
    }

    private static ulong LandingPad(LinuxMachine machine) => Guest.Peek(machine, machine.Tasks.Current[TaskLayout.Mm] + TaskLayout.MmLandingPad);

    private static readonly (int Offset, int Index)[] s_registers =
    [
        (PtRegsOffsets.Cx, 1), (PtRegsOffsets.Dx, 2), (PtRegsOffsets.Bx, 3), (PtRegsOffsets.Bp, 5), (PtRegsOffsets.Si, 6), (PtRegsOffsets.Di, 7),
        (PtRegsOffsets.R8, 8), (PtRegsOffsets.R9, 9), (PtRegsOffsets.R10, 10), (PtRegsOffsets.R11, 11), (PtRegsOffsets.R12, 12),
        (PtRegsOffsets.R13, 13), (PtRegsOffsets.R14, 14), (PtRegsOffsets.R15, 15),
    ];

    /// <summary>
    /// SYSCALL itself takes RCX and R11; int 0x80 cleared R8 to R11 of 64-bit callers until Linux 4.17. A 32-bit program's R8 to R15 are zero, but SYSRET
    /// leaves the flags in R11.
    /// </summary>
    private static ulong Expected(KernelGeneration kernel, Way way, int index, Round round)
    {
        ulong flags = round.End[PtRegsOffsets.Flags] & ~Rflags.RF;
        if (way == Way.Syscall && index == 1)
            return round.AfterCall;
        if (index == 11 && round.Exit.By is Mnemonic.Sysretq or Mnemonic.Sysret)
            return flags;
        if (way == Way.Int80From64Bit && index is >= 8 and <= 11 && kernel.Traits.Version < new Version(4, 17))
            return 0;
        return Marked(way, index);
    }

    /// <summary>What the program had there: a 32-bit one has nothing in R8 to R15.</summary>
    private static ulong Marked(Way way, int index) => way.IsWide() ? Marker + (ulong)index : index >= 8 ? 0 : Marker32 + (uint)index;

    /// <summary>FRED has one way back for all.</summary>
    private static Mnemonic ExitOf(Way way, KernelGeneration kernel, string cpu, string options) =>
        options == Fred ? Mnemonic.Eretu : way.Exit(kernel, Cpus.Find(cpu));

    /// <summary>A call between a program's registers filled with markers and the HLT that ends it.</summary>
    private sealed record Round(PtRegs End, RingExit Exit, ulong AfterCall, IReadOnlyDictionary<string, int> Missing)
    {
        public static Round Of(string kernel, string cpu, string options, Way way, Action<Assembler> call)
        {
            LinuxMachine machine = Guest.Load(a =>
            {
                if (way.IsWide())
                    Fill(a, [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15], (register, value) => a.mov(register, value), Marker);
                else
                    Fill(a, [eax, ecx, edx, ebx, esp, ebp, esi, edi], (register, value) => a.mov(register, (uint)value), Marker32);
                call(a);
                a.hlt();
            }, way.Bitness(), Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));
            List<RingExit> exits = RingExits.Run(machine, 20_000);
            Assert.NotNull(machine.Fatal);
            Assert.StartsWith("#GP", machine.Fatal.Title.Split(": ")[^1], StringComparison.Ordinal);
            return new Round(machine.Fatal.Registers, exits[^1], machine.Fatal.Registers[PtRegsOffsets.Ip], machine.Unimplemented);
        }

        private static void Fill<T>(Assembler a, T[] registers, Action<T, ulong> move, ulong marker)
        {
            for (int i = 0; i < registers.Length; i++)
            {
                if (i != (int)Gpr.Rsp)
                    move(registers[i], marker + (ulong)i);
            }
        }
    }
}
