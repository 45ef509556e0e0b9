using System.Security.Cryptography;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>
/// A folder of the host as it was when it was first looked at. Nothing in it can be changed; each answer of the host goes into the journal
/// of inputs once, and stays.
/// </summary>
internal sealed class HostFileSystem(LinuxMachine machine, Mount mount, string folder) : FileSystem(machine, mount)
{
    private readonly HostFolder _folder = new(folder);

    public override FileSystemStatistics Statistics { get; } = new(FileSystemStatistics.HostView, 0, 0, 0, 0, IsReadOnly: true);

    private HostInputs Inputs => Machine.State.HostInputs;

    public override FileStatus? StatusOf(VfsNode node)
    {
        if (node is not HostNode host || FileOf(host).Attributes is not { } attributes)
            return null;
        var times = new FileTimes(attributes.Modified, attributes.Modified, attributes.Modified, attributes.Modified);
        return new FileStatus(Mount.Device, NumberOf(host.Path), attributes.Mode, attributes.Links, attributes.Uid, attributes.Gid, attributes.Size, times)
        {
            Blocks = attributes.Blocks,
        };
    }

    public override VfsNode? Find(VfsNode directory, string name, out int error)
    {
        var node = new HostNode(Mount.Number, PathNames.Join(PathOf(directory), name));
        error = FileOf(node).Attributes is null ? -Errno.ENOENT : 0;
        return error == 0 ? node : null;
    }

    public override VfsNode ParentOf(VfsNode directory) => new HostNode(Mount.Number, PathNames.Split(PathOf(directory)).Directory);

    public override string? NameOf(VfsNode directory) => PathNames.Split(PathOf(directory)).Name;

    public override IReadOnlyList<DirectoryEntry>? List(VfsNode directory, out int error)
    {
        error = -Errno.EACCES;
        if (directory is not HostNode node || FileOf(node) is not { Attributes: not null } file)
            return null;
        if (file.Listing is null)
        {
            if (_folder.List(node.Path) is not { } names)
                return null;
            file = file with { Listing = [.. names.Select(entry => new DirectoryEntry(entry.Name, NumberOf(PathNames.Join(node.Path, entry.Name)), entry.Attributes.Type))] };
            string text = string.Concat(names.Select(entry => FormattableString.Invariant($"{entry.Attributes.Type:x} {entry.Name}\0")));
            Keep(node, file, HostInputKind.Listing, PathNames.BytesOf(text));
        }

        error = 0;
        return file.Listing;
    }

    public override string? TargetOf(VfsNode link) => link is HostNode node ? FileOf(node).Attributes?.Target : null;

    public override FileObject? Open(VfsLocation location, FileStatus status, out int error)
    {
        error = status.IsDirectory || status.IsRegular ? 0 : -Errno.EACCES;
        if (status.IsRegular)
            ContentOf(location.Node, out error);
        return error == 0 ? base.Open(location, status, out error) : null;
    }

    public override int Read(VfsNode node, long offset, Span<byte> destination) => ContentOf(node, out int error) is { } content ? content.Read(offset, destination) : error;

    /// <summary>The size that stat tells follows the bytes, should the host have changed them between the two questions.</summary>
    public override FileContent? ContentOf(VfsNode node, out int error)
    {
        error = -Errno.EINVAL;
        if (node is not HostNode host || FileOf(host) is not { Attributes: { Type: FileType.Regular } attributes } file)
            return null;
        error = 0;
        if (file.Content is { } known)
            return known;
        if (_folder.Read(host.Path, out error) is not { } bytes)
        {
            if (error == -Errno.EFBIG)
                Machine.Note($"The host file behind {Machine.Vfs.TextOf(node)} is larger than 1 GiB, and the program was told so (EFBIG): the kit keeps what a program reads.");
            return null;
        }

        file = new HostFile(attributes with { Size = bytes.Length }) { Content = FileContent.Of(bytes) };
        Keep(host, file, HostInputKind.Content, bytes);
        return file.Content;
    }

    private static string PathOf(VfsNode node) => node is HostNode host ? host.Path : "";

    private long NumberOf(string path) => PathNames.NumberOf($"{Mount.Number}:{path}");

    private HostFile FileOf(HostNode node)
    {
        if (Inputs.Find(node) is { } known)
            return known;
        var file = new HostFile(_folder.Attributes(node.Path));
        Keep(node, file, HostInputKind.Attributes, Encoding.Latin1.GetBytes(file.Attributes?.ToString() ?? ""));
        return file;
    }

    private void Keep(HostNode node, HostFile file, HostInputKind kind, byte[] answer)
    {
        string hash = Convert.ToHexString(SHA256.HashData(answer)).ToLowerInvariant();
        Machine.State = Machine.State with { HostInputs = Inputs.With(node, file, Machine.Vfs.TextOf(node), kind, hash) };
    }
}
