using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The host's own tracers run inside the kit, and see there what they see on the host.</summary>
public sealed class TracersInKitTests
{
    /// <summary>Calls whose arguments do not hold addresses.</summary>
    private const string Calls = "trace=openat,close,write,exit_group";

    public static TheoryData<string[]> Programs() => new()
    {
        (string[])["/bin/echo", "one", "two"],
        (string[])["/bin/cat", "/no/such/file"],
        (string[])["/bin/sh", "-c", "exit 7"],
    };

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void Real_strace_writes_what_it_writes_on_the_host(string[] program)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "strace runs on Linux.");
        NativeAndKit.Compare(new ProgramCall(Tools.Require("strace"), ["-qq", "-f", "-a1", "-e", Calls, .. program]) { Options = ["--root", "/"] });
    }

    [SkippableFact]
    public void Real_strace_skips_and_changes_calls()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "strace runs on Linux.");
        NativeAndKit.Compare(new ProgramCall(
            Tools.Require("strace"), "-qq", "-e", "trace=write", "-e", "inject=write:error=ENOSPC:when=1", "/bin/echo", "lost")
        { Options = ["--root", "/"] });
    }

    [SkippableFact]
    public void Real_strace_stops_only_at_the_calls_that_its_filter_asks_for()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "strace runs on Linux.");
        NativeAndKit.Compare(new ProgramCall(
            Tools.Require("strace"), "-qq", "-f", "--seccomp-bpf", "-e", "trace=write", "/bin/echo", "seen")
        { Options = ["--root", "/"] });
    }
}
