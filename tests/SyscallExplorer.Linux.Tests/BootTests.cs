using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Descriptor tables, TSS, MSRs and control registers as the kernel's boot leaves them.</summary>
public sealed class BootTests
{
    public static TheoryData<string> CpuNames()
    {
        var data = new TheoryData<string>();
        foreach (CpuModel cpu in Cpus.All)
            data.Add(cpu.Name);
        return data;
    }

    [Theory]
    [InlineData(0x08, 0x00CF9B000000FFFFul)]
    [InlineData(0x10, 0x00AF9B000000FFFFul)]
    [InlineData(0x18, 0x00CF93000000FFFFul)]
    [InlineData(0x20, 0x00CFFB000000FFFFul)]
    [InlineData(0x28, 0x00CFF3000000FFFFul)]
    [InlineData(0x30, 0x00AFFB000000FFFFul)]
    [InlineData(0x00, 0ul)]
    [InlineData(0x38, 0ul)]
    public void A_gdt_entry_stands_at_its_documented_place(int selector, ulong descriptor)
    {
        LinuxMachine machine = Guest.Boot();
        TableRegister gdtr = machine.Processor.Registers.Gdtr;
        Assert.Equal(16 * 8 - 1, gdtr.Limit);
        Assert.Equal(descriptor, Guest.Peek(machine, gdtr.Base + (ulong)selector));
    }

    [Fact]
    public void The_cpu_number_segment_is_read_only_expand_down_user_data()
    {
        LinuxMachine machine = Guest.Boot();
        var descriptor = new Descriptor(Guest.Peek(machine, machine.Processor.Registers.Gdtr.Base + 0x78));
        Assert.Equal((5, 3, true, false), (descriptor.Type, descriptor.Dpl, descriptor.IsPresent, descriptor.IsSystem));
        Assert.Equal(0u, descriptor.Limit & 0xFFF);
    }

    [Fact]
    public void The_task_register_holds_the_busy_tss_of_the_cpu_entry_area()
    {
        LinuxMachine machine = Guest.Boot();
        ProcessorRegisters registers = machine.Processor.Registers;
        ulong low = Guest.Peek(machine, registers.Gdtr.Base + 0x40);
        ulong high = Guest.Peek(machine, registers.Gdtr.Base + 0x48);
        var descriptor = new Descriptor(low);
        Assert.Equal(0x40, registers.TaskRegister.Selector);
        Assert.Equal(KernelLayout.TssAlias, registers.TaskRegister.Base);
        Assert.Equal(KernelLayout.TssAlias, descriptor.Base | (high << 32));
        Assert.Equal(Descriptor.BusyTss, descriptor.Type);
    }

    [Theory]
    [InlineData(0, "asm_exc_divide_error", 0, 0)]
    [InlineData(1, "asm_exc_debug", 3, 0)]
    [InlineData(3, "asm_exc_int3", 0, 3)]
    [InlineData(4, "asm_exc_overflow", 0, 3)]
    [InlineData(5, "asm_exc_bounds", 0, 0)]
    [InlineData(6, "asm_exc_invalid_op", 0, 0)]
    [InlineData(7, "asm_exc_device_not_available", 0, 0)]
    [InlineData(8, "asm_exc_double_fault", 1, 0)]
    [InlineData(10, "asm_exc_invalid_tss", 0, 0)]
    [InlineData(11, "asm_exc_segment_not_present", 0, 0)]
    [InlineData(12, "asm_exc_stack_segment", 0, 0)]
    [InlineData(13, "asm_exc_general_protection", 0, 0)]
    [InlineData(14, "asm_exc_page_fault", 0, 0)]
    [InlineData(17, "asm_exc_alignment_check", 0, 0)]
    [InlineData(0x80, "entry_INT80_compat", 0, 3)]
    public void A_gate_is_an_interrupt_gate_to_its_entry_with_its_stack_and_privilege(int vector, string symbol, int ist, int dpl)
    {
        const int presentInterruptGate = 0x8E;
        LinuxMachine machine = Guest.Boot();
        ulong gate = machine.Processor.Registers.Idtr.Base + (ulong)vector * 16;
        ulong low = Guest.Peek(machine, gate);
        ulong target = (low & 0xFFFF) | ((low >> 32) & 0xFFFF_0000) | (Guest.Peek(machine, gate + 8) << 32);
        Assert.Equal(machine.AddressOf(symbol), target);
        Assert.Equal(0x10ul, (low >> 16) & 0xFFFF);
        Assert.Equal((ulong)ist, (low >> 32) & 7);
        Assert.Equal((ulong)(presentInterruptGate | (dpl << 5)), (low >> 40) & 0xFF);
    }

    [Fact]
    public void Only_the_breakpoint_overflow_and_system_call_gates_are_open_to_programs()
    {
        LinuxMachine machine = Guest.Boot();
        var open = new List<int>();
        for (int vector = 0; vector < 256; vector++)
        {
            ulong low = Guest.Peek(machine, machine.Processor.Registers.Idtr.Base + (ulong)vector * 16);
            if (((low >> 47) & 1) != 0 && ((low >> 45) & 3) == 3)
                open.Add(vector);
        }

        Assert.Equal([3, 4, 0x80], open);
    }

    [Fact]
    public void The_tss_leads_to_the_entry_stack_and_to_the_tops_of_the_exception_stacks()
    {
        LinuxMachine machine = Guest.Boot();
        ulong tss = machine.Processor.Registers.TaskRegister.Base;
        Assert.Equal(KernelLayout.EntryStackTop, Guest.Peek(machine, tss + 4));
        for (int ist = 1; ist <= 4; ist++)
            Assert.Equal(KernelLayout.ExceptionStackTop(ist), Guest.Peek(machine, tss + 36 + (ulong)(ist - 1) * 8));
    }

    [Fact]
    public void Every_exception_stack_lies_above_an_unmapped_guard_page()
    {
        LinuxMachine machine = Guest.Boot();
        for (int ist = 1; ist <= 4; ist++)
        {
            ulong top = KernelLayout.ExceptionStackTop(ist);
            Assert.True(machine.Processor.TryTranslate(top - 8, out _));
            Assert.False(machine.Processor.TryTranslate(top - 4096 - 8, out _));
        }

        Assert.False(machine.Processor.TryTranslate(KernelLayout.ThreadStack - 8, out _));
    }

    [Theory]
    [MemberData(nameof(CpuNames))]
    public void The_system_call_msrs_have_the_documented_values(string cpu)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Find(cpu));
        ProcessorRegisters registers = machine.Processor.Registers;
        Assert.Equal(0x0023_0010_0000_0000ul, registers.ReadMsr(Msr.Star));
        Assert.Equal(machine.AddressOf("entry_SYSCALL_64"), registers.ReadMsr(Msr.Lstar));
        Assert.Equal(machine.AddressOf("entry_SYSCALL_compat"), registers.ReadMsr(Msr.Cstar));
        Assert.Equal(0x47700ul, registers.ReadMsr(Msr.Fmask));
        Assert.Equal(0x10ul, registers.ReadMsr(Msr.SysenterCs));

        // AMD keeps the low halves only.
        ulong kept = Cpus.Find(cpu).Vendor == CpuVendor.Amd ? uint.MaxValue : ulong.MaxValue;
        Assert.Equal(KernelLayout.EntryStackTop & kept, registers.ReadMsr(Msr.SysenterEsp));
        Assert.Equal(machine.AddressOf("entry_SYSENTER_compat") & kept, registers.ReadMsr(Msr.SysenterEip));
        Assert.Equal(Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE, registers.ExtendedFeatures);
        Assert.Equal(KernelLayout.PerCpu, registers.ReadMsr(Msr.GsBase));
    }

    [Theory]
    [MemberData(nameof(CpuNames))]
    public void Control_registers_switch_on_what_the_processor_has(string name)
    {
        CpuModel cpu = Cpus.Find(name);
        ProcessorRegisters registers = Guest.Boot(cpu).Processor.Registers;
        const ulong protectedPagingWithWriteProtection = Cr0.PE | Cr0.PG | Cr0.WP | Cr0.AM | Cr0.NE;
        Assert.Equal(protectedPagingWithWriteProtection, registers.ControlRegister0 & (protectedPagingWithWriteProtection | Cr0.TS | Cr0.EM));
        (ulong Bit, CpuFeature Feature)[] bits =
        [
            (Cr4.SMEP, CpuFeature.Smep), (Cr4.SMAP, CpuFeature.Smap), (Cr4.PCIDE, CpuFeature.Pcid), (Cr4.FSGSBASE, CpuFeature.Fsgsbase), (Cr4.UMIP, CpuFeature.Umip),
        ];
        foreach ((ulong bit, CpuFeature feature) in bits)
            Assert.Equal(cpu.Has(feature), (registers.ControlRegister4 & bit) != 0);
        Assert.Equal(Cr4.PAE | Cr4.PGE | Cr4.DE, registers.ControlRegister4 & (Cr4.PAE | Cr4.PGE | Cr4.DE));
    }

    [Fact]
    public void A_processor_without_a_local_apic_is_refused_with_a_sentence()
    {
        CpuModel cpu = Cpus.Skylake with { Features = Cpus.Skylake.Features.Where(feature => feature != CpuFeature.Apic).ToHashSet() };
        ArgumentException error = Assert.Throws<ArgumentException>(() => Guest.Boot(cpu));
        Assert.Contains("'Skylake' has no local APIC", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_keeps_features_out_of_cr4()
    {
        ulong cr4 = Guest.Boot(commandLine: "nosmap nosmep nopcid nofsgsbase").Processor.Registers.ControlRegister4;
        Assert.Equal(0ul, cr4 & (Cr4.SMAP | Cr4.SMEP | Cr4.PCIDE | Cr4.FSGSBASE));
    }

    [Fact]
    public void A_program_starts_in_ring_3_with_interrupts_on_and_no_gs_base()
    {
        foreach (int bitness in (int[])[32, 64])
        {
            LinuxMachine machine = Guest.Load(a => a.nop(), bitness);
            Guest.RunTo(machine, bitness == 64 ? UserSpace.Code64 : UserSpace.Code32);
            ProcessorRegisters registers = machine.Processor.Registers;
            Assert.Equal(3, machine.Processor.CurrentPrivilegeLevel);
            Assert.Equal(bitness == 64 ? 0x33 : 0x23, registers[SegmentName.CS].Selector);
            Assert.Equal(0x2B, registers[SegmentName.SS].Selector);
            Assert.Equal(bitness == 64 ? 0 : 0x2B, registers[SegmentName.DS].Selector);
            Assert.Equal(Rflags.IF | Rflags.Fixed, registers.Flags);
            Assert.Equal(0ul, registers.ReadMsr(Msr.GsBase));
            Assert.Equal(KernelLayout.PerCpu, registers.KernelGsBase);
        }
    }
}
