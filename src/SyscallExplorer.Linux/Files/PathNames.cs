using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>
/// Names of files inside the machine. Linux' names are bytes: inside the kit a character stands for one byte, and the public methods
/// take and give text, which is UTF-8.
/// </summary>
internal static class PathNames
{
    /// <summary>PATH_MAX, the zero at the end included.</summary>
    public const int PathMax = 4096;

    /// <summary>NAME_MAX.</summary>
    public const int NameMax = 255;

    /// <summary>A name as the kit keeps it.</summary>
    public static string OfText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>A name as text; bytes that are no UTF-8 become replacement characters.</summary>
    public static string ToText(string name) => Encoding.UTF8.GetString(BytesOf(name));

    /// <summary>A name's bytes.</summary>
    public static byte[] BytesOf(string name) => Encoding.Latin1.GetBytes(name);

    /// <summary>A name from its bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>An absolute path without <c>.</c>, <c>..</c> and doubled slashes. An empty name stays empty.</summary>
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

    /// <summary>A name below a directory's path.</summary>
    public static string Join(string directory, string name) => directory.Length == 0 || directory[^1] == '/' ? directory + name : $"{directory}/{name}";

    /// <summary>Directory and last name of a path within a file system; the directory of a top name is empty.</summary>
    public static (string Directory, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>FNV-1a of a path: a number for a file that has none of its own, the same in every run.</summary>
    public static uint NumberOf(string path)
    {
        const uint basis = 2166136261, prime = 16777619;
        uint hash = basis;
        foreach (byte value in BytesOf(path))
            hash = unchecked((hash ^ value) * prime);
        return hash | 1;
    }
}
