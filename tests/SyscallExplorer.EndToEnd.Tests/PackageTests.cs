using System.IO.Compression;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The packages, made once and then used as a stranger uses them: from a feed, in a project of their own.</summary>
public sealed class PackageTests(PackageTests.PackedOnce packed) : IClassFixture<PackageTests.PackedOnce>
{
    private const string ThreeLines = """
        using SyscallExplorer;
        var comparison = Lab.Boot("Linux_5_13", "Skylake").Compare("getpid", EntryPath.Syscall);
        Console.WriteLine($"{comparison[EntryPath.Syscall].Result} on {typeof(Lab).Assembly.GetCustomAttributes(typeof(System.Runtime.Versioning.TargetFrameworkAttribute), false)
            .Cast<System.Runtime.Versioning.TargetFrameworkAttribute>().Single().FrameworkName}");
        """;

    [Theory]
    [InlineData("SyscallExplorer")]
    [InlineData("SyscallExplorer.Linux")]
    [InlineData("SyscallExplorer.Machine")]
    [InlineData("SyscallExplorer.Cli")]
    public void A_package_carries_readme_licence_documentation_and_symbols(string id)
    {
        string[] files = Entries($"{id}.{packed.Version}.nupkg");
        Assert.Contains("README.md", files);
        Assert.Contains("LICENSE", files);
        string[] symbols = Entries($"{id}.{packed.Version}.snupkg");
        if (id == "SyscallExplorer.Cli")
        {
            Assert.Contains(files, f => f.EndsWith("/DotnetToolSettings.xml", StringComparison.Ordinal));
            Assert.Contains(symbols, f => f.EndsWith("/sysx.pdb", StringComparison.Ordinal));
            return;
        }
        foreach (string framework in new[] { "net8.0", "net10.0" })
        {
            Assert.Contains($"lib/{framework}/{id}.dll", files);
            Assert.Contains($"lib/{framework}/{id}.xml", files);
            Assert.Contains($"lib/{framework}/{id}.pdb", symbols);
        }
    }

    [Theory]
    [InlineData("net10.0", ".NETCoreApp,Version=v10.0")]
    [InlineData("net8.0", ".NETCoreApp,Version=v8.0")]
    public void The_packed_library_runs_in_a_fresh_project(string framework, string assembly)
    {
        string project = Directory.CreateDirectory(Path.Combine(packed.Folder, "use-" + framework)).FullName;
        File.WriteAllText(Path.Combine(project, "Use.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>{framework}</TargetFramework>
                <RollForward>Major</RollForward>
                <UseAppHost>false</UseAppHost>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <RestorePackagesPath>{packed.Folder}/packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="SyscallExplorer" Version="{packed.Version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(project, "nuget.config"), $"""
            <configuration><packageSources><add key="packed" value="{packed.Feed}" /></packageSources></configuration>
            """);
        File.WriteAllText(Path.Combine(project, "Program.cs"), ThreeLines);
        Tools.Run(Tools.Dotnet, project, null, "build", "--nologo", "-v:q", "-o", "out");
        Assert.Equal($"1000 on {assembly}", Tools.Run(Tools.Dotnet, project, null, "out/Use.dll").Trim());
    }

    [Fact]
    public void The_packed_tool_installs_and_runs()
    {
        string folder = Directory.CreateDirectory(Path.Combine(packed.Folder, "tool")).FullName;
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"<configuration><packageSources><clear /><add key=\"packed\" value=\"{packed.Feed}\" /></packageSources></configuration>");
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = Path.Combine(packed.Folder, "packages") };
        Tools.Run(Tools.Dotnet, folder, environment, "tool", "install", "SyscallExplorer.Cli", "--version", packed.Version, "--tool-path", folder);
        string dll = Directory.EnumerateFiles(folder, "sysx.dll", SearchOption.AllDirectories).First();
        Assert.StartsWith(packed.Version, Tools.Run(Tools.Dotnet, folder, null, "exec", dll, "--version"));
        Tools.Run(Tools.Dotnet, folder, null, "exec", dll, "run", Path.Combine(Repository.Root, "tests/SyscallExplorer.EndToEnd.Tests/bars.ipynb"), "--out", Path.Combine(folder, "report"));
        Assert.True(File.Exists(Path.Combine(folder, "report", "bars.html")));
    }

    private string[] Entries(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(packed.Feed, package));
        return [.. archive.Entries.Select(e => e.FullName)];
    }

    /// <summary>Packs everything under a version that no feed and no cache has seen, into folders outside the checkout.</summary>
    public sealed class PackedOnce : IDisposable
    {
        public PackedOnce()
        {
            foreach (string project in new[] { "SyscallExplorer.Machine", "SyscallExplorer.Linux", "SyscallExplorer", "SyscallExplorer.Cli" })
                Tools.Run(Tools.Dotnet, Repository.Root, null, "pack", $"src/{project}", "-c", "Release", "--nologo", "-v:q",
                    $"-p:Version={Version}", "-o", Feed, "--artifacts-path", Path.Combine(Folder, "build"));
        }

        internal string Folder { get; } = Directory.CreateTempSubdirectory("sysx-packed-").FullName;

        internal string Version { get; } = $"0.0.1-test.{DateTime.UtcNow:yyyyMMddHHmmss}.{Environment.ProcessId}";

        internal string Feed => Path.Combine(Folder, "feed");

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
