using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The repository's own notebooks, run as the README runs them.</summary>
public sealed class ReadersNotebookTests : IDisposable
{
    private const string First = "notebooks/01-three-ways-into-the-kernel.ipynb";
    private const string Programs = "notebooks/06-a-program-and-its-system-calls.ipynb";
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-readers-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(First)]
    [InlineData(Programs)]
    public void Two_runs_give_the_same_files_to_the_bit(string notebook)
    {
        string terminal = Run("a", notebook), file = Path.GetFileName(notebook);
        Assert.Equal(terminal.Replace($"{_folder}/a", "", StringComparison.Ordinal), Run("b", notebook).Replace($"{_folder}/b", "", StringComparison.Ordinal));
        foreach (string name in (string[])[file, Path.ChangeExtension(file, ".html")])
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "a", name)), File.ReadAllBytes(Path.Combine(_folder, "b", name)));
    }

    [Theory]
    [InlineData("Haswell", "")]
    [InlineData("Zen2", "pti=on")]
    public void The_first_lab_prints_its_table_for_another_processor(string cpu, string options)
    {
        string terminal = Run("c", First, "-p", $"cpu={cpu}", "-p", $"commandLine={options}");
        Assert.Contains($"getpid on Linux_5_13, {cpu}", terminal, StringComparison.Ordinal);
        Assert.Contains("cycles per call", terminal, StringComparison.Ordinal);
        Assert.EndsWith(".html", terminal.TrimEnd(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_lab_of_programs_shows_busybox_with_its_calls()
    {
        string terminal = Run("d", Programs, "-p", $"busybox={BusyBox.Path}", "-p", "script=echo three words here | wc -w");
        Assert.Contains("standard output:\n  3\n", terminal, StringComparison.Ordinal);
        Assert.Contains("execve", terminal, StringComparison.Ordinal);
        Assert.DoesNotContain("assembled program", terminal, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_busybox_the_lab_of_programs_says_so_and_goes_on_with_its_own()
    {
        string terminal = Run("e", Programs, "-p", "busybox=/nothing/here");
        Assert.Contains("There is no /nothing/here. Install busybox-static", terminal, StringComparison.Ordinal);
        Assert.Contains("The program exited with status 0.", terminal, StringComparison.Ordinal);
        Assert.Matches(@"\nwrite +\d+ ", terminal);
    }

    /// <summary>No package source is there, so that cells which need one are skipped on every machine.</summary>
    private string Run(string output, params string[] arguments) => Tools.Run(
        Tools.Dotnet, Repository.Root, new Dictionary<string, string> { ["RestoreSources"] = Directory.CreateDirectory(Path.Combine(_folder, "nothing")).FullName },
        ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), "run", .. arguments, "--out", Path.Combine(_folder, output)]);
}
