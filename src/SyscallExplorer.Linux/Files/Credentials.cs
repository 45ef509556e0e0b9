namespace SyscallExplorer.Linux;

/// <summary>Who asks for a file.</summary>
/// <param name="Uid">The user.</param>
/// <param name="Gid">The group.</param>
/// <param name="IsPrivileged">Whether no right is asked for: the owner of the machine, from outside.</param>
internal sealed record Credentials(int Uid, int Gid, bool IsPrivileged)
{
    /// <summary>The program.</summary>
    public static Credentials Program { get; } = new(TaskIdentity.Uid, TaskIdentity.Gid, IsPrivileged: false);

    /// <summary>The machine's owner, whose files are the program's.</summary>
    public static Credentials Owner { get; } = new(TaskIdentity.Uid, TaskIdentity.Gid, IsPrivileged: true);

    /// <summary>Whether a file's permissions grant all that is wanted: the first of owner, group and others that fits decides.</summary>
    /// <param name="status">The file.</param>
    /// <param name="wanted">Read 4, write 2, execute 1.</param>
    public bool May(FileStatus status, int wanted)
    {
        if (IsPrivileged)
            return true;
        int shift = status.Uid == Uid ? 6 : status.Gid == Gid ? 3 : 0;
        return ((status.Mode >> shift) & wanted) == wanted;
    }

    /// <summary>Whether attributes of a file may be changed.</summary>
    public bool Owns(FileStatus status) => IsPrivileged || status.Uid == Uid;
}
