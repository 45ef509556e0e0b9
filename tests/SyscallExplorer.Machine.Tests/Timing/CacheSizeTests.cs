using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What CPUID tells of a processor's caches, and what its timing model has.</summary>
public sealed class CacheSizeTests
{
    public static TheoryData<string> Names => [.. Cpus.Known.Where(cpu => cpu.Caches.Count > 0).Select(cpu => cpu.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_have_the_same_caches(string name)
    {
        CpuModel cpu = Cpus.Find(name);
        PipelineGeometry core = cpu.Microarchitecture.Pipeline;
        (CacheLevelGeometry Level, int Number, CacheKind Kind)[] modelled =
            [(core.L1Instruction, 1, CacheKind.Instruction), (core.L1Data, 1, CacheKind.Data), (core.L2, 2, CacheKind.Unified), (core.L3, 3, CacheKind.Unified)];

        // NetBurst has a trace cache in the place of one for instructions, of which CPUID tells otherwise.
        bool tellsOfInstructions = cpu.Caches.Any(cache => cache.Kind == CacheKind.Instruction);
        Assert.Equal(
            cpu.Caches.Select(cache => (cache.Level, cache.Kind, cache.Size, cache.Ways)).Order(),
            modelled.Where(cache => cache.Level.Exists && (tellsOfInstructions || cache.Kind != CacheKind.Instruction)).Select(cache => (cache.Number, cache.Kind, cache.Level.Kib << 10, cache.Level.Ways)).Order());
    }
}
