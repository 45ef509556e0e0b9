using SyscallExplorer.Linux;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>What the kit says of a program that runs in it is what strace says of the same program on the host: the same calls, arguments and results.</summary>
public sealed class KitTraceTests
{
    public static TheoryData<string, string, int> EveryProgram() => StraceTests.EveryProgram();

    [SkippableTheory]
    [MemberData(nameof(EveryProgram))]
    public void The_trace_of_a_program_in_the_kit_is_straces_of_it_on_the_host(string name, string library, int bitness)
    {
        string program = Compiled.Get(name, new Variant(library, bitness, 0));
        string folder = Directory.CreateTempSubdirectory("sysx-strace-").FullName;
        try
        {
            string real = HostTracer.Strace(folder, program);
            LinuxMachine machine = InKit.Load(program, [], ["TZ=UTC", "PATH=/usr/bin:/bin"], traced: true);
            InKit.ToEnd(machine);
            StraceTests.AssertSame(real, machine.SystemCalls?.ToString() ?? "", betweenMarkers: true);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
