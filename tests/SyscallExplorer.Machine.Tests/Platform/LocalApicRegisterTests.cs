using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>SDM vol. 3A, 10.4 and 10.12: the registers of the local APIC, in memory and as MSRs.</summary>
public class LocalApicRegisterTests
{
    private const uint Base = Msr.ApicBase;
    private const ulong Home = ApicBench.Physical | ApicBits.BootstrapProcessor;
    private readonly ApicBench _bench = new(enabled: false);

    [Fact]
    public void After_a_reset_it_is_enabled_at_its_place_but_not_by_software()
    {
        Assert.Equal((Home | ApicBits.GlobalEnable, ApicMode.XApic, false), (_bench.ReadMsr(Base), _bench.Apic.Mode, _bench.Apic.IsEnabled));
        Assert.Equal((0xFFu, uint.MaxValue), (_bench.Read(ApicRegister.SpuriousVector), _bench.Read(ApicRegister.DestinationFormat)));
        Assert.Equal(0u, _bench.Read(ApicRegister.Id));
        for (ApicRegister local = ApicRegister.LocalTimer; local <= ApicRegister.LocalError; local += 16)
            Assert.Equal(ApicBits.Masked, _bench.Read(local));
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Its_owner_writes_a_register_as_the_guest_would_whatever_the_mode(bool extended)
    {
        if (extended)
            _bench.EnterX2Apic();
        long clock = _bench.Cpu.Clock;
        _bench.Apic.Write(ApicRegister.SpuriousVector, uint.MaxValue);
        _bench.Apic.Write(ApicRegister.LocalTimer, ApicBench.Vector);
        _bench.Apic.Write(ApicRegister.InitialCount, 1000);
        _bench.Apic.Write(ApicRegister.Version, 0);
        Assert.Equal(0x11FFu, _bench.Apic.Read(ApicRegister.SpuriousVector));
        Assert.NotEqual(0u, _bench.Apic.Read(ApicRegister.Version));
        Assert.InRange(_bench.Apic.NextClock, clock + 1, long.MaxValue - 1);
        Assert.Equal((clock, 0u), (_bench.Cpu.Clock, _bench.Apic.Read(ApicRegister.ErrorStatus)));
        _bench.Apic.Write(ApicRegister.InitialCount, 0);
        Assert.Equal(long.MaxValue, _bench.Apic.NextClock);
    }

    [Theory]
    [InlineData("Haswell", 0x0105_0015u), InlineData("Skylake", 0x0105_0015u), InlineData("Zen2", 0x0005_0010u)]
    public void The_version_tells_of_six_local_vectors(string model, uint version) =>
        Assert.Equal(version, new ApicBench(Cpus.Find(model)).Read(ApicRegister.Version));

    [Theory]
    [InlineData(ApicRegister.TaskPriority, 0xFFu)]
    [InlineData(ApicRegister.LogicalDestination, 0xFF00_0000u)]
    [InlineData(ApicRegister.DestinationFormat, uint.MaxValue)]
    [InlineData(ApicRegister.SpuriousVector, 0x11FFu)]
    [InlineData(ApicRegister.InterruptCommandHigh, 0xFF00_0000u)]
    [InlineData(ApicRegister.LocalTimer, 0x7_00FFu)]
    [InlineData(ApicRegister.LocalThermal, 0x1_07FFu)]
    [InlineData(ApicRegister.LocalPerformance, 0x1_07FFu)]
    [InlineData(ApicRegister.LocalLint0, 0x1_A7FFu)]
    [InlineData(ApicRegister.LocalLint1, 0x1_A7FFu)]
    [InlineData(ApicRegister.LocalError, 0x1_00FFu)]
    [InlineData(ApicRegister.DivideConfiguration, 0xBu)]
    public void A_store_sets_the_bits_that_there_are(ApicRegister register, uint bits)
    {
        var bench = new ApicBench();
        bench.Write(register, uint.MaxValue);
        Assert.Equal((bits, 0u), (bench.Read(register), bench.Read(ApicRegister.ErrorStatus)));
    }

    [Theory]
    [InlineData(ApicRegister.Id), InlineData(ApicRegister.Version), InlineData(ApicRegister.ProcessorPriority)]
    [InlineData(ApicRegister.InService), InlineData(ApicRegister.CurrentCount)]
    public void A_register_that_is_read_only_keeps_its_value(ApicRegister register)
    {
        uint before = _bench.Read(register);
        _bench.Write(register, ~before);
        _bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal((before, 0u), (_bench.Read(register), _bench.Read(ApicRegister.ErrorStatus)));
    }

    [Fact]
    public void A_large_page_leads_to_the_registers_too()
    {
        const ulong large = 0xFFFF_C000_4000_0000;
        _bench.Bench.Pages.MapLarge(large, ApicBench.Physical, 3 | 1 << 4);
        _bench.Bench[Gpr.Rbx] = large;
        _bench.Bench.Run64(a =>
        {
            a.mov(__dword_ptr[rbx + (int)ApicRegister.TaskPriority], 0x35);
            a.or(__dword_ptr[rbx + (int)ApicRegister.TaskPriority], 0x40);
            a.mov(eax, __dword_ptr[rbx + (int)ApicRegister.TaskPriority]);
            a.mov(r8d, __dword_ptr[rbx + (int)ApicRegister.Version]);
        });
        Assert.Equal((0x75ul, 0x0105_0015ul), (_bench.Bench[Gpr.Rax], _bench.Bench[Gpr.R8]));
    }

    [Fact]
    public void A_load_of_another_width_shows_the_bytes_of_the_register_and_zeros_behind_it()
    {
        _bench.Bench[Gpr.Rbx] = ApicBench.Linear + (ulong)ApicRegister.Version;
        _bench.Bench.Run64(a =>
        {
            a.mov(rax, __qword_ptr[rbx]);
            a.movzx(r8d, __byte_ptr[rbx + 2]);
            a.movzx(r9d, __word_ptr[rbx + 2]);
            a.mov(r10d, __dword_ptr[rbx + 4]);
            a.mov(r11d, __dword_ptr[rbx + 1]);
        });
        MachineBench b = _bench.Bench;
        Assert.Equal((0x0105_0015ul, 5ul, 0x105ul, 0ul, 0x1_0500ul), (b[Gpr.Rax], b[Gpr.R8], b[Gpr.R9], b[Gpr.R10], b[Gpr.R11]));
    }

    [Fact]
    public void A_store_of_another_width_or_beside_a_register_is_lost()
    {
        _bench.Write(ApicRegister.TaskPriority, 0x20);
        _bench.Bench[Gpr.Rbx] = ApicBench.Linear + (ulong)ApicRegister.TaskPriority;
        _bench.Bench.Run64(a =>
        {
            a.mov(__byte_ptr[rbx], 0x30);
            a.mov(__word_ptr[rbx], 0x30);
            a.mov(__qword_ptr[rbx], 0x30);
            a.mov(__dword_ptr[rbx + 4], 0x30);
            a.mov(__dword_ptr[rbx + 1], 0x30);
        });
        Assert.Equal(0x20u, _bench.Read(ApicRegister.TaskPriority));
    }

    [Theory]
    [InlineData(0x040, false), InlineData(0x400, true), InlineData(0x3F0, true), InlineData(0x090, false), InlineData(0x0C0, true), InlineData(0x2F0, false)]
    public void A_register_that_does_not_exist_is_an_error(int offset, bool store)
    {
        var bench = new ApicBench();
        if (store)
            bench.Write((ApicRegister)offset, 1);
        else
            Assert.Equal(0u, bench.Read((ApicRegister)offset));
        Assert.Equal(0u, bench.Read(ApicRegister.ErrorStatus));
        bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal(ApicBits.IllegalRegisterAddress, bench.Read(ApicRegister.ErrorStatus));
        bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal(0u, bench.Read(ApicRegister.ErrorStatus));
    }

    [Fact]
    public void Amd_has_the_arbitration_priority_and_no_deadline()
    {
        var bench = new ApicBench(Cpus.Zen2);
        bench.Write(ApicRegister.TaskPriority, 0x35);
        bench.Write(ApicRegister.LocalTimer, uint.MaxValue);
        bench.Write(ApicRegister.ErrorStatus, 0);
        Assert.Equal((0x35u, 0x3_00FFu), (bench.Read(ApicRegister.ArbitrationPriority), bench.Read(ApicRegister.LocalTimer)));
        Assert.Equal(0u, bench.Read(ApicRegister.ErrorStatus));
        Assert.Equal((null, Vector.GeneralProtection), (bench.ReadMsr(Msr.TscDeadline), bench.WriteMsr(Msr.TscDeadline, 0)));
    }

    [Fact]
    public void Software_that_disables_it_masks_every_local_vector()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.LocalTimer, 0x50);
        Assert.Equal(0x50u, bench.Read(ApicRegister.LocalTimer));
        bench.Write(ApicRegister.SpuriousVector, 0xFF);
        bench.Write(ApicRegister.LocalError, 0x60);
        Assert.Equal((ApicBits.Masked | 0x50, ApicBits.Masked | 0x60), (bench.Read(ApicRegister.LocalTimer), bench.Read(ApicRegister.LocalError)));
        bench.Write(ApicRegister.SpuriousVector, 0x1FF);
        Assert.Equal(ApicBits.Masked | 0x50, bench.Read(ApicRegister.LocalTimer));
    }

    [Fact]
    public void It_answers_where_IA32_APIC_BASE_says_even_in_the_middle_of_RAM()
    {
        const ulong place = 0x30_0000;
        _bench.Bench.Write64(BenchLayout.UserData, place);
        _bench.Bench[Gpr.R15] = place;
        _bench.Bench.Write64(place + (ulong)ApicRegister.Version, 7);
        _bench.Bench.Run64(a => a.mov(r8d, __dword_ptr[r15 + (int)ApicRegister.Version]));
        Assert.Null(_bench.WriteMsr(Base, place | ApicBits.GlobalEnable));
        _bench.Bench.Run64(a => a.mov(r9d, __dword_ptr[r15 + (int)ApicRegister.Version]));
        Assert.Null(_bench.WriteMsr(Base, Home | ApicBits.GlobalEnable));
        _bench.Bench.Run64(a => a.mov(r10d, __dword_ptr[r15 + (int)ApicRegister.Version]));
        Assert.Equal((7ul, 0x0105_0015ul, 7ul), (_bench.Bench[Gpr.R8], _bench.Bench[Gpr.R9], _bench.Bench[Gpr.R10]));
    }

    [Theory]
    [InlineData(ApicMode.Disabled, ApicMode.Disabled, true)]
    [InlineData(ApicMode.Disabled, ApicMode.XApic, true)]
    [InlineData(ApicMode.Disabled, ApicMode.X2Apic, false)]
    [InlineData(ApicMode.XApic, ApicMode.Disabled, true)]
    [InlineData(ApicMode.XApic, ApicMode.XApic, true)]
    [InlineData(ApicMode.XApic, ApicMode.X2Apic, true)]
    [InlineData(ApicMode.X2Apic, ApicMode.Disabled, true)]
    [InlineData(ApicMode.X2Apic, ApicMode.XApic, false)]
    [InlineData(ApicMode.X2Apic, ApicMode.X2Apic, true)]
    public void A_change_of_mode_is_legal_or_a_general_protection_fault(ApicMode from, ApicMode to, bool legal)
    {
        if (from != ApicMode.XApic)
            Assert.Null(_bench.WriteMsr(Base, Home | Bits(from)));
        Assert.Equal(from, _bench.Apic.Mode);
        Assert.Equal(legal ? null : Vector.GeneralProtection, _bench.WriteMsr(Base, Home | Bits(to)));
        Assert.Equal((legal ? to : from, Home | Bits(legal ? to : from)), (_bench.Apic.Mode, _bench.ReadMsr(Base)));
    }

    [Theory]
    [InlineData(ApicBits.ExtendedMode), InlineData(1ul), InlineData(1ul << 9), InlineData(1ul << 39 | ApicBits.GlobalEnable), InlineData(1ul << 63)]
    public void An_illegal_base_is_a_general_protection_fault(ulong value) => Assert.Equal(Vector.GeneralProtection, _bench.WriteMsr(Base, value));

    [Fact]
    public void Disabled_it_forgets_its_registers_and_CPUID_hides_it()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.TaskPriority, 0x55);
        Assert.Equal(1ul << 9, Features(bench).Edx & 1ul << 9);
        bench.WriteMsr(Base, Home);
        Assert.Equal((0ul, uint.MaxValue), (Features(bench).Edx & 1ul << 9, bench.Read(ApicRegister.TaskPriority)));
        bench.WriteMsr(Base, Home | ApicBits.GlobalEnable);
        Assert.Equal((0u, 0xFFu), (bench.Read(ApicRegister.TaskPriority), bench.Read(ApicRegister.SpuriousVector)));
    }

    [Fact]
    public void In_x2APIC_mode_the_registers_are_MSRs_and_the_page_is_gone()
    {
        var bench = new ApicBench();
        bench.Write(ApicRegister.TaskPriority, 0x35);
        bench.Write(ApicRegister.InterruptCommandHigh, 0xFF00_0000);
        Assert.Null(bench.ReadMsr(Msr.X2Apic(ApicRegister.TaskPriority)));
        bench.EnterX2Apic();
        Assert.Equal((0x35ul, 0ul, 1ul), (bench.ReadMsr(0x808), bench.ReadMsr(0x830), bench.ReadMsr(Msr.X2Apic(ApicRegister.LogicalDestination))));
        Assert.Equal(uint.MaxValue, bench.Read(ApicRegister.TaskPriority));
        Assert.Null(bench.WriteMsr(0x808, 0x72));
        Assert.Equal(0x72ul, bench.ReadMsr(0x808));
        Assert.Null(bench.WriteMsr(0x830, 0x1234_5678_0004_0850));
        Assert.Equal(0x1234_5678_0004_0850ul, bench.ReadMsr(0x830));
    }

    public static TheoryData<uint, bool, ulong?> Msrs => new()
    {
        // Address, whether it reads, and all bits that a write may set; null where it is read only.
        { 0x802, true, null }, { 0x803, true, null }, { 0x808, true, 0xFF }, { 0x809, false, null }, { 0x80A, true, null }, { 0x80B, false, 0 },
        { 0x80D, true, null }, { 0x80E, false, null }, { 0x80F, true, 0x11FF }, { 0x810, true, null }, { 0x817, true, null }, { 0x818, true, null },
        { 0x820, true, null }, { 0x827, true, null }, { 0x828, true, 0 }, { 0x82F, false, null }, { 0x830, true, 0xFFFF_FFFF_0008_CFFF },
        { 0x831, false, null }, { 0x832, true, 0x3_10FF }, { 0x833, true, 0x1_17FF }, { 0x834, true, 0x1_17FF }, { 0x835, true, 0x1_F7FF },
        { 0x836, true, 0x1_F7FF }, { 0x837, true, 0x1_10FF }, { 0x838, true, 0xFFFF_FFFF }, { 0x839, true, null }, { 0x83E, true, 0xB },
        { 0x83F, false, 0xFF }, { 0x800, false, null }, { 0x840, false, null }, { 0x8FF, false, null },
    };

    [Theory, MemberData(nameof(Msrs))]
    public void An_MSR_of_x2APIC_mode_has_its_bits_and_faults_on_others(uint address, bool reads, ulong? bits)
    {
        Assert.Equal((null, Vector.GeneralProtection), (_bench.ReadMsr(address), _bench.WriteMsr(address, 0)));
        _bench.EnterX2Apic();
        Assert.Equal(reads, _bench.ReadMsr(address) is not null);
        for (int bit = 0; bit < 64; bit++)
        {
            bool legal = bits is { } writable && (writable >> bit & 1) != 0;

            // TSC-deadline mode is legal alone but not beside the periodic mode; ICR's shorthand for all but itself is two bits.
            if ((address == 0x832 && bit == 18) || (address == 0x830 && bit == 18))
                legal = true;
            Assert.True(legal == (_bench.WriteMsr(address, 1ul << bit) is null), $"MSR {address:x}h, bit {bit}");
        }
    }

    [Fact]
    public void The_timer_cannot_be_periodic_and_wait_for_a_deadline()
    {
        _bench.EnterX2Apic();
        Assert.Equal(Vector.GeneralProtection, _bench.WriteMsr(0x832, 0x6_0050));
    }

    [Theory]
    [InlineData("Haswell", true, 0u, 0u), InlineData("Skylake", true, 3u, 500u), InlineData("Zen2", false, 0u, 0u)]
    public void CPUID_tells_of_x2APIC_of_the_deadline_and_of_the_crystal(string model, bool deadline, uint denominator, uint numerator)
    {
        CpuModel cpu = Cpus.Find(model);
        (uint _, uint ebx, uint ecx, uint _) = cpu.Cpuid(1, 0);
        Assert.Equal((true, deadline, 0u), ((ecx >> 21 & 1) != 0, (ecx >> 24 & 1) != 0, ebx >> 24));
        Assert.Equal(4u, cpu.Cpuid(6, 0).Eax & 4);
        Assert.Equal((0u, 1u, 0x100u, 0u), cpu.Cpuid(0xB, 0));
        Assert.Equal((0u, 1u, 0x201u, 0u), cpu.Cpuid(0xB, 1));
        Assert.Equal((0u, 0u, 2u, 0u), cpu.Cpuid(0xB, 2));
        Assert.Equal((denominator, numerator, 0u, 0u), cpu.Cpuid(0x15, 0));
    }

    private static ulong Bits(ApicMode mode) => mode switch
    {
        ApicMode.XApic => ApicBits.GlobalEnable,
        ApicMode.X2Apic => ApicBits.GlobalEnable | ApicBits.ExtendedMode,
        _ => 0,
    };

    private static (ulong Ecx, ulong Edx) Features(ApicBench bench)
    {
        bench.Bench[Gpr.Rax] = 1;
        bench.Bench.Run64(a => a.cpuid());
        return (bench.Bench[Gpr.Rcx], bench.Bench[Gpr.Rdx]);
    }
}
