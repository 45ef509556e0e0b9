using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using Microsoft.CodeAnalysis;

namespace SyscallExplorer.Notebooks;

/// <summary>
/// The assemblies that cells compile against, and where the process finds them. All are loaded into the default context, so
/// that a type of the kit is the same type for the host and for the cell.
/// </summary>
internal sealed class ScriptReferences
{
    private readonly Dictionary<string, MetadataReference> _references = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _native = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _folders = new(StringComparer.Ordinal);

    internal ScriptReferences()
    {
        foreach (string file in ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator))
            if (IsManaged(file))
                _references.TryAdd(Path.GetFileNameWithoutExtension(file), MetadataReference.CreateFromFile(file));
        AssemblyLoadContext.Default.Resolving += Resolve;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += ResolveNative;
    }

    internal IEnumerable<MetadataReference> All => _references.Values;

    /// <summary>Adds a library; what it depends on is looked for beside it.</summary>
    /// <returns>The SHA-256 of the file in hexadecimal.</returns>
    internal string AddFile(string file)
    {
        _references[Path.GetFileNameWithoutExtension(file)] = MetadataReference.CreateFromFile(file);
        _files[Path.GetFileNameWithoutExtension(file)] = file;
        _folders[Path.GetDirectoryName(file)!] = true;
        return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
    }

    internal void AddPackages(PackageAssets assets)
    {
        foreach (string file in assets.Compile)
            _references.TryAdd(Path.GetFileNameWithoutExtension(file), MetadataReference.CreateFromFile(file));
        foreach (string file in assets.Runtime)
            _files.TryAdd(Path.GetFileNameWithoutExtension(file), file);
        foreach (string file in assets.Native)
            _native.TryAdd(Path.GetFileName(file), file);
    }

    internal bool HasAssembly(string name) => _references.ContainsKey(name);

    internal static bool IsManaged(string file)
    {
        try
        {
            AssemblyName.GetAssemblyName(file);
            return true;
        }
        catch (Exception e) when (e is BadImageFormatException or IOException)
        {
            return false;
        }
    }

    private Assembly? Resolve(AssemblyLoadContext context, AssemblyName name)
    {
        if (name.Name is null)
            return null;
        string? file = _files.GetValueOrDefault(name.Name)
            ?? _folders.Keys.Order(StringComparer.Ordinal).Select(f => Path.Combine(f, name.Name + ".dll")).FirstOrDefault(File.Exists);
        return file is null ? null : context.LoadFromAssemblyPath(file);
    }

    private IntPtr ResolveNative(Assembly assembly, string name)
    {
        string[] names = [name, $"{name}.dll", $"lib{name}.so", $"{name}.so", $"lib{name}.dylib", $"{name}.dylib"];
        string? file = names.Select(n => _native.GetValueOrDefault(n)).FirstOrDefault(f => f is not null)
            ?? _folders.Keys.Order(StringComparer.Ordinal).SelectMany(f => names.Select(n => Path.Combine(f, n))).FirstOrDefault(File.Exists);
        return file is null ? IntPtr.Zero : NativeLibrary.Load(file);
    }
}
