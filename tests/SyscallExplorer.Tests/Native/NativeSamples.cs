namespace SyscallExplorer.Tests;

/// <summary>A measurement with one figure of each fate.</summary>
internal static class NativeSamples
{
    public static NativeHost Host { get; } = new()
    {
        Vendor = "AuthenticAMD",
        Brand = "AMD EPYC",
        Family = 0x19,
        Model = 1,
        Stepping = 1,
        KernelRelease = "6.1.0",
        Hypervisor = "KVMKVMKVM",
        ClockSource = "tsc",
        HasSeccompFilter = false,
        Mitigations = [new("meltdown", "Not affected"), new("spectre_v1", "Mitigation; <barriers>")],
    };

    public static NativeMeasurement Measurement { get; } = new()
    {
        Host = Host,
        Tsc = new TscFrequency(2.4e9, "a sample"),
        TicksPerCycle = new TicksPerCycle(0.8, 0.7, 0.9),
        Cpu = 1,
        Rows = Proportion.Judge(
        [
            Figure(NativeWay.Syscall, "getpid", 300),
            Figure(NativeWay.Int80, "getpid", 6000),
            Figure(NativeWay.Instruction, "cpuid", 2500),
            new() { Key = "x32 getpid", Way = NativeWay.X32, Call = "getpid", Status = NativeStatus.NotAvailable, Reason = "The kernel has no x32 calls." },
        ], Host.Hypervisor),
    };

    public static NativeFigure Figure(NativeWay way, string call, double ticks) => new()
    {
        Key = NativeWays.KeyOf(way, call),
        Way = way,
        Path = NativeWays.PathOf(way),
        Call = call,
        Status = NativeStatus.Measured,
        Timing = new NativeTiming { MinTicks = ticks + 2, MedianTicks = ticks + 10, ControlTicks = 2, TicksPerCycle = 0.8, Batches = 200, CallsPerBatch = 200 },
        Result = 1,
    };
}
