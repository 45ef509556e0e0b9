using BenchmarkDotNet.Attributes;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Benchmarks;

/// <summary>What a notebook waits for.</summary>
[MemoryDiagnoser]
public class LabBenchmarks
{
    private readonly Lab _lab = Lab.Boot(Kernels.Linux_5_13, Cpus.Skylake);

    [Benchmark]
    public Lab Boot() => Lab.Boot(Kernels.Linux_5_13, Cpus.Skylake);

    [Benchmark]
    public Lab Fork() => _lab.Fork();

    [Benchmark]
    public Comparison CompareThreePaths() => _lab.Compare(Syscalls.GetPid);

    [Benchmark]
    public Trace TraceOneCall() => _lab.Trace(EntryPath.Syscall);
}
