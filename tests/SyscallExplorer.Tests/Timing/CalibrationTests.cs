using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>A model fitted to a machine that was measured elsewhere.</summary>
public sealed class CalibrationTests
{
    [Fact]
    public void The_fitted_paths_cost_what_was_measured_and_the_others_check()
    {
        Calibration calibration = Calibration.Of(Measurement());

        Assert.Equal(("Skylake", Kernels.Linux_5_13), (calibration.Base, calibration.Kernel));
        Assert.Contains("pti=off", calibration.CommandLine, StringComparison.Ordinal);
        CalibrationRow getpid = calibration.Rows.Single(row => row.Key == "syscall getpid"), unused = calibration.Rows.Single(row => row.Key == "syscall unused");
        Assert.True(getpid.IsFitted && Math.Abs(getpid.Error) < 0.01, $"{getpid}");
        Assert.False(unused.IsFitted);
        Assert.True(unused.ModelTicks < getpid.ModelTicks);
        Assert.False(calibration.Rows.Single(row => row.Key == "int80 getpid").IsUsable);
        Assert.Equal(Confidence.Fitted, calibration.Cpu.Microarchitecture.Figures.Single(figure => figure.Key == "syscall").Confidence);
    }

    [Fact]
    public void The_processors_have_the_calibrated_one_among_them()
    {
        CpuModel mine = Cpus.Calibrated(Measurement());

        Assert.Equal("Skylake (calibrated)", mine.Name);
        Assert.Equal(Calibration.Of(Measurement()).Cpu.Microarchitecture.DataHash, mine.Microarchitecture.DataHash);
    }

    [Fact]
    public void Beside_a_comparison_stands_the_same_path_of_the_machine()
    {
        NativeMeasurement measurement = Measurement();
        BesideMachine beside = Lab.Boot("5.13", "Skylake", "mitigations=off").Compare("getpid").Beside(measurement);

        Assert.Equal(3, beside.Rows.Count);
        Assert.Equal(260 / 0.8, beside.Rows.Single(row => row.Model.Path == EntryPath.Syscall).Machine!.NetCycles!.Value, 6);
        Assert.Null(beside.Rows.Single(row => row.Model.Path == EntryPath.Sysenter).Machine);
        Assert.Contains("KVM takes part", beside.ToText(), StringComparison.Ordinal);
        Assert.Equal(2, beside.Plot().Data.Count);
    }

    [Fact]
    public void A_measurement_without_figures_is_refused_with_its_reason()
    {
        NativeMeasurement nothing = new() { Unavailable = "This is not Linux.", Rows = [] };

        Assert.StartsWith("There is nothing to fit to. This is not Linux.", Assert.Throws<ArgumentException>(() => Calibration.Of(nothing)).Message, StringComparison.Ordinal);
    }

    private static NativeMeasurement Measurement() => new()
    {
        Host = new NativeHost
        {
            Vendor = "GenuineIntel",
            Brand = "a Skylake",
            Family = 6,
            Model = 0x5E,
            Stepping = 3,
            KernelRelease = "5.15.0-100-generic",
            Hypervisor = "KVMKVMKVM",
            Mitigations = [new HostMitigation("meltdown", "Vulnerable"), new HostMitigation("spectre_v2", "Vulnerable")],
        },
        Tsc = new TscFrequency(3.2e9, "this test"),
        TicksPerCycle = new TicksPerCycle(0.8, 0.8, 0.8),
        Rows =
        [
            Row("syscall getpid", NativeWay.Syscall, EntryPath.Syscall, "getpid", 260),
            Row("syscall unused", NativeWay.Syscall, EntryPath.Syscall, "unused", 230),
            Row("int80 getpid", NativeWay.Int80, EntryPath.Int80, "getpid", 15000) with { Status = NativeStatus.Disproportionate, Reason = "KVM takes part." },
        ],
    };

    private static NativeFigure Row(string key, NativeWay way, EntryPath path, string call, double ticks) => new()
    {
        Key = key,
        Way = way,
        Path = path,
        Call = call,
        Status = NativeStatus.Measured,
        Timing = new NativeTiming { MinTicks = ticks, MedianTicks = ticks, ControlTicks = 0, TicksPerCycle = 0.8, Batches = 10, CallsPerBatch = 10 },
    };
}
