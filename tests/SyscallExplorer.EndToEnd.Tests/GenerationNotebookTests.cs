using System.Text.RegularExpressions;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The notebooks over the kernel generations, run as a reader runs them.</summary>
public sealed class GenerationNotebookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-generations-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_lab_of_int_0x80_shows_the_gate_and_a_program_of_its_time()
    {
        string report = Run("notebooks/02-int-0x80-on-an-old-kernel.ipynb");
        Assert.Contains("0x80 0x10 0 3 E ia32_syscall+0x0", report, StringComparison.Ordinal);
        Assert.Contains("open(\"/proc/version\", O_RDONLY) = 3", report, StringComparison.Ordinal);
        Assert.Contains("Linux version 2.6.39 (syscall-explorer)", report, StringComparison.Ordinal);
        Assert.Contains("The program exited with status 38.", report, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lab_of_time_is_cheapest_by_the_vdso_and_dearest_by_an_emulated_page()
    {
        string report = Run("notebooks/05-time-without-the-kernel.ipynb");
        double Cycles(string way) => double.Parse(
            Regex.Match(report, $@" {way} (\d+(\.\d+)?) ").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Cycles("clock_gettime by the vDSO") * 5 < Cycles("clock_gettime by SYSCALL"));
        Assert.True(Cycles("time by the vsyscall page") > Cycles("time by SYSCALL"));
        Assert.Contains("[vvar]", report, StringComparison.Ordinal);
        Assert.Contains("[vdso]", report, StringComparison.Ordinal);
        Assert.Contains("[vsyscall]", report, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lab_of_sysenter_shows_the_stub_and_who_leaves_by_sysexit()
    {
        string report = Run("notebooks/03-sysenter-and-kernel-vsyscall.ipynb");
        Assert.Contains("0555 sysenter", report, StringComparison.Ordinal);
        Assert.Matches(@"Linux_2_6_39 +\d+ +sysexit", report);
        Assert.Matches(@"Linux_6_8 +\d+ +sysret", report);
        Assert.Contains("hello through SYSENTER", report, StringComparison.Ordinal);
        Assert.Contains("The program exited with status 42.", report, StringComparison.Ordinal);
        Assert.Contains("#PF at 1000h", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Skylake")]
    [InlineData("Zen2")]
    public void The_lab_of_syscall_has_every_kernel_and_calls_of_its_own(string cpu)
    {
        string report = Run("notebooks/04-syscall-over-the-generations.ipynb", "-p", $"cpu={cpu}");
        foreach (string release in (string[])["2.6.39", "4.4", "4.19", "4.20", "5.13", "6.1", "6.8", "6.12"])
            Assert.Matches($@" {Regex.Escape(release)} +\d", report);
        Assert.Contains("The program exited with status 42.", report, StringComparison.Ordinal);
        Assert.Contains("The program exited with status 0.", report, StringComparison.Ordinal);
        Assert.Contains("fred_entry_from_user > fred_other > do_syscall_64 eretu", report, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_programs_in_C_show_which_way_the_library_goes()
    {
        Tools.Require("gcc");
        Tools.RequireFile("/usr/lib32/libc.a", "the static 32-bit C library (gcc-multilib)");
        string sysenter = Run("notebooks/03-sysenter-and-kernel-vsyscall.ipynb");
        Assert.Contains("read 47 bytes: Linux version", sysenter, StringComparison.Ordinal);
        Assert.Matches("Sysenter openat\\(AT_FDCWD, \"/proc/version\", O_RDONLY\\) = 3", sysenter);
        Assert.Contains("Int80 brk(NULL)", sysenter, StringComparison.Ordinal);

        string syscall = Run("notebooks/04-syscall-over-the-generations.ipynb");
        Assert.Contains("standard output hello through SYSCALL", syscall, StringComparison.Ordinal);
        Assert.Contains("write(1, \"hello through SYSCALL\\n\", 22) = 22", syscall, StringComparison.Ordinal);

        string time = Run("notebooks/05-time-without-the-kernel.ipynb");
        Assert.Matches(@"2021-06-27 22:21:11\.\d{6} UTC", time);
        Assert.Single(Regex.Matches(time, @"gettimeofday\(\{tv_sec="));
    }

    [Fact]
    public void Without_a_compiler_the_programs_in_C_say_so_and_the_rest_is_there()
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        string hidden = string.Join(Path.PathSeparator, path.Split(Path.PathSeparator).Where(folder => !File.Exists(Path.Combine(folder, "gcc"))));
        var environment = new Dictionary<string, string> { ["PATH"] = hidden };
        const int cells = 3;
        string report = RunWith(environment, "notebooks/03-sysenter-and-kernel-vsyscall.ipynb");
        Assert.Equal(cells, Regex.Count(report, "Skipped: there is no gcc on the PATH\\."));
        Assert.Contains("One thing to change", report, StringComparison.Ordinal);
    }

    /// <summary>The words of the report, with one space between them.</summary>
    private string Run(string notebook, params string[] arguments) => RunWith(new Dictionary<string, string>(), notebook, arguments);

    private string RunWith(Dictionary<string, string> environment, string notebook, params string[] arguments)
    {
        string output = Path.Combine(_folder, "out");
        environment["RestoreSources"] = Directory.CreateDirectory(Path.Combine(_folder, "nothing")).FullName;
        Tools.Run(
            Tools.Dotnet, Repository.Root, environment,
            ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), "run", notebook, .. arguments, "--out", output]);
        return ReportText.Words(File.ReadAllText(Path.Combine(output, Path.ChangeExtension(Path.GetFileName(notebook), ".html"))));
    }
}
