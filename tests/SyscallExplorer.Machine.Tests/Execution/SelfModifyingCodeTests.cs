using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>Decoded code is dropped when its bytes change, whoever changes them and by whatever address.</summary>
public class SelfModifyingCodeTests
{
    private readonly MachineBench _bench = new();

    [Theory]
    [InlineData(0ul), InlineData(BenchLayout.DirectMap)]
    public void Code_that_writes_its_next_instruction_runs_what_it_wrote(ulong alias)
    {
        _bench[Gpr.Rax] = 0;
        _bench.Run64(a =>
        {
            Label patched = a.CreateLabel();
            a.lea(rbx, __[patched]);
            a.mov(rdx, alias);
            a.add(rbx, rdx);
            a.mov(__byte_ptr[rbx + 1], 42);
            a.Label(ref patched);
            a.mov(al, 7);
        });
        Assert.Equal(42ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void A_loop_that_patches_itself_sees_every_patch()
    {
        _bench[Gpr.Rdx] = _bench[Gpr.Rcx] = 0;
        _bench.Run64(a =>
        {
            Label patched = a.CreateLabel();
            Label loop = a.CreateLabel();
            a.lea(rbx, __[patched]);
            a.Label(ref loop);
            a.inc(ecx);
            a.mov(__byte_ptr[rbx + 2], cl);
            a.Label(ref patched);
            a.add(edx, 100);
            a.cmp(ecx, 10);
            a.jne(loop);
        });
        Assert.Equal(55ul, _bench[Gpr.Rdx]);
    }

    [Fact]
    public void A_page_that_was_written_before_it_held_code_is_watched_from_then_on()
    {
        _bench.WriteBytes(BenchLayout.KernelData, 0xB0, 1, 0xC3);
        _bench[Gpr.Rbx] = BenchLayout.KernelData;
        _bench.Run64(a =>
        {
            a.mov(__byte_ptr[rbx + 8], 0);
            a.mov(__byte_ptr[rbx + 1], 2);
            a.call(rbx);
            a.movzx(r8, al);
            a.mov(__byte_ptr[rbx + 1], 3);
            a.call(rbx);
            a.movzx(r9, al);
        });
        Assert.Equal((2ul, 3ul), (_bench[Gpr.R8], _bench[Gpr.R9]));
    }

    [Fact]
    public void A_write_by_the_host_is_seen()
    {
        _bench.Place(BenchMode.User64, a => { a.mov(al, 1); a.jmp(BenchLayout.UserCode); });
        _bench.Cpu.Run(RunLimits.Instructions(4));
        _bench.WriteBytes(BenchLayout.UserCode + 1, 9);
        _bench.Cpu.Run(RunLimits.Instructions(1));
        Assert.Equal(9, (byte)_bench[Gpr.Rax]);
    }

    [Fact]
    public void A_patch_behind_a_page_boundary_inside_an_instruction_is_seen()
    {
        ulong start = BenchLayout.UserCode + 0xFFE;
        _bench.Place(BenchMode.User64);
        _bench.WriteBytes(start, MachineBench.Assemble(64, start, a => { a.mov(eax, 0x11111111); a.mov(__dword_ptr[rbx], 0x22222222); a.jmp(start); }));
        _bench[Gpr.Rbx] = start + 1;
        _bench.Cpu.Registers.Rip = start;
        _bench.Cpu.Run(RunLimits.Instructions(4));
        Assert.Equal(0x22222222ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void Code_that_is_mapped_elsewhere_is_fetched_from_there_after_INVLPG()
    {
        ulong page = BenchLayout.KernelData;
        _bench.WriteBytes(page, 0xB0, 1, 0xC3);
        _bench.WriteBytes(page + 0x1000, 0xB0, 2, 0xC3);
        _bench[Gpr.Rbx] = page;
        _bench[Gpr.Rdi] = _bench.EntriesOf(page)[3];
        _bench[Gpr.Rsi] = page + 0x1000 | 3;
        _bench.Run64(a =>
        {
            a.call(rbx);
            a.mov(__[rdi], rsi);
            a.call(rbx);
            a.movzx(r8, al);
            a.invlpg(__byte_ptr[rbx]);
            a.call(rbx);
            a.movzx(r9, al);
        });
        Assert.Equal((1ul, 2ul), (_bench[Gpr.R8], _bench[Gpr.R9]));
    }

    [Fact]
    public void Code_that_drops_the_translation_of_its_own_page_goes_on_in_the_new_frame()
    {
        ulong page = BenchLayout.KernelData;
        foreach (byte answer in (byte[])[1, 2])
        {
            ulong frame = page + (ulong)(answer - 1) * 0x1000;
            _bench.WriteBytes(frame, MachineBench.Assemble(64, page, a => { a.mov(__[rdi], rsi); a.invlpg(__byte_ptr[rbx]); a.mov(eax, answer); a.ret(); }));
        }

        _bench[Gpr.Rbx] = page;
        _bench[Gpr.Rdi] = _bench.EntriesOf(page)[3];
        _bench[Gpr.Rsi] = page + 0x1000 | 3;
        _bench.Run64(a => a.call(rbx));
        Assert.Equal(2ul, _bench[Gpr.Rax]);
    }

    [Fact]
    public void The_same_bytes_are_decoded_for_each_mode()
    {
        // 48h is a REX prefix in 64-bit mode and DEC EAX elsewhere.
        _bench[Gpr.Rax] = 5;
        _bench[Gpr.Rcx] = 0x1_0000_0007;
        _bench.Complete(BenchMode.User64, 0x48, 0x89, 0xC8);
        Assert.Equal(0x1_0000_0007ul, _bench[Gpr.Rax]);
        _bench.Complete(BenchMode.User32, 0x48, 0x89, 0xC8);
        Assert.Equal(7ul, _bench[Gpr.Rax]);
    }
}
