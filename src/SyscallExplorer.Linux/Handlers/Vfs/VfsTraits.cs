namespace SyscallExplorer.Linux;

/// <summary>What distinguishes the generations' C for read and write.</summary>
/// <param name="Version">The kernel's.</param>
internal readonly record struct VfsTraits(Version Version)
{
    /// <summary>From Linux 3.14 on the lookup of a descriptor asks whether the file's position needs a lock.</summary>
    public bool LooksForPositionLock => Version >= new Version(3, 14);

    /// <summary>The lookup's name.</summary>
    public string Lookup => !LooksForPositionLock ? "fget_light" : Version >= new Version(6, 12) ? "fdget_pos" : "__fdget_pos";

    /// <summary>From Linux 4.15 on a wrongly predicted bound check of a descriptor leads nowhere.</summary>
    public bool MasksDescriptor => Version >= new Version(4, 15);

    /// <summary>From Linux 4.17 on sys_read is a shell around ksys_read.</summary>
    public bool HasKsys => Version >= new Version(4, 17);

    /// <summary>From Linux 5.2 on files that are streams have no position.</summary>
    public bool HasStreams => Version >= new Version(5, 2);

    /// <summary>Before Linux 3.14 the position is written back whatever the result.</summary>
    public bool WritesPositionAlways => Version < new Version(3, 14);

    /// <summary>From Linux 3.16 on f_mode says whether a file can be read at all; before, its operations are looked at.</summary>
    public bool HasCanRead => Version >= new Version(3, 16);

    /// <summary>Linux 3.16 to 5.7 call the file's own function from one of its own.</summary>
    public bool HasInnerFunction => Version >= new Version(3, 16) && Version < new Version(5, 8);

    /// <summary>Before Linux 4.8 the check of the area returns the size, cut to the largest that there is.</summary>
    public bool AreaCheckLimits => Version < new Version(4, 8);

    /// <summary>Before Linux 5.15 files can have mandatory locks.</summary>
    public bool HasMandatoryLocks => Version < new Version(5, 15);

    /// <summary>Before Linux 3.9 the inode is reached through the name.</summary>
    public bool FindsInodeByName => Version < new Version(3, 9);

    /// <summary>From Linux 3.9 on a write asks whether the file system may be frozen.</summary>
    public bool StartsWrites => Version >= new Version(3, 9);

    /// <summary>From Linux 4.2 on security modules have lists of functions; before, one has the only table.</summary>
    public bool HasHookLists => Version >= new Version(4, 2);

    /// <summary>From Linux 6.12 on the modules' functions are called directly.</summary>
    public bool CallsModulesDirectly => Version >= new Version(6, 12);

    /// <summary>From Linux 5.9 on the events of a file begin with those of its name, in place.</summary>
    public bool NotifiesByName => Version >= new Version(5, 9);

    /// <summary>From Linux 5.16 on nothing is to be told where nothing of the file system is watched.</summary>
    public bool AsksSuperblockForWatchers => Version >= new Version(5, 16);

    /// <summary>From Linux 6.8 on those who may refuse an access are asked before the security modules; before, after them.</summary>
    public bool AsksWatchersFirst => Version >= new Version(6, 8);

    /// <summary>Linux 4.1 to 5.9 read zeros through an iterator; before and after, by a loop of its own.</summary>
    public bool ReadsZeroByIterator => Version >= new Version(4, 1) && Version < new Version(5, 10);

    /// <summary>From Linux 5.10 on the loop stops where it fails, and not only at its next turn.</summary>
    public bool ReadsZeroWithChecks => Version >= new Version(5, 10);

    /// <summary>From Linux 4.19 on the number of a process is asked for as that of a thread is; before, by a way of its own.</summary>
    public bool NumbersGroupsDirectly => Version >= new Version(4, 19);

    /// <summary>Distributions' kernels from Linux 5.16 on decide at boot how they preempt, so that readers of RCU may be preempted and are counted.</summary>
    public bool PreemptsReaders => Version >= new Version(5, 16);

    /// <summary>From Linux 3.8 on the namespace is that of the caller's own pid.</summary>
    public bool FindsNamespaceByPid => Version >= new Version(3, 8);

    /// <summary>From Linux 3.5 on identities are mapped to the caller's namespace of users.</summary>
    public bool MapsIdentities => Version >= new Version(3, 5);

    /// <summary>The security modules' functions for reads and writes, as distributions have them.</summary>
    public IReadOnlyList<string> SecurityModules =>
        Version >= new Version(5, 13) ? [SecurityHooks.AppArmor, SecurityHooks.Bpf] : [SecurityHooks.AppArmor];
}
