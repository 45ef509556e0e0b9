using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>Writes a directory of the machine into a folder of the host.</summary>
internal sealed class FileExport(LinuxMachine machine)
{
    private const int Step = 1 << 16;
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly List<string> _written = [];

    public IReadOnlyList<string> Copy(VfsNode directory, string folder)
    {
        CopyDirectory(directory, Directory.CreateDirectory(Path.GetFullPath(folder)).FullName);
        return _written;
    }

    private void CopyDirectory(VfsNode directory, string folder)
    {
        foreach (DirectoryEntry entry in machine.Vfs.List(directory, out _) ?? [])
        {
            if (HostName(entry.Name) is not { } name || machine.Vfs.Find(directory, entry.Name, out _) is not { } node)
                continue;
            string target = Path.Combine(folder, name);

            // A link that the folder had before must not lead the copy out of it.
            if (HostAttributeReader.Read(target)?.Type == FileType.SymbolicLink)
                throw new IOException($"'{target}' is a symbolic link, which an export does not follow: remove it, or choose an empty folder.");
            if (machine.Vfs.StatusOf(node) is { IsDirectory: true })
                CopyDirectory(node, Directory.CreateDirectory(target).FullName);
            else if (machine.Vfs.SystemOf(node)?.ContentOf(node, out _) is { } content)
                CopyFile(content, target);
        }
    }

    private void CopyFile(FileContent content, string target)
    {
        using var stream = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None);
        stream.SetLength(content.Length);
        byte[] bytes = new byte[Step];
        for (long? at = content.Next(0, isData: true); at is { } offset; at = content.Next(offset + Step, isData: true))
        {
            int count = content.Read(offset, bytes);
            stream.Position = offset;
            stream.Write(bytes, 0, count);
        }

        _written.Add(target);
    }

    private static string? HostName(string name)
    {
        if (name is "." or "..")
            return null;
        try
        {
            string text = s_strict.GetString(PathNames.BytesOf(name));
            return text.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) < 0 && !text.Contains('/', StringComparison.Ordinal) ? text : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
