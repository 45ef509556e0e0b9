using System.Diagnostics;
using Xunit;

namespace SyscallExplorer.Notebooks.Tests;

/// <summary>Packages from a folder feed that the tests make, restored into a packages folder of their own.</summary>
public sealed class PackageTests(PackageTests.Feed feed) : IClassFixture<PackageTests.Feed>
{
    [Fact]
    public async Task A_package_comes_with_what_it_depends_on()
    {
        NotebookRun run = await Run(NotebookText.Code($"#i \"nuget: {feed.Folder}\"\n#r \"nuget: Sysx.Sample.Top, 1.2.3\"\nSysx.Sample.Top.Value()"));
        Assert.Null(run.Failure);
        Assert.Equal(["base and top"], run.Cells[0].Shown());
        Assert.Equal(["Sysx.Sample.Base 1.2.3", "Sysx.Sample.Top 1.2.3"], run.Sources.Select(s => $"{s.Name} {s.Detail}").Order(StringComparer.Ordinal));
        Assert.Contains("Sysx.Sample.Base 1.2.3", HtmlReport.Write(run));
    }

    [Fact]
    public async Task A_library_finds_what_it_depends_on_beside_it()
    {
        NotebookRun run = await Run(NotebookText.Code($"#r \"{feed.Libraries}/Sysx.Sample.Top.dll\"\nSysx.Sample.Top.Value()"));
        Assert.Null(run.Failure);
        Assert.Equal(["base and top"], run.Cells[0].Shown());
    }

    [Fact]
    public async Task A_package_that_does_not_exist_fails_its_cell_with_the_reason()
    {
        NotebookRun run = await Run(NotebookText.Code("1"), NotebookText.Code($"#i \"nuget: {feed.Folder}\"\n#r \"nuget: Sysx.Sample.Nothing, 9.9.9\"\n2"));
        Assert.Contains("cell 2: the packages of this cell cannot be restored: NU1101: Unable to find package Sysx.Sample.Nothing", run.Failure);
    }

    [Fact]
    public async Task A_cell_tagged_requires_nuget_is_skipped_visibly_and_later_cells_run()
    {
        NotebookRun run = await Run(NotebookText.Code("#r \"nuget: Sysx.Sample.Nothing, 9.9.9\"\nConsole.Write(\"never\");", "requires-nuget"), NotebookText.Code("2"));
        Assert.Null(run.Failure);
        Assert.Equal([CellState.Skipped, CellState.Ran], run.Cells.Select(c => c.State));
        Assert.StartsWith("Skipped: this cell needs packages that could not be restored here. NU1101", run.Cells[0].Shown().Single());
        Assert.Contains("<strong>Skipped.</strong>", HtmlReport.Write(run));
        Assert.Contains("Skipped: this cell needs packages", ExecutedNotebook.Write(run));
    }

    [Fact]
    public async Task The_kit_itself_is_built_in_and_an_unknown_later_version_of_it_is_refused()
    {
        NotebookRun run = await Run(NotebookText.Code("#r \"nuget: SyscallExplorer, 0.0.1\"\ntypeof(SyscallExplorer.LabInputs).Name"), NotebookText.Code("\n#r \"nuget: SyscallExplorer, 999.0.0\""));
        Assert.Equal(["LabInputs"], run.Cells[0].Shown());
        Assert.Contains("cell 2, line 2: the notebook asks for SyscallExplorer 999.0.0, and this host carries version", run.Failure);
    }

    /// <summary>Only the test's own folder is a source: no test needs a network.</summary>
    private async Task<NotebookRun> Run(params System.Text.Json.Nodes.JsonObject[] cells)
    {
        using var folder = new TemporaryFolder();
        folder.Write("nuget.config", $"<configuration><packageSources><clear /><add key=\"sample\" value=\"{feed.Folder}\" /></packageSources></configuration>");
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = feed.Packages };
        return await Runs.Of(Runs.Options with { Environment = environment }, folder.Path, cells);
    }

    /// <summary>Two packages, one of which needs the other.</summary>
    public sealed class Feed : IDisposable
    {
        private readonly TemporaryFolder _root = new();

        public Feed()
        {
            _root.Write("nuget.config", "<configuration><packageSources><clear /></packageSources></configuration>");
            _root.Write("Directory.Build.props", "<Project />");
            string bottom = Project("Base", "", "namespace Sysx.Sample; public static class Base { public static string Value() => \"base\"; }");
            string top = Project("Top", $"<ProjectReference Include=\"{bottom}\" />", "namespace Sysx.Sample; public static class Top { public static string Value() => Base.Value() + \" and top\"; }");
            Dotnet("pack", bottom, "-o", Folder);
            Dotnet("pack", top, "-o", Folder);
        }

        internal string Folder => Path.Combine(_root.Path, "feed");

        internal string Packages => Path.Combine(_root.Path, "packages");

        internal string Libraries => Path.Combine(_root.Path, "Top", "bin", "Release", "net10.0");

        public void Dispose() => _root.Dispose();

        private string Project(string name, string items, string code)
        {
            _root.Write($"{name}/{name}.cs", code);
            return _root.Write($"{name}/Sysx.Sample.{name}.csproj",
                $"<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net10.0</TargetFramework><Version>1.2.3</Version></PropertyGroup><ItemGroup>{items}</ItemGroup></Project>");
        }

        private void Dotnet(params string[] arguments)
        {
            var start = new ProcessStartInfo(DotnetHost.Path, [.. arguments, "--nologo"]) { WorkingDirectory = _root.Path, RedirectStandardOutput = true };
            start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
            start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
            start.Environment["UseSharedCompilation"] = "false";
            using Process process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, output);
        }
    }
}
