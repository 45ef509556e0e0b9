using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Every generation by every way into it that a processor has.</summary>
public sealed class GenerationMatrixTests
{
    private const ulong Marker = 0x1122_3344_5566_7700;
    private const uint Marker32 = 0x1122_3300;
    private const int Vector = 0x80;
    private const string Fred = "fred=on";

    /// <summary>A way in, as the program sees it.</summary>
    public enum Way
    {
        Syscall,
        Int80,
        Int80From64Bit,
        Vsyscall32,
    }

    public static TheoryData<string, string, string, Way> Rows()
    {
        var rows = new TheoryData<string, string, string, Way>();
        foreach (KernelGeneration kernel in Kernels.All)
        {
            foreach (CpuModel cpu in (CpuModel[])[Cpus.Haswell, Cpus.Skylake, Cpus.Zen2])
            {
                foreach (string options in kernel.Traits.Version >= new Version(4, 15) ? (string[])["pti=on", "pti=off"] : [""])
                {
                    foreach (Way way in Enum.GetValues<Way>())
                        rows.Add(kernel.Name, cpu.Name, options, way);
                }
            }

            foreach (Way way in kernel.Traits.HasFred ? Enum.GetValues<Way>() : [])
                rows.Add(kernel.Name, Cpus.PantherLake.Name, Fred, way);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Getpid_answers_and_leaves_the_registers_as_documented(string kernel, string cpu, string options, Way way)
    {
        Round round = Round.Of(kernel, cpu, options, way, a => Enter(a, way, way == Way.Syscall ? 39 : 20));
        PtRegs end = round.End;
        Assert.Equal((ulong)TaskIdentity.Pid, end[PtRegsOffsets.Ax]);
        foreach ((int offset, int index) in s_registers)
        {
            if (!IsWide(way) && index >= 8)
                continue;
            ulong expected = options == Fred ? Marked(way, index) : Expected(Kernels.Find(kernel), way, index, round);
            Assert.True(expected == end[offset], $"{PtRegs.FieldNames[offset / 8]}: {end[offset]:x}, and not {expected:x}.");
        }

        Assert.Equal(options == Fred ? Mnemonic.Eretu : ExitOf(Kernels.Find(kernel), way, Cpus.Find(cpu)), round.Exit);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_bad_number_is_enosys(string kernel, string cpu, string options, Way way)
    {
        foreach (int number in (int[])[Kernels.Find(kernel).Traits.NrSyscalls + 600, -2, int.MinValue, -1])
        {
            Round round = Round.Of(kernel, cpu, options, way, a => Enter(a, way, number));
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
            int word = (int)(IsWide(way) && way != Way.Int80From64Bit ? UserSpace.Data64 : UserSpace.Data32);
            if (way == Way.Int80From64Bit)
                word = (int)UserSpace.Data64;
            int[] arguments = [word, compareRequeue, 1, 1, word + 64, sixth];
            AssemblerRegister32[] registers = way == Way.Syscall ? [edi, esi, edx, r10d, r8d, r9d] : [ebx, ecx, edx, esi, edi, ebp];
            for (int i = 0; i < arguments.Length; i++)
                a.mov(registers[i], arguments[i]);
            Enter(a, way, way == Way.Syscall ? futex64 : futex32);
        });
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_call_that_the_kit_lacks_is_enosys_and_is_counted(string kernel, string cpu, string options, Way way)
    {
        const int keyctl64 = 250, keyctl32 = 288;
        Round round = Round.Of(kernel, cpu, options, way, a => Enter(a, way, way == Way.Syscall ? keyctl64 : keyctl32));
        Assert.Equal(-Errno.ENOSYS, (int)round.End[PtRegsOffsets.Ax]);
        Assert.Equal(1, round.Missing["keyctl"]);
    }

    private static readonly (int Offset, int Index)[] s_registers =
    [
        (PtRegsOffsets.Cx, 1), (PtRegsOffsets.Dx, 2), (PtRegsOffsets.Bx, 3), (PtRegsOffsets.Bp, 5), (PtRegsOffsets.Si, 6), (PtRegsOffsets.Di, 7),
        (PtRegsOffsets.R8, 8), (PtRegsOffsets.R9, 9), (PtRegsOffsets.R10, 10), (PtRegsOffsets.R11, 11), (PtRegsOffsets.R12, 12),
        (PtRegsOffsets.R13, 13), (PtRegsOffsets.R14, 14), (PtRegsOffsets.R15, 15),
    ];

    /// <summary>SYSCALL itself takes RCX and R11; int 0x80 cleared R8 to R11 of 64-bit callers until Linux 4.17.</summary>
    private static ulong Expected(KernelGeneration kernel, Way way, int index, Round round)
    {
        if (way == Way.Syscall && index == 1)
            return round.AfterCall;
        if (way == Way.Syscall && index == 11)
            return round.End[PtRegsOffsets.Flags] & ~Rflags.RF;
        if (way == Way.Int80From64Bit && index is >= 8 and <= 11 && kernel.Traits.Version < new Version(4, 17))
            return 0;
        return Marked(way, index);
    }

    private static ulong Marked(Way way, int index) => IsWide(way) ? Marker + (ulong)index : Marker32 + (uint)index;

    private static Mnemonic ExitOf(KernelGeneration kernel, Way way, CpuModel cpu) => way switch
    {
        Way.Syscall => Mnemonic.Sysretq,
        Way.Vsyscall32 when kernel.Traits.Version < new Version(4, 4) && cpu.HasLongModeSysenter => Mnemonic.Sysexit,
        Way.Vsyscall32 => Mnemonic.Sysret,
        _ => Mnemonic.Iretq,
    };

    private static bool IsWide(Way way) => way is Way.Syscall or Way.Int80From64Bit;

    private static void Enter(Assembler a, Way way, int number)
    {
        a.mov(eax, number);
        switch (way)
        {
            case Way.Syscall:
                a.syscall();
                break;
            case Way.Vsyscall32:
                a.call(UserSpace.KernelVsyscall);
                break;
            default:
                a.@int(unchecked((sbyte)Vector));
                break;
        }
    }

    /// <summary>A call between a program's registers filled with markers and the HLT that ends it.</summary>
    private sealed record Round(PtRegs End, Mnemonic Exit, ulong AfterCall, IReadOnlyDictionary<string, int> Missing)
    {
        public static Round Of(string kernel, string cpu, string options, Way way, Action<Assembler> call)
        {
            int bitness = IsWide(way) ? 64 : 32;
            LinuxMachine machine = Guest.Load(a =>
            {
                if (bitness == 64)
                    Fill(a, [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15], (register, value) => a.mov(register, value), Marker);
                else
                    Fill(a, [eax, ecx, edx, ebx, esp, ebp, esi, edi], (register, value) => a.mov(register, (uint)value), Marker32);
                call(a);
                a.hlt();
            }, bitness, Cpus.Find(cpu), options, kernel: Kernels.Find(kernel));
            var exits = new List<(Mnemonic, ulong)>();
            var trace = new ExitTrace(exits);
            RunResult result = machine.Run(RunLimits.Instructions(20_000), ref trace);
            Assert.True(machine.Fatal is not null, result.Message);
            Assert.StartsWith("#GP", machine.Fatal.Title.Split(": ")[^1], StringComparison.Ordinal);
            return new Round(machine.Fatal.Registers, exits.Last(exit => exit.Item1 != Mnemonic.INVALID).Item1, machine.Fatal.Registers[PtRegsOffsets.Ip], machine.Unimplemented);
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

    /// <summary>Keeps the instructions by which ring 0 is left.</summary>
    private readonly struct ExitTrace(List<(Mnemonic, ulong)> exits) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.CurrentPrivilegeLevel == 0 && instruction.Mnemonic is Mnemonic.Sysretq or Mnemonic.Sysret or Mnemonic.Sysexit or Mnemonic.Iretq or Mnemonic.Eretu)
                exits.Add((instruction.Mnemonic, processor.Registers.Rip));
            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
