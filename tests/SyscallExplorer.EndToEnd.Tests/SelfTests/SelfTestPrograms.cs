using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The sources of Linux's own tests for x86, out of a package of the distribution, and the programs that they make. Both are gone when the tests end.</summary>
internal static class SelfTestPrograms
{
    /// <summary>Debian's package linux-source-6.1.</summary>
    private const string Archive = "/usr/src/linux-source-6.1.tar.xz";

    private const string Tests = "tools/testing/selftests/x86";

    private static readonly string s_tree = Path.GetFileNameWithoutExtension(Path.GetFileNameWithoutExtension(Archive));

    /// <summary>The folder of the tests, and what they include from elsewhere.</summary>
    private static readonly string[] s_parts = [Tests, "tools/testing/selftests/kselftest.h", "arch/x86/include/asm/desc_defs.h"];

    private static readonly Lazy<string> s_folder = new(Extract);

    /// <summary>The program of a test; where the package or the compiler is missing the test is skipped, and in continuous integration it fails.</summary>
    internal static string Make(SelfTest test)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The tests are compiled on Linux.");
        Tools.RequireFile(Archive, "the sources that Debian's package linux-source-6.1 holds");
        string gcc = Tools.Require("gcc");
        if (test.Bitness == 32)
            Tools.RequireFile("/usr/lib32/libc.a", "the static 32-bit C library (gcc-multilib)");
        string program = Path.Combine(s_folder.Value, test.ToString());
        string[] linked = [.. test.IsDynamic ? (string[])[] : ["-static"], .. test.Start is { } start ? (string[])[$"-Wl,-e{start}"] : []];
        string[] sources = [$"{test.Name}.c", .. test.Companion is { } companion ? (string[])[companion] : []];
        Tools.Run(gcc, Path.Combine(s_folder.Value, s_tree, Tests), null,
            [$"-m{test.Bitness}", "-O2", "-std=gnu99", "-w", "-no-pie", "-pthread", "-DCAN_BUILD_32", "-DCAN_BUILD_64", .. linked, "-o", program, .. sources, "-ldl", "-lm"]);
        return program;
    }

    private static string Extract()
    {
        // The machine has a /tmp of its own, so that programs with its root there would not be seen.
        string folder = Directory.CreateDirectory($"/var/tmp/sysx-selftests-{Environment.ProcessId}").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Tools.Run("tar", folder, null, ["-xJf", Archive, .. s_parts.Select(part => $"{s_tree}/{part}")]);
        return folder;
    }
}
