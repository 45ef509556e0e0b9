using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The kit's text of system calls is strace's: real calls on the host, written by both.</summary>
public sealed class StraceTests
{
    private static readonly string[] s_programs =
        ["calls-files", "calls-memory", "calls-processes", "calls-signals", "calls-threads", "calls-waiting", "calls-times"];

    public static TheoryData<string, string, int> EveryProgram()
    {
        var data = new TheoryData<string, string, int>();
        foreach (string name in s_programs)
        {
            foreach ((string library, int bitness) in ((string, int)[])[("glibc", 64), ("glibc", 32), ("musl", 64)])
                data.Add(name, library, bitness);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(EveryProgram))]
    public void The_text_of_each_family_of_calls_is_straces(string name, string library, int bitness) =>
        Compare(betweenMarkers: true, Compiled.Get(name, new Variant(library, bitness, 0)));

    [SkippableTheory]
    [InlineData("ls", "-l", "/usr")]
    [InlineData("busybox", "sh", "-c", "echo $((6*7)); cd /; ls nothing; kill -9 $$")]
    [InlineData("busybox", "seq", "3")]
    public void The_text_of_whole_programs_is_straces(string program, params string[] arguments)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "strace runs on Linux.");
        Compare(betweenMarkers: false, [Tools.Require(program), .. arguments]);
    }

    private static void Compare(bool betweenMarkers, params string[] command)
    {
        string folder = Directory.CreateTempSubdirectory("sysx-strace-").FullName;
        try
        {
            string real = HostTracer.Strace(folder, command);
            File.Delete(Path.Combine(folder, "strace.log"));
            AssertSame(real, HostTracer.Kit(folder, command), betweenMarkers);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Compares two logs task by task and call by call.</summary>
    internal static void AssertSame(string real, string ours, bool betweenMarkers)
    {
        IReadOnlyList<IReadOnlyList<string>> expected = StraceLines.ByTask(real, betweenMarkers), actual = StraceLines.ByTask(ours, betweenMarkers);
        Assert.Equal(expected.Count, actual.Count);
        for (int task = 0; task < expected.Count; task++)
            AssertSame([.. Timeless(expected[task], task > 0 || !betweenMarkers)], [.. Timeless(actual[task], task > 0 || !betweenMarkers)]);
    }

    private static void AssertSame(List<string> expected, List<string> actual)
    {
        const int shown = 4;
        int at = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        string Part(List<string> lines) => string.Join('\n', lines.Skip(Math.Max(0, at - 1)).Take(shown));
        Assert.True(at == expected.Count && at == actual.Count, $"From call {at} of {expected.Count} and {actual.Count} on strace says:\n{Part(expected)}\n--- the kit:\n{Part(actual)}");
    }

    /// <summary>Without the futex calls of programs with several threads: how often they wait depends on who comes first.</summary>
    private static IEnumerable<string> Timeless(IReadOnlyList<string> lines, bool severalThreads)
    {
        bool threads = severalThreads;
        foreach (string line in lines)
        {
            threads |= line.Contains("CLONE_THREAD", StringComparison.Ordinal);
            bool depends = line.StartsWith("futex(", StringComparison.Ordinal) || line.StartsWith("--- SIGCHLD", StringComparison.Ordinal)
                || line.StartsWith("sysinfo(", StringComparison.Ordinal);
            if (!(threads && depends))
                yield return line;
        }
    }
}
