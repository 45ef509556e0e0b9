using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Machine.Tests.BenchDescriptors;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 2A and 2B: LGDT, LIDT, LLDT, LTR, SGDT, SIDT, SLDT, STR, SMSW.</summary>
public class SystemTableTests
{
    private const ulong Data = BenchLayout.KernelData;
    private readonly MachineBench _bench = new();

    [Fact]
    public void LTR_marks_an_available_TSS_busy()
    {
        DefineTss(Descriptor.AvailableTss, 0xFFFF_8000_0006_1000);
        _bench[Gpr.Rcx] = FreeSelector;
        _bench.Run64(a => a.ltr(cx));
        Assert.Equal(Descriptor.BusyTss, new Descriptor(_bench.DescriptorAt(FreeSelector)).Type);
        Assert.Equal((FreeSelector, 0xFFFF_8000_0006_1000ul), (_bench.Cpu.Registers.TaskRegister.Selector, _bench.Cpu.Registers.TaskRegister.Base));
    }

    [Theory]
    [InlineData(Descriptor.BusyTss), InlineData(Descriptor.LocalDescriptorTable), InlineData(1)]
    public void LTR_refuses_anything_but_an_available_TSS(int type)
    {
        DefineTss(type, 0);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Ltr(FreeSelector));
    }

    [Fact]
    public void LTR_refuses_a_null_selector_one_of_the_LDT_and_one_beyond_the_limit()
    {
        Assert.Equal((Vector.GeneralProtection, 0u), Ltr(0));
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector | 4), Ltr(FreeSelector | 4));
        Assert.Equal((Vector.GeneralProtection, 0xFFF0u), Ltr(0xFFF0));
    }

    [Fact]
    public void LTR_refuses_a_noncanonical_base_and_an_upper_half_with_a_type()
    {
        DefineTss(Descriptor.AvailableTss, 0x8000_0000_0000_0000);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Ltr(FreeSelector));
        DefineTss(Descriptor.AvailableTss, 0);
        _bench.SetDescriptor(FreeSelector + 8, 1ul << 40);
        Assert.Equal((Vector.GeneralProtection, (uint)FreeSelector), Ltr(FreeSelector));
    }

    [Fact]
    public void LTR_of_a_TSS_that_is_not_present_is_NP()
    {
        _bench.Define(FreeSelector, Make(Descriptor.AvailableTss, present: false, system: true));
        Assert.Equal((Vector.SegmentNotPresent, (uint)FreeSelector), Ltr(FreeSelector));
    }

    [Fact]
    public void LLDT_takes_an_LDT_or_nothing()
    {
        DefineTss(Descriptor.LocalDescriptorTable, 0xFFFF_8000_0014_0000);
        _bench[Gpr.Rcx] = FreeSelector;
        _bench.Run64(a => a.lldt(cx));
        Assert.Equal(0xFFFF_8000_0014_0000, _bench.Cpu.Registers.LocalDescriptorTable.Base);
        _bench[Gpr.Rcx] = 0;
        _bench.Run64(a => a.lldt(cx));
        Assert.False(_bench.Cpu.Registers.LocalDescriptorTable.Usable);
        _bench[Gpr.Rcx] = BenchSelectors.KernelData;
        Assert.Equal((uint)BenchSelectors.KernelData, _bench.Fault(BenchMode.Kernel64, a => a.lldt(cx)).ErrorCode);
    }

    [Fact]
    public void LGDT_and_LIDT_take_a_canonical_base_only()
    {
        _bench[Gpr.Rbx] = Data;
        _bench.WriteBytes(Data, [0x34, 0x12, .. BitConverter.GetBytes(0x0000_8000_0000_0000ul)]);
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.lgdt(__[rbx]))));
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.Kernel64, a => a.lidt(__[rbx]))));
        _bench.WriteBytes(Data, [0x34, 0x12, .. BitConverter.GetBytes(0xFFFF_8000_0006_0000ul)]);
        _bench.Run64(a => { a.lgdt(__[rbx]); a.sgdt(__[rbx + 32]); });
        Assert.Equal(new TableRegister(0xFFFF_8000_0006_0000, 0x1234), _bench.Cpu.Registers.Gdtr);
        Assert.Equal(_bench.ReadBytes(Data, 10), _bench.ReadBytes(Data + 32, 10));
    }

    [Fact]
    public void Compatibility_mode_loads_a_base_of_32_bits_and_16_bit_operands_one_of_24()
    {
        _bench[Gpr.Rbx] = Data;
        _bench.WriteBytes(Data, 0xFF, 0xFF, 0x00, 0x00, 0x06, 0xAA);
        _bench.Run32(a => a.lgdt(__[ebx]));
        Assert.Equal(0xAA06_0000, _bench.Cpu.Registers.Gdtr.Base);
        _bench.Complete(BenchMode.Kernel32, 0x66, 0x0F, 0x01, 0x13);
        Assert.Equal(0x06_0000ul, _bench.Cpu.Registers.Gdtr.Base);
    }

    [Theory]
    [InlineData(0x0F, 0x01, 0x13), InlineData(0x0F, 0x01, 0x1B), InlineData(0x0F, 0x00, 0xD9), InlineData(0x0F, 0x00, 0xD1)]
    public void Ring_3_may_load_no_system_table(int first, int second, int third) =>
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(_bench.Fault(BenchMode.User64, (byte)first, (byte)second, (byte)third)));

    public static TheoryData<string> Stores => ["SGDT", "SIDT", "SLDT", "STR", "SMSW"];

    [Theory, MemberData(nameof(Stores))]
    public void UMIP_keeps_the_stores_of_system_state_from_ring_3(string mnemonic)
    {
        var bench = new MachineBench(Cpus.Zen2);
        bench[Gpr.Rbx] = BenchLayout.UserData;
        bench.RunUser64(a => Store(a, mnemonic));
        bench.SetCr4(Cr4.UMIP);
        Assert.Equal((Vector.GeneralProtection, 0u), Codes(bench.Fault(BenchMode.User64, a => Store(a, mnemonic))));
        bench.Run64(a => Store(a, mnemonic));
    }

    [Fact]
    public void STR_and_SLDT_show_the_selectors()
    {
        _bench[Gpr.Rax] = ulong.MaxValue;
        _bench.RunUser64(a => { a.str(eax); a.sldt(ecx); a.smsw(edx); });
        Assert.Equal((BenchSelectors.Tss, 0ul), (_bench[Gpr.Rax], _bench[Gpr.Rcx]));
        Assert.Equal(_bench.Cpu.Registers.ControlRegister0, _bench[Gpr.Rdx]);
    }

    [Fact]
    public void SGDT_that_cannot_store_its_second_part_stores_nothing()
    {
        _bench.Unmap(BenchLayout.UserData + 0x1000);
        _bench[Gpr.Rbx] = BenchLayout.UserData + 0x1000 - 4;
        _bench.Fault(BenchMode.User64, a => a.sgdt(__[rbx]));
        Assert.Equal(0u, _bench.Read32(BenchLayout.UserData + 0x1000 - 4));
    }

    private static void Store(Assembler a, string mnemonic)
    {
        switch (mnemonic)
        {
            case "SGDT":
                a.sgdt(__[rbx]);
                break;
            case "SIDT":
                a.sidt(__[rbx]);
                break;
            case "SLDT":
                a.sldt(ax);
                break;
            case "STR":
                a.str(ax);
                break;
            default:
                a.smsw(ax);
                break;
        }
    }

    private static (Vector, uint?) Codes(TakenException taken) => (taken.Vector, taken.ErrorCode);

    private void DefineTss(int type, ulong address)
    {
        _bench.Define(FreeSelector + 8, address >> 32);
        _bench.Define(FreeSelector, Make(type, start: (uint)address, limit: 103, pages: false, system: true));
    }

    private (Vector, uint?) Ltr(int selector)
    {
        _bench[Gpr.Rcx] = (ulong)selector;
        return Codes(_bench.Fault(BenchMode.Kernel64, a => a.ltr(cx)));
    }
}
