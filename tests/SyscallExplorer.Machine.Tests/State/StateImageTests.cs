using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What the owner of a processor saves and restores from outside is what XSAVE64, XRSTOR64, FXSAVE64 and FXRSTOR64 save and restore.</summary>
public class StateImageTests
{
    private const ulong Area = BenchLayout.UserData;
    private const int Header = 512;
    private const ulong All = 7;

    public static TheoryData<ulong, string> Requests => new()
    {
        { All, "Skylake" }, { 1, "Skylake" }, { 2, "Skylake" }, { 3, "Skylake" }, { 4, "Skylake" }, { 5, "Skylake" }, { ulong.MaxValue, "Skylake" }, { All, "Zen2" },
    };

    [Theory, MemberData(nameof(Requests))]
    public void The_owners_area_is_that_of_xsave64(ulong components, string model)
    {
        MachineBench bench = StateBench.Create(Cpus.Find(model));
        StateBench.Fill(bench);
        bench[Gpr.Rbx] = Area;
        bench[Gpr.Rax] = components;
        bench[Gpr.Rdx] = components >> 32;
        bench.RunUser64(a => a.xsave64(__[rbx]));
        byte[] area = [.. Enumerable.Repeat((byte)0xEE, XsaveArea.SizeFor(components))];
        bench.Cpu.CaptureXsave(area, components);
        Assert.Equal(bench.ReadBytes(Area, area.Length), area);
    }

    [Fact]
    public void A_component_in_its_initial_state_is_not_named_in_the_header()
    {
        MachineBench bench = StateBench.Create();
        StateBench.Reset(bench);
        byte[] area = new byte[XsaveArea.Size];
        bench.Cpu.CaptureXsave(area, All);
        Assert.Equal(0ul, BitConverter.ToUInt64(area, Header));
        StateBench.Fill(bench);
        bench.Cpu.CaptureXsave(area, All);
        Assert.Equal(All, BitConverter.ToUInt64(area, Header));
    }

    [Theory, MemberData(nameof(Requests))]
    public void The_owner_restores_what_xrstor64_restores(ulong components, string model)
    {
        MachineBench guest = StateBench.Create(Cpus.Find(model));
        MachineBench owner = StateBench.Create(Cpus.Find(model));
        StateBench.Fill(guest, seed: 5);
        byte[] area = new byte[XsaveArea.Size];
        guest.Cpu.CaptureXsave(area, 5);
        guest.WriteBytes(Area, area);
        guest[Gpr.Rbx] = Area;
        guest[Gpr.Rax] = components;
        guest[Gpr.Rdx] = components >> 32;
        StateBench.Fill(guest, seed: 6);
        StateBench.Fill(owner, seed: 6);
        guest.RunUser64(a => a.xrstor64(__[rbx]));
        Assert.True(owner.Cpu.RestoreXsave(area.AsSpan(0, XsaveArea.SizeFor(components)), components));
        Assert.Equal(StateBench.StateOf(guest), StateBench.StateOf(owner));
    }

    [Theory]
    [InlineData(24, 1 << 16), InlineData(Header, 8), InlineData(Header + 8, 1), InlineData(Header + 16, 1)]
    public void What_xrstor_faults_on_is_refused_and_changes_nothing(int offset, int value)
    {
        MachineBench bench = StateBench.Create();
        byte[] area = new byte[XsaveArea.Size];
        bench.Cpu.CaptureXsave(area, All);
        Assert.True(bench.Cpu.RestoreXsave(area));
        StateBench.Fill(bench);
        byte[] before = StateBench.StateOf(bench);
        BitConverter.TryWriteBytes(area.AsSpan(offset), value);
        Assert.False(bench.Cpu.RestoreXsave(area));
        Assert.Equal(before, StateBench.StateOf(bench));

        bench.WriteBytes(Area, area);
        bench[Gpr.Rbx] = Area;
        bench[Gpr.Rax] = bench[Gpr.Rdx] = ulong.MaxValue;
        Assert.Equal(Vector.GeneralProtection, bench.Fault(BenchMode.User64, a => a.xrstor64(__[rbx])).Vector);
    }

    [Fact]
    public void A_component_that_XCR0_does_not_hold_is_neither_saved_nor_taken()
    {
        MachineBench bench = StateBench.Create();
        StateBench.Fill(bench);
        byte[] area = new byte[XsaveArea.Size];
        bench.Cpu.CaptureXsave(area, All);
        bench.Cpu.Registers.ExtendedControlRegister0 = 3;
        Assert.False(bench.Cpu.RestoreXsave(area));
        byte[] smaller = new byte[XsaveArea.SizeFor(3)];
        bench.Cpu.CaptureXsave(smaller, All);
        Assert.Equal(3ul, BitConverter.ToUInt64(smaller, Header));
        Assert.True(bench.Cpu.RestoreXsave(smaller));
    }

    [Theory]
    [InlineData("Skylake"), InlineData("Zen2")]
    public void The_owners_image_is_that_of_fxsave64(string model)
    {
        MachineBench bench = StateBench.Create(Cpus.Find(model));
        StateBench.Fill(bench);
        bench[Gpr.Rbx] = Area;
        bench.RunUser64(a => a.fxsave64(__[rbx]));
        byte[] image = [.. Enumerable.Repeat((byte)0xEE, XsaveArea.FxsaveSize)];
        bench.Cpu.CaptureFxsave(image);
        Assert.Equal(bench.ReadBytes(Area, image.Length), image);
    }

    [Fact]
    public void The_owner_restores_what_fxrstor64_restores()
    {
        MachineBench guest = StateBench.Create();
        MachineBench owner = StateBench.Create();
        StateBench.Fill(guest, seed: 5);
        byte[] image = new byte[XsaveArea.FxsaveSize];
        guest.Cpu.CaptureFxsave(image);
        guest.WriteBytes(Area, image);
        guest[Gpr.Rbx] = Area;
        StateBench.Fill(guest, seed: 6);
        StateBench.Fill(owner, seed: 6);
        guest.RunUser64(a => a.fxrstor64(__[rbx]));
        Assert.True(owner.Cpu.RestoreFxsave(image));
        Assert.Equal(StateBench.StateOf(guest), StateBench.StateOf(owner));
        image[26] = 1;
        Assert.False(owner.Cpu.RestoreFxsave(image));
        Assert.Equal(StateBench.StateOf(guest), StateBench.StateOf(owner));
    }

    [Fact]
    public void A_block_that_is_too_small_is_refused_with_a_sentence()
    {
        Processor cpu = StateBench.Create().Cpu;
        Assert.Contains("takes 832 bytes, and this block has 831", Assert.Throws<ArgumentException>(() => cpu.CaptureXsave(new byte[831], All)).Message);
        Assert.Contains("takes 832 bytes, and this block has 576", Assert.Throws<ArgumentException>(() => cpu.RestoreXsave(new byte[576])).Message);
        Assert.Contains("takes 512 bytes, and this block has 511", Assert.Throws<ArgumentException>(() => cpu.CaptureFxsave(new byte[511])).Message);
        Assert.Contains("takes 512 bytes, and this block has 0", Assert.Throws<ArgumentException>(() => cpu.RestoreFxsave([])).Message);
    }
}
