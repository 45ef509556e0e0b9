using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// Offsets of what the kernel's code for files reads, in bytes and alike for both widths of words. As with tasks, the order of members is the kit's own;
/// what lies on a cache line of its own in the kernel does so here.
/// </summary>
internal static class VfsLayout
{
    /// <summary><c>files_struct</c>: how many tasks share it, and the table, which is part of it while it is small.</summary>
    public const int FilesCount = 0x00, FilesTable = 0x20, EmbeddedTable = 0x28;

    /// <summary><c>fdtable</c>: entries, and where they are.</summary>
    public const int TableSize = 0x00, TableEntries = 0x08;

    /// <summary><c>struct file</c>.</summary>
    public const int FileMount = 0x10, FileDentry = 0x18, FileInode = 0x20, FileOperations = 0x28, FileCount = 0x38, FileFlags = 0x40, FileMode = 0x44,
        FilePosition = 0x68, FileSecurity = 0xA0, FileMapping = 0xB8, FileStride = 0x100;

    /// <summary><c>struct inode</c>.</summary>
    public const int InodeMode = 0x00, InodeFlags = 0x0C, InodeSuperblock = 0x28, InodeLocks = 0x150, InodeMarkMask = 0x228, InodeMarks = 0x230, InodeStride = 0x280;

    /// <summary><c>struct dentry</c>.</summary>
    public const int DentryFlags = 0x00, DentryInode = 0x30, DentryStride = 0xC0;

    /// <summary><c>struct mount</c>, as far as it is seen from its <c>vfsmount</c>.</summary>
    public const int MountMarks = 0x98, MountMarkMask = 0xA0;

    /// <summary><c>super_block</c>: what watches any of its files.</summary>
    public const int SuperblockWatchers = 0x40;

    /// <summary><c>address_space</c>: its inode.</summary>
    public const int MappingHost = 0x00, MappingStride = 0x40;

    /// <summary><c>file_operations</c>.</summary>
    public const int Read = 0x10, Write = 0x18, ReadIter = 0x20, OperationsStride = 0x100;

    /// <summary>An entry of a list of a security module's functions, and <c>security_operations</c>, which such lists replaced in Linux 4.2.</summary>
    public const int HookNext = 0x00, HookFunction = 0x18, HookStride = 0x40;

    /// <summary><c>struct cred</c>: what security modules know of a task, and its namespace of users.</summary>
    public const int CredSecurity = 0x78, CredUserNamespace = 0x80;

    /// <summary>A security module's label of tasks: flags.</summary>
    public const int LabelFlags = 0x20, Unconfined = 4;

    /// <summary><c>pid_namespace</c>, and the part of <c>struct upid</c> behind the number.</summary>
    public const int NamespaceLevel = 0x48, PidNamespace = 8;

    /// <summary><c>uid_gid_map</c> within <c>user_namespace</c>: how many extents there are; each has a first number inside, a first one outside, and a count.</summary>
    public const int UidMap = 0x00, GidMap = 0x40, MapExtents = 0x00, ExtentFirst = 0x04, ExtentLower = 0x08, ExtentCount = 0x0C, ExtentSize = 12;

    /// <summary>Bits of <c>f_mode</c>.</summary>
    public const int ModeRead = 1, ModeWrite = 2, ModePath = 0x4000, ModeAtomicPosition = 0x8000, ModeCanRead = 0x2_0000, ModeCanWrite = 0x4_0000,
        ModeStream = 0x20_0000, ModeNoNotify = 0x400_0000;

    /// <summary>S_IFMT and two of its values.</summary>
    public const int TypeMask = 0xF000, Regular = 0x8000, Directory = 0x4000, Character = 0x2000;

    /// <summary>O_APPEND and O_DIRECT.</summary>
    public const int Append = 0x400, Direct = 0x4000;

    /// <summary>S_PRIVATE and S_DAX.</summary>
    public const int Private = 0x200, Dax = 0x2000;

    /// <summary>DCACHE_FSNOTIFY_PARENT_WATCHED.</summary>
    public const int ParentWatched = 0x4000;

    /// <summary>Events: FS_ACCESS, FS_MODIFY, FS_ACCESS_PERM, and FS_ISDIR.</summary>
    public const int Access = 1, Modify = 2, AccessPermission = 0x2_0000, IsDirectory = 0x4000_0000;
}

/// <summary>
/// The kernel's own records of files, which boot writes and nothing changes but the counts of their users: for each kind of file an inode, a name and operations,
/// and for each kind and each way of opening it a <c>struct file</c>. The position of null and zero is always 0, and that of other files the host has.
/// </summary>
/// <param name="architecture">The kernel's.</param>
internal sealed class VfsRecords(KernelArchitecture architecture)
{
    private const ulong Files = 0x1000, Inodes = 0x2000, Dentries = 0x2800, Mappings = 0x2C00, Mount = 0x2D00, Superblock = 0x2E00, Label = 0x2F00,
        PidNamespaceOffset = 0x3000, UserNamespaceOffset = 0x3100, ProxyOffset = 0x3200, TimeNamespaceOffset = 0x3300;
    private const ulong Operations = 0x9000, Hooks = 0x9400, HooksHead = 0x9500;
    private const int Kinds = 3, Rights = 4, RightsShift = 8;

    public static VfsRecords Of(KernelTraits traits) => new(traits.Architecture);

    /// <summary>What guest code adds to reach the kernel's data; the same for what is only read.</summary>
    private ulong Data => architecture.IsNative32 ? I386Layout.Timekeeper : KernelLayout.Data;

    private ulong ReadOnly => architecture.IsNative32 ? I386Layout.ReadOnlyData : KernelLayout.ReadOnlyData;

    public ulong PidNamespace => Data + PidNamespaceOffset;

    public ulong NamespaceProxy => Data + ProxyOffset;

    public ulong UserNamespace => Data + UserNamespaceOffset;

    /// <summary>The first entry of the list of the modules' functions that look at reads and writes; before Linux 4.2 the functions of the one module.</summary>
    public ulong HookList => ReadOnly + HooksHead;

    /// <summary>The low half of the address of a <c>struct file</c>.</summary>
    /// <param name="kind">One of <see cref="FileKind"/>.</param>
    /// <param name="rights">What it may be used for.</param>
    public uint PointerOf(int kind, int rights) =>
        kind == FileKind.Closed ? 0 : (uint)(Data + OffsetOf(kind, rights >> RightsShift));

    private static ulong OffsetOf(int kind, int rights) => Files + (ulong)(((kind - 1) * Rights + rights) * VfsLayout.FileStride);

    /// <summary>Writes them all.</summary>
    /// <param name="ram">The machine's.</param>
    /// <param name="traits">The kernel's.</param>
    /// <param name="symbols">Where its functions are.</param>
    public void Write(PhysicalMemory ram, KernelTraits traits, IReadOnlyDictionary<string, ulong> symbols)
    {
        for (int kind = 1; kind <= Kinds; kind++)
        {
            WriteInode(ram, kind);
            for (int rights = 0; rights < Rights; rights++)
                WriteFile(ram, kind, rights);
        }

        WriteOperations(ram, FileKind.Null, symbols[MemoryDevices.ReadNull], symbols[MemoryDevices.WriteNull], 0);
        WriteOperations(
            ram, FileKind.Zero, traits.Vfs.ReadsZeroByIterator ? 0 : symbols[MemoryDevices.ReadZero], symbols[MemoryDevices.WriteNull],
            traits.Vfs.ReadsZeroByIterator ? symbols[MemoryDevices.ReadIterZero] : 0);
        WriteOperations(ram, FileKind.Hosted, symbols[HostedFile.Read], symbols[HostedFile.Write], 0);
        WriteSecurity(ram, traits, symbols);
        ram.WriteUInt64(KernelLayout.DataPhysical + ProxyOffset + TaskLayout.ProxyPidNamespace, PidNamespace);
        ram.WriteUInt64(KernelLayout.DataPhysical + ProxyOffset + TaskLayout.ProxyTimeNamespace, Data + TimeNamespaceOffset);

        // One extent: all numbers are what they are outside.
        foreach (int map in (ReadOnlySpan<int>)[VfsLayout.UidMap, VfsLayout.GidMap])
        {
            ulong address = KernelLayout.DataPhysical + UserNamespaceOffset + (ulong)map;
            ram.Write(address + VfsLayout.MapExtents, BitConverter.GetBytes(1));
            ram.Write(address + VfsLayout.ExtentCount, BitConverter.GetBytes(uint.MaxValue));
        }
    }

    private void WriteFile(PhysicalMemory ram, int kind, int rights)
    {
        ulong file = KernelLayout.DataPhysical + OffsetOf(kind, rights);
        void Set(int offset, ulong value) => ram.WriteUInt64(file + (ulong)offset, value);
        int index = kind - 1;
        int mode = (rights & VfsLayout.ModeRead) * (VfsLayout.ModeRead | VfsLayout.ModeCanRead)
            + (rights >> 1) * (VfsLayout.ModeWrite | VfsLayout.ModeCanWrite);
        Set(VfsLayout.FileMount, Data + Mount);
        Set(VfsLayout.FileDentry, Data + Dentries + (ulong)(index * VfsLayout.DentryStride));
        Set(VfsLayout.FileInode, Data + Inodes + (ulong)(index * VfsLayout.InodeStride));
        Set(VfsLayout.FileOperations, ReadOnly + Operations + (ulong)(index * VfsLayout.OperationsStride));
        Set(VfsLayout.FileCount, 1);
        Set(VfsLayout.FileFlags, (ulong)mode << 32);
        Set(VfsLayout.FileSecurity, Data + Label);
        Set(VfsLayout.FileMapping, Data + Mappings + (ulong)(index * VfsLayout.MappingStride));
    }

    private void WriteInode(PhysicalMemory ram, int kind)
    {
        ulong index = (ulong)(kind - 1);
        ulong inode = Inodes + index * VfsLayout.InodeStride;
        ram.Write(KernelLayout.DataPhysical + inode + VfsLayout.InodeMode, BitConverter.GetBytes(VfsLayout.Character));
        ram.WriteUInt64(KernelLayout.DataPhysical + inode + VfsLayout.InodeSuperblock, Data + Superblock);
        ram.WriteUInt64(KernelLayout.DataPhysical + Dentries + index * VfsLayout.DentryStride + VfsLayout.DentryInode, Data + inode);
        ram.WriteUInt64(KernelLayout.DataPhysical + Mappings + index * VfsLayout.MappingStride + VfsLayout.MappingHost, Data + inode);
    }

    private static void WriteOperations(PhysicalMemory ram, int kind, ulong read, ulong write, ulong readIter)
    {
        ulong operations = KernelLayout.ReadOnlyDataPhysical + Operations + (ulong)((kind - 1) * VfsLayout.OperationsStride);
        ram.WriteUInt64(operations + VfsLayout.Read, read);
        ram.WriteUInt64(operations + VfsLayout.Write, write);
        ram.WriteUInt64(operations + VfsLayout.ReadIter, readIter);
    }

    private void WriteSecurity(PhysicalMemory ram, KernelTraits traits, IReadOnlyDictionary<string, ulong> symbols)
    {
        ram.Write(KernelLayout.DataPhysical + Label + VfsLayout.LabelFlags, BitConverter.GetBytes(VfsLayout.Unconfined));
        ram.WriteUInt64(
            KernelLayout.DataPhysical + (KernelLayout.InitCred - KernelLayout.Data) + VfsLayout.CredSecurity, Data + Label);
        ram.WriteUInt64(
            KernelLayout.DataPhysical + (KernelLayout.InitCred - KernelLayout.Data) + VfsLayout.CredUserNamespace, UserNamespace);
        IReadOnlyList<string> modules = traits.Vfs.SecurityModules;
        ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + HooksHead, ReadOnly + Hooks);
        for (int i = 0; i < modules.Count; i++)
        {
            ulong hook = Hooks + (ulong)(i * VfsLayout.HookStride);
            ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + hook + VfsLayout.HookNext, i + 1 < modules.Count ? ReadOnly + hook + VfsLayout.HookStride : 0);
            ram.WriteUInt64(KernelLayout.ReadOnlyDataPhysical + hook + VfsLayout.HookFunction, symbols[modules[i]]);
        }
    }
}
