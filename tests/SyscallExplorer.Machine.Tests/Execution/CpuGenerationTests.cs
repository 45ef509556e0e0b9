using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What older and newer models report and refuse.</summary>
public sealed class CpuGenerationTests
{
    [Theory]
    [InlineData("PantherLake", 0xC06C2u), InlineData("SapphireRapids", 0x806F8u), InlineData("Zen4", 0xA60F12u), InlineData("Core2", 0x1067Au)]
    [InlineData("K8", 0x20FF2u), InlineData("PentiumIII", 0x686u), InlineData("Pentium", 0x52Cu)]
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
        Assert.Throws<ArgumentOutOfRangeException>(() => new Processor(model, new Bus(new PhysicalMemory(1 << 20))).Registers.ReadMsr(Msr.Efer));
        Assert.False(model.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Syscall)));
        Assert.False(model.Implements(Iced.Intel.Instruction.Create(Iced.Intel.Code.Swapgs)));
    }

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
