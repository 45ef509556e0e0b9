namespace SyscallExplorer.Linux;

/// <summary>Names of files inside the machine: absolute, from the root, which is also the working directory.</summary>
internal static class PathNames
{
    /// <summary>Resolves <c>.</c>, <c>..</c> and doubled slashes. An empty name stays empty.</summary>
    public static string Normalise(string path)
    {
        if (path.Length == 0)
            return "";
        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                    parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>The directories above a file.</summary>
    public static IEnumerable<string> Parents(string path)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            yield return path[..slash];
    }

    /// <summary>Whether a name is a directory: the root, /dev, or what lies above a file.</summary>
    public static bool IsDirectory(string path, IEnumerable<string> files) =>
        path is "/" or "/dev" || files.Any(file => file.StartsWith(path + "/", StringComparison.Ordinal));
}
