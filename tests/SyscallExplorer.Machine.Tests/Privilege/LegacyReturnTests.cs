using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A, IRET; vol. 2B, RET; APM vol. 3, SYSCALL and SYSRET; SDM vol. 2B, SYSENTER and SYSEXIT: between the levels of legacy mode.</summary>
public class LegacyReturnTests
{
    private readonly LegacyBench _bench = new();

    [Fact]
    public void IRET_to_ring_3_loads_the_stack_and_the_flags_and_empties_inner_segments()
    {
        _bench.Ram.Write(LegacyLayout.UserCode, [0xCD, 0xFF]);
        uint flags = (uint)(Rflags.Fixed | Rflags.IF | Rflags.IOPL | Rflags.AC | Rflags.CF);
        _bench[Gpr.Rax] = LegacySelectors.UserData;
        _bench.Place(a => { a.mov(es, eax); PushReturn(a, flags); a.iretd(); });
        _bench.Cpu.Registers[SegmentName.FS] = _bench.SegmentOf(LegacySelectors.KernelData);
        _bench.Complete();
        LegacyEvent exit = _bench.Event!;
        Assert.Equal((LegacyLayout.UserCode + 2, LegacySelectors.UserCode, flags), (exit.Eip, exit.Cs, exit.Flags));
        Assert.Equal((LegacyLayout.UserStackTop, LegacySelectors.UserData), exit.Outer);
        ProcessorRegisters registers = _bench.Cpu.Registers;
        Assert.Equal((0, 0, LegacySelectors.UserData), (registers[SegmentName.DS].Selector, registers[SegmentName.FS].Selector, registers[SegmentName.ES].Selector));
    }

    [Fact]
    public void IRET_in_ring_0_pops_three_words_and_keeps_the_stack_segment()
    {
        _bench.Complete(a =>
        {
            a.push((int)(Rflags.Fixed | Rflags.CF | Rflags.VIF));
            a.push(LegacySelectors.KernelCode);
            a.push((int)(LegacyLayout.KernelCode + 13));
            a.iretd();
        });
        Assert.Equal((LegacyLayout.KernelStackTop, Rflags.Fixed | Rflags.CF | Rflags.VIF), (_bench[Gpr.Rsp], _bench.Flags));
    }

    [Fact]
    public void IRET_pops_words_of_16_bits_with_their_prefix()
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, start: LegacyLayout.KernelCode));
        _bench.Ram.Write(LegacyLayout.KernelCode + 0x800, [0xF4]);
        _bench.Complete(a =>
        {
            foreach (int word in (int[])[3, LegacySelectors.Free, 0x800])
                a.AddInstruction(Instruction.Create(Code.Push_imm16, word));
            a.iret();
        });
        Assert.Equal((0x801ul, Rflags.Fixed | Rflags.CF), (_bench.Cpu.Registers.Rip, _bench.Flags));
    }

    [Theory]
    [InlineData((ushort)0, Vector.GeneralProtection, 0u)]
    [InlineData(LegacySelectors.KernelData | 3, Vector.GeneralProtection, LegacySelectors.KernelData)]
    [InlineData(LegacySelectors.UserData & ~3, Vector.GeneralProtection, LegacySelectors.UserData & ~3u)]
    [InlineData(LegacySelectors.Free | 3, Vector.StackFault, LegacySelectors.Free)]
    public void The_stack_that_IRET_pops_is_checked(int selector, Vector expected, uint error)
    {
        _bench.Define(LegacySelectors.Free, Make(WritableData, dpl: 3, present: false));
        LegacyEvent taken = _bench.Fault(a => { PushReturn(a, 2, stack: (ushort)selector); a.iretd(); });
        Assert.Equal((expected, error), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void Legacy_mode_does_not_look_at_the_L_bit_of_code()
    {
        _bench.Define(LegacySelectors.Free, Make(ReadableCode, limit: 0xFFF, pages: false) | 1ul << 53);
        LegacyEvent taken = _bench.Fault(a => a.jmp(LegacySelectors.Free, 0x1000u));
        Assert.Equal((Vector.GeneralProtection, 0u), (taken.Vector, taken.ErrorCode));
    }

    [Fact]
    public void RETF_to_ring_3_releases_parameters_on_both_stacks()
    {
        _bench.Ram.Write(LegacyLayout.UserCode, [0xCD, 0xFF]);
        _bench.Place(a =>
        {
            a.push(LegacySelectors.UserData);
            a.push((int)LegacyLayout.UserStackTop);
            a.push(0x11);
            a.push(0x22);
            a.push(LegacySelectors.UserCode);
            a.push((int)LegacyLayout.UserCode);
            a.AddInstruction(Instruction.Create(Code.Retfd_imm16, 8));
        });
        _bench.Complete();
        Assert.Equal((LegacyLayout.UserStackTop + 8, LegacySelectors.UserData), _bench.Event!.Outer);
    }

    [Fact]
    public void SYSENTER_and_SYSEXIT_work_in_legacy_mode_on_both_vendors()
    {
        foreach (CpuModel model in Cpus.All)
        {
            var bench = new LegacyBench(LegacyPaging.TwoLevel, model);
            const ushort codeSelector = 0x108;
            bench.Cpu.Registers.WriteMsr(Msr.SysenterCs, codeSelector);
            bench.Cpu.Registers.WriteMsr(Msr.SysenterEsp, LegacyLayout.Esp0);
            bench.Cpu.Registers.WriteMsr(Msr.SysenterEip, LegacyLayout.KernelCode + 0x800);
            bench.Ram.Write(LegacyLayout.KernelCode + 0x800, MachineBench.Assemble(32, 0, a => { a.mov(esi, esp); a.sysexit(); }));
            bench.Flags = Rflags.IF | Rflags.CF;
            bench[Gpr.Rcx] = LegacyLayout.UserStackTop - 16;
            bench[Gpr.Rdx] = LegacyLayout.UserCode + 2;
            bench.Complete(a => a.sysenter(), user: true);
            Assert.Equal((LegacyLayout.Esp0, LegacyLayout.UserStackTop - 16, (ushort)(codeSelector + 16 | 3)),
                ((uint)bench[Gpr.Rsi], bench.Event!.Outer!.Value.Esp, bench.Event.Cs));
            Assert.Equal((uint)(Rflags.Fixed | Rflags.CF), bench.Event.Flags);
        }
    }

    [Fact]
    public void SYSCALL_in_legacy_mode_is_AMDs_alone_and_takes_EIP_from_STAR()
    {
        LegacyBench bench = SyscallBench(Cpus.Zen2);
        bench.Ram.Write(LegacyLayout.KernelCode + 0x800, MachineBench.Assemble(32, 0, a => { a.pushfd(); a.pop(esi); a.AddInstruction(Instruction.Create(Code.Sysretd)); }));
        bench[Gpr.Rsp] = LegacyLayout.UserStackTop;
        bench.Cpu.Registers[SegmentName.SS] = bench.SegmentOf(LegacySelectors.UserData);
        bench.Flags = Rflags.IF | Rflags.CF | Rflags.DF;
        bench[Gpr.R11] = 0x55;
        uint end = bench.Place(a => a.syscall(), user: true);
        bench.Complete();
        Assert.Equal((Rflags.Fixed | Rflags.CF | Rflags.DF, 0x55ul, (ulong)end), (bench[Gpr.Rsi], bench[Gpr.R11], bench[Gpr.Rcx]));
        Assert.Equal((end + 2, LegacySelectors.UserCode, (uint)(Rflags.Fixed | Rflags.CF | Rflags.DF | Rflags.IF)), (bench.Event!.Eip, bench.Event.Cs, bench.Event.Flags));
        Assert.Equal((LegacyLayout.UserStackTop, LegacySelectors.UserData), bench.Event.Outer);
        Assert.Equal(Vector.InvalidOpcode, SyscallBench(Cpus.Skylake).Fault(a => a.syscall(), user: true).Vector);
    }

    [Fact]
    public void SYSRET_in_legacy_mode_needs_ring_0()
    {
        Assert.Equal(Vector.GeneralProtection, SyscallBench(Cpus.Zen2).Fault(a => a.AddInstruction(Instruction.Create(Code.Sysretd)), user: true).Vector);
    }

    [Fact]
    public void A_16_bit_TSS_has_no_permission_map_for_ports()
    {
        _bench.Cpu.Registers.TaskRegister = new Segment(LegacySelectors.Tss, LegacyLayout.OtherTss, 0xFFF, 0x83);
        _bench.Write32(LegacyLayout.OtherTss + 2, 0x2000 | LegacySelectors.KernelData << 16);
        _bench.Write32(LegacyLayout.OtherTss + TaskStateSegment.IoMapBase, 0x400);
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(a => a.@in(al, dx), user: true)));
        _bench.Cpu.Registers.TaskRegister = new Segment(LegacySelectors.Tss, LegacyLayout.OtherTss, 0xFFF, 0x8B);
        _bench.Write32(LegacyLayout.OtherTss + 4, LegacyLayout.Esp0);
        _bench.Write32(LegacyLayout.OtherTss + 8, LegacySelectors.KernelData);
        _bench.Complete(a => a.@in(al, dx), user: true);
    }

    [Theory]
    [InlineData(Descriptor.AvailableTss16, true, true), InlineData(Descriptor.CallGate16, true, false), InlineData(Descriptor.TaskGate, true, false), InlineData(14, false, false)]
    public void LAR_and_LSL_see_the_system_segments_of_legacy_mode(int type, bool rights, bool limit)
    {
        _bench.Define(LegacySelectors.Free, Make(type, limit: 0x77, pages: false, big: false, system: true));
        _bench[Gpr.Rax] = LegacySelectors.Free;
        _bench.Complete(a => a.lar(ecx, eax));
        Assert.Equal(rights, (_bench.Flags & Rflags.ZF) != 0);
        _bench.Complete(a => a.lsl(ecx, eax));
        Assert.Equal(limit, (_bench.Flags & Rflags.ZF) != 0);
    }

    [Fact]
    public void LTR_takes_an_8_byte_descriptor_and_a_16_bit_TSS_too()
    {
        _bench.Define(LegacySelectors.Free, Make(Descriptor.AvailableTss16, start: LegacyLayout.OtherTss, limit: 43, pages: false, big: false, system: true));
        _bench[Gpr.Rax] = LegacySelectors.Free;
        _bench.Complete(a => a.ltr(ax));
        Assert.Equal(new Segment(LegacySelectors.Free, LegacyLayout.OtherTss, 43, 0x83), _bench.Cpu.Registers.TaskRegister);
        Assert.Equal(Descriptor.BusyTss16, new Descriptor(_bench.DescriptorAt(LegacySelectors.Free)).Type);
    }

    [Fact]
    public void LLDT_gives_selectors_of_the_local_table_their_meaning()
    {
        _bench.Ram.WriteUInt64(LegacyLayout.Ldt + 16, Make(WritableData, start: 0x5000));
        _bench.Complete(a => { a.mov(eax, LegacySelectors.Ldt); a.lldt(ax); a.mov(eax, 0x14); a.mov(gs, eax); });
        Assert.Equal(0x5000ul, _bench.Cpu.Registers[SegmentName.GS].Base);
    }

    [Fact]
    public void SGDT_stores_six_bytes_and_LGDT_with_a_16_bit_operand_takes_24_bits_of_the_base()
    {
        _bench.Cpu.Registers.Gdtr = new TableRegister(0xFF06_0000, 0x7FF);
        _bench.Write32(LegacyLayout.KernelData + 6, 0xEEEE_EEEE);
        _bench.Complete(a => { a.sgdt(__[LegacyLayout.KernelData]); a.db(0x66, 0x0F, 0x01, 0x15, 0x00, 0x00, 0x14, 0x00); });
        Assert.Equal((0x0000_07FFu, 0xEEEE_FF06u), (_bench.Read32(LegacyLayout.KernelData), _bench.Read32(LegacyLayout.KernelData + 4)));
        Assert.Equal(new TableRegister(LegacyLayout.Gdt, 0x7FF), _bench.Cpu.Registers.Gdtr);
    }

    private static void PushReturn(Assembler a, uint flags, ushort stack = LegacySelectors.UserData)
    {
        a.push(stack);
        a.push((int)LegacyLayout.UserStackTop);
        a.push((int)flags);
        a.push(LegacySelectors.UserCode);
        a.push((int)LegacyLayout.UserCode);
    }

    private static LegacyBench SyscallBench(CpuModel model)
    {
        var bench = new LegacyBench(LegacyPaging.TwoLevel, model);
        bench.Cpu.Registers.ExtendedFeatures = Efer.SCE;
        bench.Cpu.Registers.WriteMsr(Msr.Star, (ulong)LegacySelectors.UserCode << 48 | (ulong)LegacySelectors.KernelCode << 32 | LegacyLayout.KernelCode + 0x800);
        return bench;
    }

    private static (Vector, uint?) Codes(LegacyEvent taken) => (taken.Vector, taken.ErrorCode);
}
