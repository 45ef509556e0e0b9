using System.Diagnostics;
using System.Security;
using System.Text;
using System.Text.RegularExpressions;

namespace SyscallExplorer.Notebooks;

/// <summary>A package could not be restored; the message is the reason.</summary>
internal sealed class PackageException(string message) : Exception(message);

/// <summary>Restores the packages of a notebook, all of them in one project so that they agree on what they depend on.</summary>
internal sealed partial class PackageResolver(string folder)
{
    private const string Framework = "net10.0";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, string?> _packages = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _feeds = [];

    internal void AddFeed(string feed)
    {
        // A feed that is a folder is named from the notebook's own folder.
        string local = Path.GetFullPath(Path.Combine(folder, feed));
        _feeds.Add(!feed.Contains("://", StringComparison.Ordinal) && Directory.Exists(local) ? local : feed);
    }

    /// <summary>Restores these packages together with the earlier ones of the notebook.</summary>
    /// <exception cref="PackageException">They cannot be restored.</exception>
    internal async Task<PackageAssets> RestoreAsync(IReadOnlyList<PackageReference> packages)
    {
        var wanted = new Dictionary<string, string?>(_packages, StringComparer.OrdinalIgnoreCase);
        foreach (PackageReference package in packages)
            wanted[package.Id] = package.Version ?? wanted.GetValueOrDefault(package.Id);
        string project = Directory.CreateTempSubdirectory("sysx-packages-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(project, "notebook.csproj"), Project(wanted));
            await RestoreAsync(project);
            PackageAssets assets = PackageAssets.Read(await File.ReadAllTextAsync(Path.Combine(project, "obj", "project.assets.json")));
            foreach ((string id, string? version) in wanted)
                _packages[id] = version;
            return assets;
        }
        finally
        {
            Directory.Delete(project, recursive: true);
        }
    }

    private string Project(Dictionary<string, string?> packages)
    {
        var items = new StringBuilder();
        foreach ((string id, string? version) in packages.OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase))
            items.Append("    <PackageReference Include=\"").Append(SecurityElement.Escape(id)).Append("\" Version=\"").Append(SecurityElement.Escape(version ?? "*")).Append("\" />\n");
        return $"""
            <Project>
              <PropertyGroup>
                <ImportDirectoryBuildProps>false</ImportDirectoryBuildProps>
                <ImportDirectoryBuildTargets>false</ImportDirectoryBuildTargets>
                <ImportDirectoryPackagesProps>false</ImportDirectoryPackagesProps>
              </PropertyGroup>
              <Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" />
              <PropertyGroup>
                <TargetFramework>{Framework}</TargetFramework>
                <RestoreRootConfigDirectory>{SecurityElement.Escape(folder)}</RestoreRootConfigDirectory>
                <RestoreAdditionalProjectSources>{SecurityElement.Escape(string.Join(';', _feeds))}</RestoreAdditionalProjectSources>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
            {items}  </ItemGroup>
              <Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" />
            </Project>
            """;
    }

    private static async Task RestoreAsync(string project)
    {
        var start = new ProcessStartInfo(DotnetHost.Path, ["restore", "notebook.csproj", "--nologo", "-v:quiet", "-p:BuildInParallel=false"])
        {
            WorkingDirectory = project,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new PackageException($"'dotnet restore' did not end within {s_limit.TotalMinutes:0} minutes.");
        }
        if (process.ExitCode != 0)
            throw new PackageException(Reason(await output + "\n" + await error));
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new PackageException($"restoring packages needs the 'dotnet' command of the .NET SDK, which does not start: {e.Message}");
        }
    }

    private static string Reason(string output)
    {
        string[] errors = [.. ErrorLine().Matches(output).Select(m => m.Groups[1].Value.Trim()).Distinct()];
        return errors.Length > 0 ? string.Join(" ", errors) : output.Trim().ReplaceLineEndings(" ");
    }

    [GeneratedRegex(@"error ((?:NU|MSB|NETSDK)\d+: [^\r\n]*?)(?: \[[^\]\r\n]*\])?\r?$", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();
}
