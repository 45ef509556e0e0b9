using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>The files that restored packages bring.</summary>
/// <param name="Versions">Each package with the version it came in.</param>
/// <param name="Compile">The assemblies to compile against.</param>
/// <param name="Runtime">The assemblies to load.</param>
/// <param name="Native">The native libraries for this machine.</param>
internal sealed record PackageAssets(
    IReadOnlyList<(string Id, string Version)> Versions,
    IReadOnlyList<string> Compile,
    IReadOnlyList<string> Runtime,
    IReadOnlyList<string> Native)
{
    /// <summary>Reads what <c>dotnet restore</c> wrote.</summary>
    internal static PackageAssets Read(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        string[] folders = [.. ((JsonObject)root["packageFolders"]!).Select(f => f.Key)];
        var target = (JsonObject)((JsonObject)root["targets"]!).First().Value!;
        var versions = new List<(string, string)>();
        var (compile, runtime, native) = (new List<string>(), new List<string>(), new List<string>());
        foreach ((string name, JsonNode? library) in target)
        {
            if ((string?)library!["type"] != "package")
                continue;
            string[] parts = name.Split('/');
            versions.Add((parts[0], parts[1]));
            string path = (string)root["libraries"]![name]!["path"]!;
            string Full(string file) => folders.Select(f => Path.Combine(f, path, file)).FirstOrDefault(File.Exists) ?? Path.Combine(folders[0], path, file);
            compile.AddRange(Files(library["compile"]).Select(f => Full(f.Name)));
            List<(string Name, JsonNode Facts)> specific = BestForThisMachine([.. Files(library["runtimeTargets"])]);
            string[] replaced = [.. specific.Select(f => Path.GetFileName(f.Name))];
            runtime.AddRange(Files(library["runtime"]).Where(f => !replaced.Contains(Path.GetFileName(f.Name))).Select(f => Full(f.Name)));
            runtime.AddRange(specific.Where(f => (string?)f.Facts["assetType"] == "runtime").Select(f => Full(f.Name)));
            native.AddRange(specific.Where(f => (string?)f.Facts["assetType"] == "native").Select(f => Full(f.Name)));
        }
        return new PackageAssets(versions, compile, runtime, native);
    }

    private static IEnumerable<(string Name, JsonNode Facts)> Files(JsonNode? group) =>
        group is JsonObject files ? files.Where(f => !f.Key.EndsWith("/_._", StringComparison.Ordinal)).Select(f => (f.Key, f.Value!)) : [];

    private static List<(string Name, JsonNode Facts)> BestForThisMachine((string Name, JsonNode Facts)[] files)
    {
        foreach (string rid in RuntimeIdentifiers())
            if (files.Where(f => (string?)f.Facts["rid"] == rid).ToList() is { Count: > 0 } found)
                return found;
        return [];
    }

    /// <summary>The names of this platform, from the narrowest to the widest.</summary>
    private static IEnumerable<string> RuntimeIdentifiers()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        yield return RuntimeInformation.RuntimeIdentifier;
        yield return $"{system}-{architecture}";
        yield return system;
        if (system != "win")
            yield return "unix";
        yield return "any";
    }
}
