using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class NearBranchTests
{
    private const ulong Noncanonical = 0x0000_8000_0000_0000;
    private readonly MachineBench _bench = new();

    [Fact]
    public void Every_condition_agrees_with_its_formula_in_jumps_moves_and_sets()
    {
        foreach (ulong flags in Combinations())
        {
            bool cf = (flags & Rflags.CF) != 0, zf = (flags & Rflags.ZF) != 0, sf = (flags & Rflags.SF) != 0, of = (flags & Rflags.OF) != 0;
            bool[] expected = [of, cf, zf, cf | zf, sf, (flags & Rflags.PF) != 0, sf != of, zf | (sf != of)];
            for (int condition = 0; condition < 16; condition++)
            {
                bool holds = expected[condition / 2] != (condition % 2 == 1);
                _bench[Gpr.Rax] = 0;
                _bench[Gpr.Rbx] = 0;
                _bench[Gpr.Rcx] = 1;
                _bench[Gpr.Rdx] = 0;
                _bench.Flags = flags;

                // setcc al; cmovcc edx, ecx; jcc +2; mov bl, 1
                _bench.Complete(BenchMode.Kernel64, 0x0F, (byte)(0x90 + condition), 0xC0, 0x0F, (byte)(0x40 + condition), 0xD1, (byte)(0x70 + condition), 2, 0xB3, 1);
                ulong one = holds ? 1ul : 0;
                Assert.Equal((one, one, 1 - one), (_bench[Gpr.Rax], _bench[Gpr.Rdx], _bench[Gpr.Rbx]));
            }
        }
    }

    [Theory]
    [InlineData(BenchMode.Kernel64)]
    [InlineData(BenchMode.Kernel32)]
    [InlineData(BenchMode.Kernel16)]
    [InlineData(BenchMode.User64)]
    [InlineData(BenchMode.User32)]
    public void Calls_and_returns_nest(BenchMode mode)
    {
        BenchRun run = _bench.Complete(mode, a =>
        {
            Label outer = a.CreateLabel();
            Label inner = a.CreateLabel();
            Label end = a.CreateLabel();
            a.mov(eax, 1);
            a.call(outer);
            a.add(eax, 8);
            a.jmp(end);
            a.Label(ref outer);
            a.add(eax, 2);
            a.push(ax);
            a.call(inner);
            a.ret();
            a.Label(ref inner);
            a.add(eax, 4);
            a.ret(2);
            a.Label(ref end);
            a.nop();
        });
        Assert.Equal(15ul, _bench[Gpr.Rax]);
        Assert.Equal(MachineBench.StackTop(mode), run.Rsp);
    }

    [Fact]
    public void Indirect_branches_go_where_the_operand_says()
    {
        _bench.Run64(a =>
        {
            Label target = a.CreateLabel();
            Label second = a.CreateLabel();
            a.lea(rax, __[target]);
            a.mov(__qword_ptr[BenchLayout.KernelData], rax);
            a.call(__qword_ptr[BenchLayout.KernelData]);
            a.lea(rdx, __[second]);
            a.jmp(rdx);
            a.ud2();
            a.Label(ref target);
            a.mov(ecx, 5);
            a.ret();
            a.Label(ref second);
            a.inc(ecx);
        });
        Assert.Equal(6ul, _bench[Gpr.Rcx]);
    }

    [Fact]
    public void A_branch_to_a_noncanonical_address_faults_at_the_branch_with_nothing_done()
    {
        _bench[Gpr.Rax] = Noncanonical;
        TakenException jump = _bench.Fault(BenchMode.Kernel64, a => a.jmp(rax));
        TakenException call = _bench.Fault(BenchMode.Kernel64, a => a.call(rax));
        _bench.Write64(BenchLayout.KernelStackTop, Noncanonical);
        TakenException @return = _bench.Fault(BenchMode.Kernel64, a => a.ret());
        foreach (TakenException taken in (TakenException[])[jump, call, @return])
        {
            Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode!.Value));
            Assert.Equal((BenchLayout.KernelCode, BenchLayout.KernelStackTop), (taken.Rip, taken.Rsp));
        }
    }

    [Fact]
    public void A_branch_beyond_the_limit_of_a_32_bit_code_segment_faults_at_the_branch()
    {
        _bench.SetDescriptor(BenchSelectors.KernelCode32, 0x0040_9B00_0000_FFFF | (BenchLayout.KernelCode << 16));
        _bench.Place(BenchMode.Kernel32, MachineBench.Assemble(32, 0, a => a.jmp(0x1_0000)));
        _bench.Cpu.Registers.Rip = 0;
        TakenException taken = _bench.Go().Exception!;
        Assert.Equal((Vector.GeneralProtection, 0ul), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void An_operand_size_prefix_cuts_a_32_bit_branch_target_to_16_bits()
    {
        // The code stands above 64 KiB, so a target of 16 bits lies elsewhere: in a page that halts.
        _bench.WriteBytes(0x9010, 0xB3, 7, 0xF4);
        _bench.Place(BenchMode.Kernel32, 0x66, 0xE9, 0x0C, 0x90);
        RunResult result = _bench.Cpu.Run(RunLimits.Instructions(3));
        Assert.Equal(StopReason.Halted, _bench.Cpu.Run(RunLimits.Instructions(10)).Reason);
        Assert.Equal(7, (byte)_bench[Gpr.Rbx]);
        Assert.Equal(3, result.Instructions);
    }

    [Theory]
    [InlineData("66E9FC8F", 0)] // jmp
    [InlineData("66E8FC8F", 2)] // call
    [InlineData("66FFE0", 0)] // jmp ax
    [InlineData("66FFD0", 2)] // call ax
    [InlineData("66C3", -2)] // ret
    [InlineData("660F84FB8F", 0)] // jz
    public void Amd_cuts_a_near_branch_to_16_bits_under_an_operand_size_prefix_in_64_bit_mode(string code, int pushed)
    {
        // APM vol. 3, JMP, CALL and RET near.
        const ulong target = 0x9000;
        var bench = new MachineBench(Cpus.Zen2);
        bench.WriteBytes(target, 0xF4);
        bench.WriteBytes(BenchLayout.KernelStackTop, 0x00, 0x90);
        bench[Gpr.Rax] = 0x1234_0000 | target;
        bench.Flags = Rflags.ZF;
        bench.Place(BenchMode.Kernel64, Convert.FromHexString(code));
        BenchRun run = bench.Go();
        Assert.Equal((StopReason.Halted, target + 1), (run.Result.Reason, bench.Cpu.Registers.Rip));
        Assert.Equal(BenchLayout.KernelStackTop - (ulong)pushed, run.Rsp);
    }

    [Fact]
    public void Intel_ignores_an_operand_size_prefix_on_a_near_return_in_64_bit_mode()
    {
        _bench.Run64(a =>
        {
            Label end = a.CreateLabel();
            a.lea(rax, __[end]);
            a.push(rax);
            a.db(0x66, 0xC3);
            a.ud2();
            a.Label(ref end);
            a.nop();
        });
    }

    [Fact]
    public void Loop_counts_down_in_a_register_of_the_address_size()
    {
        _bench[Gpr.Rcx] = 0xFFFF_FFFF_0000_0003;
        _bench[Gpr.Rax] = 0;

        // inc eax; loop -4; the same with an address-size prefix
        _bench.Complete(BenchMode.Kernel64, 0xFF, 0xC0, 0x67, 0xE2, 0xFB);
        Assert.Equal((3ul, 0ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
    }

    [Theory]
    [InlineData(0xE1, true, 4)]
    [InlineData(0xE1, false, 1)]
    [InlineData(0xE0, true, 1)]
    [InlineData(0xE0, false, 4)]
    public void Loope_and_loopne_end_early_by_ZF(byte opcode, bool zero, int times)
    {
        _bench[Gpr.Rcx] = 4;
        _bench[Gpr.Rax] = 0;
        _bench.Flags = zero ? Rflags.ZF : 0;

        // lea eax, [rax + 1]; loope or loopne
        _bench.Complete(BenchMode.Kernel64, 0x8D, 0x40, 0x01, opcode, 0xFB);
        Assert.Equal((ulong)times, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Jecxz_looks_at_the_lower_half_only()
    {
        _bench[Gpr.Rcx] = 1ul << 32;
        _bench[Gpr.Rax] = 0;

        // jecxz +2; mov al, 1; jrcxz +2; mov ah, 1
        _bench.Complete(BenchMode.Kernel64, 0x67, 0xE3, 2, 0xB0, 1, 0xE3, 2, 0xB4, 1);
        Assert.Equal(0x100ul, _bench[Gpr.Rax]);
    }

    private static IEnumerable<ulong> Combinations()
    {
        ulong[] flags = [Rflags.CF, Rflags.ZF, Rflags.SF, Rflags.OF, Rflags.PF];
        for (int combination = 0; combination < 32; combination++)
            yield return flags.Where((_, bit) => (combination >> bit & 1) != 0).Aggregate(0ul, (all, flag) => all | flag);
    }
}
