using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What older and newer models report and refuse.</summary>
public sealed class CpuGenerationTests
{
    [Theory]
    [InlineData("PantherLake", 0xC06C2u), InlineData("SapphireRapids", 0x806F8u), InlineData("Zen4", 0xA60F12u), InlineData("Core2", 0x1067Au)]
    [InlineData("K8", 0x20FF2u), InlineData("PentiumIII", 0x686u), InlineData("Pentium", 0x52Cu), InlineData("Pentium4Northwood", 0xF27u), InlineData("Pentium4Prescott", 0xF43u)]
    [InlineData("Westmere", 0x206C2u), InlineData("SandyBridge", 0x206A7u), InlineData("CascadeLake", 0x50657u), InlineData("IceLake", 0x606A6u), InlineData("K7", 0x6A0u)]
    [InlineData("K10", 0x100F43u), InlineData("Bulldozer", 0x600F12u), InlineData("Steamroller", 0x630F01u), InlineData("Zen", 0x800F11u), InlineData("Zen3", 0xA20F10u)]
    public void CPUID_tells_family_model_and_stepping(string model, uint signature) => Assert.Equal(signature, Cpus.Find(model).Cpuid(1, 0).Eax);

    [Fact]
    public void FRED_and_LKGS_are_in_the_second_part_of_leaf_7()
    {
        Assert.Equal((3u << 17, 1u), (Cpus.PantherLake.Cpuid(7, 1).Eax, Cpus.PantherLake.Cpuid(7, 0).Eax));
        Assert.Equal((0u, 0u), (Cpus.Skylake.Cpuid(7, 1).Eax, Cpus.Skylake.Cpuid(7, 0).Eax));
    }

    [Theory, InlineData("Core2", true), InlineData("K8", true), InlineData("PentiumIII", false), InlineData("Pentium", false)]
    public void Long_mode_shows_in_CPUID(string model, bool expected) => Assert.Equal(expected, (Cpus.Find(model).Cpuid(0x80000001, 0).Edx >> 29 & 1) != 0 && Cpus.Find(model).Has(CpuFeature.Lm));

    [Theory, InlineData("PentiumIII"), InlineData("Pentium")]
    public void A_processor_without_long_mode_has_neither_EFER_nor_SYSCALL(string name)
    {
        CpuModel model = Cpus.Find(name);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Processor(model, new Bus(new PhysicalMemory(2 << 20))).Registers.ReadMsr(Msr.Efer));
        Assert.False(model.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Syscall)));
        Assert.False(model.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Swapgs)));
    }

    [Theory]
    [InlineData(Iced.Intel.Code.Bswap_r32, "Intel386"), InlineData(Iced.Intel.Code.Cmpxchg_rm32_r32, "Intel386"), InlineData(Iced.Intel.Code.Xadd_rm32_r32, "Intel386")]
    [InlineData(Iced.Intel.Code.Invlpg_m, "Intel386"), InlineData(Iced.Intel.Code.Wbinvd, "Intel386"), InlineData(Iced.Intel.Code.Cpuid, "Intel386 Intel486")]
    [InlineData(Iced.Intel.Code.Rdtsc, "Intel386 Intel486"), InlineData(Iced.Intel.Code.Rdmsr, "Intel386 Intel486"), InlineData(Iced.Intel.Code.Cmpxchg8b_m64, "Intel386 Intel486")]
    [InlineData(Iced.Intel.Code.Cmove_r32_rm32, "Intel386 Intel486 Pentium"), InlineData(Iced.Intel.Code.Fxsave_m512byte, "Intel386 Intel486 Pentium")]
    [InlineData(Iced.Intel.Code.Lfence, "Intel386 Intel486 Pentium PentiumIII K7")]
    [InlineData(Iced.Intel.Code.Syscall, "Intel386 Intel486 Pentium PentiumIII Pentium4Northwood")]
    public void An_instruction_is_missing_on_the_processors_before_it(Iced.Intel.Code code, string without) => Assert.Equal(
        without, string.Join(' ', Cpus.Known.Where(model => !model.Implements(Iced.Intel.Instruction.Create(code))).Select(model => model.Name)));

    /// <summary>Intel, AP-485, no. 241618, section 4: what programs find a 386, a 486 and CPUID out by.</summary>
    [Theory, InlineData("Intel386", 0u), InlineData("Intel486", Ac), InlineData("Pentium", Ac | Id)]
    public void The_flags_that_can_be_changed_tell_a_386_from_a_486_from_what_has_CPUID(string name, uint changeable)
    {
        var bench = new LegacyBench(LegacyPaging.None, Cpus.Find(name));
        bench.Complete(a =>
        {
            a.push(Ac | Id);
            a.popfd();
        });
        Assert.Equal(changeable, bench.Flags & (Ac | Id));
    }

    private const uint Ac = 1u << 18;
    private const uint Id = 1u << 21;

    [Fact]
    public void CR4_came_with_CPUID()
    {
        foreach ((CpuModel model, Vector? expected) in (ReadOnlySpan<(CpuModel, Vector?)>)[(Cpus.Intel486, Vector.InvalidOpcode), (Cpus.Pentium, null)])
        {
            var bench = new LegacyBench(LegacyPaging.None, model);
            bench.Place(a => a.mov(Iced.Intel.AssemblerRegisters.eax, Iced.Intel.AssemblerRegisters.cr4));
            bench.Go();
            Assert.Equal(expected, bench.TakenVector);
        }
    }

    [Theory, InlineData("K10", 0x0030_B140u), InlineData("Bulldozer", 0x0040_C140u)]
    public void The_third_level_is_told_with_its_ways(string name, uint edx) => Assert.Equal(edx, Cpus.Find(name).Cpuid(0x80000006, 0).Edx);

    [Fact]
    public void SYSENTER_came_with_the_Pentium_II()
    {
        Assert.False(Cpus.Pentium.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Sysenter)));
        Assert.True(Cpus.PentiumIII.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Sysenter)));
    }

    [Fact]
    public void Every_known_model_is_found_by_its_name_and_has_figures() =>
        Assert.All(Cpus.Known, model => Assert.Equal((model, model.Name), (Cpus.Find(model.Name), model.Microarchitecture.Name)));
}
