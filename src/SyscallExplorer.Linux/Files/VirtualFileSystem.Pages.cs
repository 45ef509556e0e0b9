namespace SyscallExplorer.Linux;

/// <summary>Files as mappings see them, and how long files without names live.</summary>
internal sealed partial class VirtualFileSystem
{
    /// <summary>Bytes of a file.</summary>
    public long SizeOf(VfsNode node) => StatusOf(node)?.Size ?? 0;

    /// <summary>Reads a page of a regular file; behind the end there are zeroes.</summary>
    /// <returns>How many bytes were the file's, which is 0 behind its last page, or a negative error number.</returns>
    public int ReadPage(VfsNode node, long page, Span<byte> destination)
    {
        destination.Clear();
        return SystemOf(node)?.Read(node, page * FileContent.PageSize, destination) ?? -Errno.EINVAL;
    }

    /// <summary>fallocate: gives a range pages before they are written.</summary>
    public int Allocate(VfsNode node, long offset, long length, bool keepSize)
    {
        if (SystemOf(node) is not { } system || system.ContentOf(node, out int error) is not { } content)
            return -Errno.EINVAL;
        if (offset > MaxFileSize - length || (!keepSize && offset + length > SizeLimit))
            return -Errno.EFBIG;

        // What could never fit is not tried: the pages would be the host's memory.
        if (length > machine.FileLimit || content.MissingPages(offset, length) > machine.FileLimit / FileContent.PageSize)
            return -Errno.ENOSPC;
        content = content.WithPages(offset, length);
        error = system.SetContent(node, keepSize ? content : content.WithLength(Math.Max(content.Length, offset + length)));
        return error;
    }

    /// <summary>fallocate: makes a range zeroes that take no room.</summary>
    public int PunchHole(VfsNode node, long offset, long length)
    {
        if (SystemOf(node) is not { } system || system.ContentOf(node, out _) is not { } content)
            return -Errno.EINVAL;
        return system.SetContent(node, content.WithHole(offset, Math.Min(length, long.MaxValue - offset)));
    }

    /// <summary>Drops files that have no name and that nobody uses any more. Called when a name or an open file goes.</summary>
    public void ForgetOrphans()
    {
        if (machine.State.Tree.Orphans.IsEmpty)
            return;
        HashSet<long> used = [.. NodeReferences.Of(machine).OfType<MemoryNode>().Select(node => node.Inode)];
        FileTree tree = machine.State.Tree;
        foreach (long number in tree.Orphans)
            tree = used.Contains(number) ? tree : tree.Forget(number);
        machine.State = machine.State with { Tree = tree };
    }
}

/// <summary>Who uses files besides their names: what is here keeps an unlinked file alive.</summary>
internal static class NodeReferences
{
    public static IEnumerable<VfsNode> Of(LinuxMachine machine)
    {
        foreach (OpenFile file in machine.State.OpenFiles.Values)
        {
            if (file.Object.Location is { } location)
                yield return location.Node;
        }

        foreach (FileSystemState shared in machine.State.FileSystems.Values)
            yield return shared.Context.WorkingDirectory;
        foreach (MemoryMap map in machine.State.Maps.Values)
        {
            if (map.ExecutableFile is { } program)
                yield return program.Node;
        }

        foreach (VmArea area in machine.State.Maps.Values.SelectMany(map => map.Areas))
        {
            if (area.Backing is FileBacking file)
                yield return file.Node;
        }
    }
}
