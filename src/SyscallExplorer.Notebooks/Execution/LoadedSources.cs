using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>The files that <c>#load</c> brings in. Their references are the host's business, so the compiler does not see them.</summary>
internal sealed class LoadedSources(string folder) : SourceReferenceResolver
{
    private readonly SourceFileResolver _files = new([folder], folder);

    /// <summary>A cell's name is no path: debug information keeps it as it is.</summary>
    public override string? NormalizePath(string path, string? baseFilePath) => Path.IsPathRooted(path) ? _files.NormalizePath(path, baseFilePath) : path;

    public override string? ResolveReference(string path, string? baseFilePath) => _files.ResolveReference(path, RootedOnly(baseFilePath));

    public override Stream OpenRead(string resolvedPath) => _files.OpenRead(resolvedPath);

    public override SourceText ReadText(string resolvedPath) =>
        SourceText.From(CellParser.TakeReferences(File.ReadAllText(resolvedPath)).Code, Encoding.UTF8);

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => folder.GetHashCode(StringComparison.Ordinal);

    /// <summary>All files that a text loads, those they load included, in the order of loading.</summary>
    internal IEnumerable<string> FilesLoadedBy(string code) => FilesLoadedBy(code, null, []);

    private IEnumerable<string> FilesLoadedBy(string code, string? file, HashSet<string> seen)
    {
        IEnumerable<LoadDirectiveTriviaSyntax> loads = CSharpSyntaxTree.ParseText(code, ScriptCompiler.ParseOptions)
            .GetCompilationUnitRoot().GetLoadDirectives();
        foreach (LoadDirectiveTriviaSyntax load in loads)
        {
            string? loaded = ResolveReference(load.File.ValueText, file);
            if (loaded is null || !seen.Add(loaded))
                continue;
            yield return loaded;
            foreach (string nested in FilesLoadedBy(File.ReadAllText(loaded), loaded, seen))
                yield return nested;
        }
    }

    /// <summary>A cell's path is only its name; a file it loads is looked for in the notebook's folder.</summary>
    private static string? RootedOnly(string? path) => Path.IsPathRooted(path) ? path : null;
}

/// <summary>Resolves nothing: every reference reaches the compiler as an option.</summary>
internal sealed class NoReferences : MetadataReferenceResolver
{
    internal static readonly NoReferences Instance = new();

    public override bool Equals(object? other) => other is NoReferences;

    public override int GetHashCode() => 1;

    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties) => [];
}
