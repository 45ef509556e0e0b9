using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>
/// The one place that opens host files for a view: below one folder, by names that are checked one at a time. A link is never followed here;
/// the machine's own resolver does that, inside the machine's names.
/// </summary>
internal sealed class HostFolder(string folder)
{
    private const long MaxFileSize = 1L << 30;
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The attributes of a file below the folder; null when there is none, or when its name cannot be one of this host.</summary>
    public HostAttributes? Attributes(string path) => HostPath(path) is { } found ? HostAttributeReader.Read(found) : null;

    /// <summary>The names in a folder in the order of bytes; null when it cannot be read.</summary>
    public IReadOnlyList<(string Name, HostAttributes Attributes)>? List(string path)
    {
        if (HostPath(path) is not { } found || HostAttributeReader.Read(found)?.Type != FileType.Directory)
            return null;
        try
        {
            var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false, MatchType = MatchType.Simple };
            var entries = new List<(string Name, HostAttributes Attributes)>();
            foreach (string entry in Directory.EnumerateFileSystemEntries(found, "*", options))
            {
                if (HostAttributeReader.Read(entry) is { } attributes)
                    entries.Add((PathNames.OfText(Path.GetFileName(entry)), attributes));
            }

            entries.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
            return entries;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a regular file; null with an error.</summary>
    public byte[]? Read(string path, out int error)
    {
        error = -Errno.EIO;
        if (HostPath(path) is not { } found || HostAttributeReader.Read(found) is not { Type: FileType.Regular } attributes)
            return null;

        // What has no bytes need not be opened, and no special file of any host has some.
        error = 0;
        if (attributes.Size == 0)
            return [];
        try
        {
            using var stream = new FileStream(found, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > MaxFileSize)
            {
                error = -Errno.EFBIG;
                return null;
            }

            byte[] bytes = new byte[stream.Length];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return bytes[..length];
        }
        catch (UnauthorizedAccessException)
        {
            error = -Errno.EACCES;
        }
        catch (IOException)
        {
            error = -Errno.EIO;
        }

        return null;
    }

    /// <summary>The host's path, when every folder on the way is a real folder and every name one that this host could mean as it stands.</summary>
    private string? HostPath(string path)
    {
        string result = folder;
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < names.Length; i++)
        {
            if (i > 0 && HostAttributeReader.Read(result)?.Type != FileType.Directory)
                return null;
            if (HostName(result, names[i]) is not { } name)
                return null;
            result = Path.Combine(result, name);
        }

        return result;
    }

    private static string? HostName(string parent, string name)
    {
        if (name is "" or "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
            return null;
        string text;
        try
        {
            text = s_strict.GetString(PathNames.BytesOf(name));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        // A host that takes a name for another one, by case or as a device's, is asked for its list.
        if (OperatingSystem.IsLinux())
            return text;
        try
        {
            return Directory.EnumerateFileSystemEntries(parent).Any(entry => string.Equals(Path.GetFileName(entry), text, StringComparison.Ordinal)) ? text : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
