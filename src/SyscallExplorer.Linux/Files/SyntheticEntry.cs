namespace SyscallExplorer.Linux;

/// <summary>
/// A file whose content is made when it is asked for, such as those of /proc. Entries hold no state of a machine: each method is given the
/// machine that asks, since a fork asks the same entries.
/// </summary>
/// <param name="Permissions">Permissions.</param>
internal abstract record SyntheticEntry(int Permissions)
{
    /// <summary>User and group.</summary>
    public int Owner { get; init; }
}

/// <summary>A directory of made entries.</summary>
internal abstract record SyntheticDirectory(int Permissions = Octal.ReadExecute) : SyntheticEntry(Permissions)
{
    /// <summary>Its names, in any order.</summary>
    public abstract IEnumerable<string> Names(LinuxMachine machine);

    /// <summary>The entry of a name, or null. A name need not be listed to be found.</summary>
    public abstract SyntheticEntry? Find(LinuxMachine machine, string name);
}

/// <summary>A directory whose entries are always the same.</summary>
internal sealed record FixedDirectory(IReadOnlyDictionary<string, SyntheticEntry> Entries) : SyntheticDirectory
{
    public override IEnumerable<string> Names(LinuxMachine machine) => Entries.Keys;

    public override SyntheticEntry? Find(LinuxMachine machine, string name) => Entries.GetValueOrDefault(name);
}

/// <summary>A file whose bytes are made when it is opened, and stay for that open file.</summary>
/// <param name="Content">Makes the bytes.</param>
/// <param name="Permissions">Permissions.</param>
internal sealed record SyntheticFile(Func<LinuxMachine, byte[]> Content, int Permissions = Octal.ReadByAnyone) : SyntheticEntry(Permissions)
{
    /// <summary>Takes what is written and returns its length or a negative error number; null refuses.</summary>
    public Func<LinuxMachine, byte[], long>? Taken { get; init; }
}

/// <summary>A symbolic link.</summary>
/// <param name="Target">The text, one character a byte.</param>
internal sealed record SyntheticLink(Func<LinuxMachine, string> Target) : SyntheticEntry(Octal.Permissions)
{
    /// <summary>Where following it leads, whatever the text says; null follows the text.</summary>
    public Func<LinuxMachine, VfsLocation?>? Destination { get; init; }
}
