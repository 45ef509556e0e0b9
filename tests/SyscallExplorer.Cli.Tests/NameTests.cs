using Xunit;

namespace SyscallExplorer.Cli.Tests;

/// <summary>Wrong names in a notebook reach the reader as sentences.</summary>
public sealed class NameTests
{
    [Theory]
    [InlineData("Lab.Boot(\"Linux_5_13\", \"Skylke\")", "Did you mean 'Skylake'?")]
    [InlineData("Lab.Boot(\"Linux_5_14\", \"Skylake\")", "Did you mean 'Linux_5_13'?")]
    public async Task An_unknown_processor_or_kernel_in_a_notebook_gives_1_and_the_nearest_right_name(string code, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("sysx-names-").FullName;
        string file = Path.Combine(folder, "lab.ipynb");
        string source = System.Text.Json.JsonSerializer.Serialize($"using SyscallExplorer; {code}");
        await File.WriteAllTextAsync(file, "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{\"kernelspec\":{\"name\":\".net-csharp\",\"language\":\"C#\"}},\"cells\":["
            + $"{{\"cell_type\":\"code\",\"id\":\"a\",\"metadata\":{{}},\"execution_count\":null,\"outputs\":[],\"source\":{source}}}]}}");
        Result run = await Sysx.RunAsync("run", file, "--out", Path.Combine(folder, "out"), "--no-html");
        Directory.Delete(folder, recursive: true);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains("cell 1, line 1", run.Error, StringComparison.Ordinal);
    }
}
