using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Data breakpoints. SDM vol. 3A, 17.2.5 and 17.3.1.2.</summary>
public sealed class DataBreakpointTests
{
    private const ulong Data = BenchLayout.UserData;
    private readonly MachineBench _bench = new();

    [Theory, InlineData(1), InlineData(2), InlineData(4), InlineData(8)]
    public void A_write_that_touches_any_of_its_bytes_is_a_trap_behind_the_instruction(int length)
    {
        ulong watched = Data + 0x40;
        foreach (int size in (int[])[1, 2, 4, 8])
        {
            for (ulong address = watched - 10; address < watched + 10; address++)
            {
                var bench = new MachineBench();

                bench[Gpr.Rbx] = address;
                bench.Break(watched, Watch.Write, length);
                TakenException? taken = bench.Try(BenchMode.User64, a => Store(a, size)).Exception;
                bool touches = address < watched + (ulong)length && address + (ulong)size > watched;
                Assert.Equal(touches ? Vector.Debug : null, taken?.Vector);
                Assert.Equal(touches ? BenchBreakpoints.B0 : 0, bench.DebugStatus());
                if (touches)
                    Assert.Equal((MachineBench.Assemble(BenchMode.User64, a => Store(a, size)).Length, 0ul), ((int)(taken!.Rip - BenchLayout.UserCode), taken.Flags & Rflags.RF));
            }
        }
    }

    [Theory]
    [InlineData(Watch.Write, false, null), InlineData(Watch.Access, false, Vector.Debug), InlineData(Watch.Access, true, Vector.Debug)]
    public void Reads_hit_only_what_watches_them(Watch watch, bool write, Vector? expected)
    {
        _bench[Gpr.Rbx] = Data;
        _bench.Break(Data, watch, 8);
        TakenException? taken = _bench.Try(BenchMode.User64, a =>
        {
            if (write)
                a.mov(__[rbx], eax);
            else
                a.mov(eax, __[rbx]);
        }).Exception;
        Assert.Equal(expected, taken?.Vector);
    }

    [Theory, InlineData(0x3_0002ul, false), InlineData(0x3_0002ul, true), InlineData(0x1_0002ul, true)]
    public void A_page_in_use_is_watched_from_the_instruction_after_the_one_that_says_so(ulong control, bool write)
    {
        _bench.Cpu.Registers.SetDebug(0, Data);
        (_bench[Gpr.Rax], _bench[Gpr.Rbx]) = (control, Data);
        byte[] code = MachineBench.Assemble(BenchMode.Kernel64, a =>
        {
            for (int i = 0; i < 4; i++)
            {
                a.mov(__[rbx], ecx);
                a.mov(ecx, __[rbx]);
            }

            a.mov(dr7, rax);
            if (write)
                a.mov(__[rbx], ecx);
            else
                a.mov(ecx, __[rbx]);
        });
        TakenException taken = _bench.Fault(BenchMode.Kernel64, [.. code, 0x90]);
        Assert.Equal((Vector.Debug, BenchLayout.KernelCode + (ulong)code.Length), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void An_address_is_aligned_to_the_length_and_the_low_bits_are_ignored()
    {
        _bench.Break(Data + 3, Watch.Write, 4);
        Assert.Equal(Vector.Debug, _bench.Fault(BenchMode.User64, a => a.mov(__byte_ptr[Data], 1)).Vector);
    }

    [Fact]
    public void Each_breakpoint_that_is_hit_has_its_bit()
    {
        _bench.Break(Data + 1, Watch.Write, index: 0);
        _bench.Break(Data + 9, Watch.Write, index: 1);
        _bench.Break(Data + 2, Watch.Access, index: 2);
        _bench.Break(Data + 7, Watch.Write, index: 3);
        _bench[Gpr.Rbx] = Data;
        _bench.Fault(BenchMode.User64, a => a.add(__qword_ptr[rbx], 1));
        Assert.Equal(0b1101ul, _bench.DebugStatus());
    }

    [Fact]
    public void An_access_across_two_pages_is_seen_in_both()
    {
        foreach (ulong watched in (ulong[])[Data + 0xFFF, Data + 0x1000])
        {
            var bench = new MachineBench();
            bench.Break(watched, Watch.Access);
            Assert.Equal(Vector.Debug, bench.Fault(BenchMode.User64, a => a.mov(eax, __dword_ptr[Data + 0xFFE])).Vector);
        }
    }

    [Fact]
    public void A_disabled_breakpoint_is_not_hit()
    {
        _bench.Break(Data, Watch.Write);
        _bench.Cpu.Registers.SetDebug(7, 0);
        _bench.RunUser64(a => a.mov(__byte_ptr[Data], 1));
    }

    [Fact]
    public void In_a_repeated_instruction_the_trap_follows_the_element_that_hit()
    {
        _bench.Break(Data + 2, Watch.Write);
        (_bench[Gpr.Rcx], _bench[Gpr.Rdi]) = (5, Data);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.rep.stosb());
        Assert.Equal((Vector.Debug, BenchLayout.UserCode, 2ul, Data + 3), (taken.Vector, taken.Rip, _bench[Gpr.Rcx], _bench[Gpr.Rdi]));
        Assert.Equal(Rflags.RF, taken.Flags & Rflags.RF);
    }

    [Fact]
    public void An_instruction_that_faults_has_hit_nothing()
    {
        _bench.Break(Data, Watch.Access);
        _bench.Unmap(Data + 0x1000);
        (_bench[Gpr.Rsi], _bench[Gpr.Rdi]) = (Data, Data + 0x1000);
        Assert.Equal(Vector.PageFault, _bench.Fault(BenchMode.User64, a => a.movsb()).Vector);
        Assert.Equal(0ul, _bench.DebugStatus());
    }

    [Fact]
    public void The_frame_of_an_event_hits_too_and_the_trap_stands_before_the_handler()
    {
        _bench.SetGate(0x40, dpl: 3);
        _bench.Break(BenchLayout.Rsp0 - 8, Watch.Write, 8);
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.@int(0x40));
        Assert.Equal((Vector.Debug, BenchLayout.Handlers + 0x40 * 16, 0), (taken.Vector, taken.Rip, taken.Cs & 3));

        var faulting = new MachineBench();
        faulting.SetGate((byte)Vector.InvalidOpcode, ist: 2);
        faulting.Break(BenchLayout.Ist1 + BenchLayout.IstStackSize - 8, Watch.Write, 8);
        taken = faulting.Fault(BenchMode.User64, a => a.ud2());
        Assert.Equal((Vector.Debug, BenchLayout.Handlers + 6 * 16), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void The_processors_own_reads_of_its_tables_hit()
    {
        _bench.Break(BenchLayout.Gdt + (BenchSelectors.UserData & ~7ul), Watch.Access, 8);
        _bench[Gpr.Rcx] = BenchSelectors.UserData;
        TakenException taken = _bench.Fault(BenchMode.User64, a => a.mov(ds, ecx));
        Assert.Equal((Vector.Debug, BenchLayout.UserCode + 2), (taken.Vector, taken.Rip));
    }

    [Fact]
    public void A_debug_handler_whose_own_stack_is_watched_never_begins_and_only_a_budget_ends_it()
    {
        _bench.Break(BenchLayout.Ist1 - 8, Watch.Write, 8);
        _bench.Flags = Rflags.TF;
        _bench.InstructionBudget = 1000;
        Assert.Equal(StopReason.InstructionBudget, _bench.Try(BenchMode.User64, a => a.nop()).Result.Reason);
    }

    [Fact]
    public void A_snapshot_keeps_breakpoints()
    {
        _bench.Break(Data, Watch.Write);
        _bench.Place(BenchMode.User64, a => a.mov(__byte_ptr[Data], 1));
        ProcessorSnapshot snapshot = _bench.Cpu.Capture();
        _bench.Cpu.Registers.SetDebug(7, 0);
        _bench.Go();
        _bench.Cpu.Restore(snapshot);
        Assert.Equal(Vector.Debug, _bench.Go().Exception?.Vector);
    }

    private static void Store(Assembler a, int size)
    {
        switch (size)
        {
            case 1:
                a.mov(__[rbx], al);
                break;
            case 2:
                a.mov(__[rbx], ax);
                break;
            case 4:
                a.mov(__[rbx], eax);
                break;
            default:
                a.mov(__[rbx], rax);
                break;
        }
    }
}
