using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The description of the host, from canned files and answers of CPUID.</summary>
public sealed class NativeHostTests
{
    [Fact]
    public void The_host_is_described_by_CPUID_and_the_kernels_files()
    {
        var facts = new CannedFacts();
        facts.Files["/proc/sys/kernel/osrelease"] = "6.1.0-test\n";
        facts.Files["/proc/self/status"] = "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        facts.Files["/sys/devices/system/cpu/vulnerabilities/meltdown"] = "Mitigation: PTI\n";
        facts.Files["/sys/devices/system/clocksource/clocksource0/current_clocksource"] = "kvm-clock\n";
        facts.Leaves[1] = new CpuidRegisters(0x000506E3, 0, 0x8000_0000, 0);
        facts.Leaves[0x4000_0000] = new CpuidRegisters(0x4000_0010, Word("KVMK"), Word("VMKV"), Word("M\0\0\0"));
        NativeHost host = HostReader.Read(facts);
        Assert.Equal(("GenuineIntel", 6, 0x5E, 3), (host.Vendor, host.Family, host.Model, host.Stepping));
        Assert.Equal(("6.1.0-test", "KVMKVMKVM", "kvm-clock"), (host.KernelRelease, host.Hypervisor, host.ClockSource));
        Assert.True(host.HasSeccompFilter);
        Assert.Equal([new HostMitigation("meltdown", "Mitigation: PTI")], host.Mitigations);
        Assert.Contains("under KVM", host.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AMDs_extended_family_is_added()
    {
        var facts = new CannedFacts();
        facts.Leaves[1] = new CpuidRegisters(0x00A00F11, 0, 0, 0);
        NativeHost host = HostReader.Read(facts);
        Assert.Equal((0x19, 1, 1), (host.Family, host.Model, host.Stepping));
        Assert.Null(host.Hypervisor);
        Assert.Null(host.HasSeccompFilter);
        Assert.Empty(host.Mitigations);
    }

    [Fact]
    public void CPUID_leaf_15h_tells_the_frequency_only_with_its_crystal()
    {
        var facts = new CannedFacts();
        facts.Leaves[0] = facts.Leaves[0] with { Eax = 0x16 };
        facts.Leaves[0x15] = new CpuidRegisters(2, 200, 0, 0);
        Assert.Null(HostReader.Frequency(facts));
        facts.Leaves[0x15] = new CpuidRegisters(2, 200, 24_000_000, 0);
        Assert.Equal(2.4e9, HostReader.Frequency(facts)!.Hertz);
    }

    private static uint Word(string letters) => BinaryPrimitives.ReadUInt32LittleEndian(Encoding.ASCII.GetBytes(letters));

    private sealed class CannedFacts : IHostFacts
    {
        public Dictionary<string, string> Files { get; } = [];

        public Dictionary<uint, CpuidRegisters> Leaves { get; } = new() { [0] = new(1, Word("Genu"), Word("ntel"), Word("ineI")) };

        public string? Read(string path) => Files.GetValueOrDefault(path);

        public IReadOnlyList<string> List(string folder) => [.. Files.Keys.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path))];

        public CpuidRegisters Cpuid(uint leaf) => Leaves.GetValueOrDefault(leaf);
    }
}
