namespace SyscallExplorer.Notebooks;

/// <summary>Texts that the build puts into the assembly.</summary>
internal static class EmbeddedText
{
    internal static string? Find(string name)
    {
        using Stream? stream = typeof(EmbeddedText).Assembly.GetManifestResourceStream(name);
        if (stream is null)
            return null;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    internal static string Get(string name) => Find(name) ?? throw new InvalidOperationException($"The resource '{name}' is missing from the assembly.");
}
