using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

public sealed class StackTests
{
    private const ulong Top = BenchLayout.KernelStackTop;
    private readonly MachineBench _bench = new();

    [Fact]
    public void Push_of_RSP_pushes_the_value_before_the_push()
    {
        _bench.Run64(a => a.push(rsp));
        Assert.Equal(Top, _bench.Read64(Top - 8));
    }

    [Fact]
    public void Pop_into_RSP_leaves_the_value_popped()
    {
        BenchRun run = _bench.Run64(a =>
        {
            a.push(0x1234);
            a.pop(rsp);
        });
        Assert.Equal(0x1234ul, run.Rsp);
    }

    [Fact]
    public void Pop_computes_its_address_with_the_incremented_pointer_and_push_with_the_old_one()
    {
        BenchRun run = _bench.Run64(a =>
        {
            a.push(1);
            a.push(2);
            a.push(__qword_ptr[rsp + 8]);
            a.pop(__qword_ptr[rsp + 8]);
        });
        Assert.Equal((1ul, 2ul), (_bench.Read64(Top - 8), _bench.Read64(Top - 16)));
        Assert.Equal(Top - 16, run.Rsp);
        _bench.Run64(a =>
        {
            a.push(5);
            a.push(6);
            a.pop(__qword_ptr[rsp]);
        });
        Assert.Equal(6ul, _bench.Read64(Top - 8));
    }

    [Fact]
    public void Pop_that_cannot_write_leaves_the_pointer()
    {
        _bench.Protect(BenchLayout.KernelData, PageTables.Present);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.pop(__qword_ptr[BenchLayout.KernelData]));
        Assert.Equal((Vector.PageFault, Top), (taken.Vector, taken.Rsp));
    }

    [Fact]
    public void Immediates_are_pushed_with_their_sign()
    {
        BenchRun run = _bench.Run64(a =>
        {
            a.push(-1);
            a.push(unchecked((int)0x8000_0000));
            a.AddInstruction(Instruction.Create(Code.Pushw_imm8, -2));
        });
        Assert.Equal((ulong.MaxValue, 0xFFFF_FFFF_8000_0000, (ushort)0xFFFE), (_bench.Read64(Top - 8), _bench.Read64(Top - 16), _bench.Read16(Top - 18)));
        Assert.Equal(Top - 18, run.Rsp);
    }

    [Fact]
    public void A_push_to_a_noncanonical_address_is_a_stack_fault()
    {
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a =>
        {
            a.mov(rsp, 0x0000_8000_0000_0008);
            a.push(rax);
            a.push(rax);
        });
        Assert.Equal((Vector.StackFault, 0u), (taken.Vector, taken.ErrorCode!.Value));
        Assert.Equal(0x0000_8000_0000_0008ul, taken.Rsp);
    }

    [Theory]
    [InlineData(BenchMode.Kernel32)]
    [InlineData(BenchMode.Kernel16)]
    public void Pusha_and_popa_keep_all_registers_but_the_pointer(BenchMode mode)
    {
        for (int register = 0; register < 8; register++)
            _bench[(Gpr)register] = 0x1_0001ul * (uint)(register + 1);
        bool wide = mode == BenchMode.Kernel32;
        BenchRun run = _bench.Complete(mode, a =>
        {
            if (wide)
                a.pushad();
            else
                a.pusha();
            a.mov(wide ? __dword_ptr[esp + 12] : __dword_ptr[bx], 0);
            a.xor(eax, eax);
            a.xor(edi, edi);
            if (wide)
                a.popad();
            else
                a.popa();
        });
        Assert.Equal(MachineBench.StackTop(mode), run.Rsp);
        Assert.Equal(wide ? 0x1_0001ul : 1, _bench[Gpr.Rax]);
        Assert.Equal(wide ? 0x8_0008ul : 8, _bench[Gpr.Rdi]);
    }

    [Theory]
    [InlineData("Zen2", 0x1111ul), InlineData("Skylake", 7ul)]
    public void A_popa_that_faults_halfway_has_loaded_what_came_before_on_Amd(string model, ulong edi)
    {
        const ulong end = BenchLayout.UserData + 0x1000;
        var bench = new MachineBench(Cpus.Find(model));
        bench.WriteBytes(end - 8, 0x11, 0x11, 0, 0, 0x22, 0x22, 0, 0);
        bench.Unmap(end);
        (bench[Gpr.Rdi], bench[Gpr.Rbx]) = (7, 9);
        TakenException taken = bench.Fault(BenchMode.User32, a =>
        {
            a.mov(esp, (uint)(end - 8));
            a.popad();
        });
        Assert.Equal((Vector.PageFault, end - 8), (taken.Vector, taken.Rsp));
        Assert.Equal((edi, 9ul), (bench[Gpr.Rdi], bench[Gpr.Rbx]));
    }

    [Fact]
    public void Sixteen_bit_code_pushes_within_its_stack_segment()
    {
        _bench[Gpr.Rax] = 0xABCD;
        BenchRun run = _bench.Run16(a => a.push(ax));
        Assert.Equal(0xABCD, _bench.Read16(BenchLayout.Stack16Base + 0x7FFE));
        Assert.Equal(0x7FFEul, run.Rsp);
    }

    [Fact]
    public void Enter_makes_a_frame_and_leave_undoes_it()
    {
        _bench[Gpr.Rbp] = 0x1111;
        _bench.Run64(a =>
        {
            a.enter(0x20, 0);
            a.mov(rax, rsp);
            a.mov(rcx, rbp);
            a.leave();
            a.mov(rdx, rsp);
        });
        Assert.Equal((Top - 0x28, Top - 8, Top, 0x1111ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx], _bench[Gpr.Rdx], _bench[Gpr.Rbp]));
    }

    [Fact]
    public void Enter_copies_the_frame_pointers_of_the_enclosing_levels()
    {
        const ulong outer = BenchLayout.KernelData + 0x100;
        _bench.Write64(outer - 8, 0xAA);
        _bench.Write64(outer - 16, 0xBB);
        _bench[Gpr.Rbp] = outer;
        BenchRun run = _bench.Run64(a => a.enter(0x10, 3));
        Assert.Equal([outer, 0xAAul, 0xBBul, Top - 8], Enumerable.Range(1, 4).Select(word => _bench.Read64(Top - 8 * (ulong)word)));
        Assert.Equal((Top - 8, Top - 0x30), (_bench[Gpr.Rbp], run.Rsp));
    }

    [Fact]
    public void Enter_faults_when_its_new_top_of_stack_cannot_be_written()
    {
        _bench.Protect(Top - 0x2000, PageTables.Present);
        TakenException taken = _bench.Fault(BenchMode.Kernel64, a => a.enter(0x1800, 0));
        Assert.Equal((Vector.PageFault, Top), (taken.Vector, taken.Rsp));
    }

    [Theory, InlineData("Skylake", 0xFFFF_002Bu), InlineData("Zen2", 0x0000_002Bu)]
    public void A_32_bit_push_of_a_segment_register_leaves_the_upper_half_of_its_place_on_Intel(string model, uint expected)
    {
        var bench = new MachineBench(Cpus.Find(model));
        bench.WriteBytes(BenchLayout.UserStackTop - 4, 0xFF, 0xFF, 0xFF, 0xFF);

        // push ds
        BenchRun run = bench.Complete(BenchMode.User32, 0x1E);
        Assert.Equal((expected, BenchLayout.UserStackTop - 4), (bench.Read32(BenchLayout.UserStackTop - 4), run.Rsp));
    }
}
