using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>fsnotify: who watches a file, its folder or its mount is told of what happens to it. In the kit nobody does, and that has to be found out.</summary>
internal static class FileEvents
{
    private const string Fsnotify = "fsnotify", Parent = "__fsnotify_parent";
    private const int PathEvent = 1;

    public static void Emit(CompiledCode c)
    {
        if (!c.K.Traits.Vfs.NotifiesByName)
            EmitParent(c);
        if (!c.K.Traits.Vfs.AsksSuperblockForWatchers)
            EmitFsnotify(c);
    }

    /// <summary>The inode of a file; before Linux 3.9 by its name.</summary>
    public static void LoadInode(CompiledCode c, Gpr to, Gpr file)
    {
        if (!c.K.Traits.Vfs.FindsInodeByName)
        {
            c.Load(to, file, VfsLayout.FileInode);
            return;
        }

        c.Load(to, file, VfsLayout.FileDentry);
        c.Load(to, to, VfsLayout.DentryInode);
    }

    /// <summary>fsnotify_access and fsnotify_modify, in place. The registers that calls overwrite are overwritten.</summary>
    public static void Tell(CompiledCode c, Gpr file, int events)
    {
        string none = c.K.Unique("fsnotify_none");
        if (c.K.Traits.Vfs.NotifiesByName)
            TellByName(c, file, events, none);
        else
            TellParentAndInode(c, file, events, none);
        c.K.Local(none);
    }

    /// <summary>fsnotify_perm: those who may refuse a read. A write asks nobody.</summary>
    public static void AskPermission(CompiledCode c, Gpr file, Gpr mask)
    {
        string none = c.K.Unique("fsnotify_perm_none");
        c.K.test(c.Narrow(mask), SecurityHooks.MayRead);
        c.K.je(c.K.To(none));
        Tell(c, file, VfsLayout.AccessPermission);
        c.K.Local(none);
    }

    private static void TellByName(CompiledCode c, Gpr file, int events, string none)
    {
        KernelAssembler k = c.K;
        string plain = k.Unique("fsnotify_plain");
        c.TestFlags(file, VfsLayout.FileMode, VfsLayout.ModeNoNotify);
        k.jne(k.To(none));
        c.Load(Gpr.Rax, file, VfsLayout.FileDentry);
        Gpr inode = c.IsWide ? Gpr.R9 : Gpr.Rdx;
        c.Load(inode, Gpr.Rax, VfsLayout.DentryInode);
        if (k.Traits.Vfs.AsksSuperblockForWatchers)
        {
            c.Load(Gpr.Rcx, inode, VfsLayout.InodeSuperblock);
            c.CompareWithZero(Gpr.Rcx, VfsLayout.SuperblockWatchers);
            k.jne(k.To(CompiledCode.Impossible));
            return;
        }

        c.Load16(Gpr.Rcx, inode, VfsLayout.InodeMode);
        k.and(ecx, VfsLayout.TypeMask);
        k.cmp(ecx, VfsLayout.Directory);
        c.Constant32(Gpr.Rcx, events);
        k.jne(k.To(plain));
        k.or(ecx, VfsLayout.IsDirectory);
        k.Local(plain);
        c.TestFlags(Gpr.Rax, VfsLayout.DentryFlags, VfsLayout.ParentWatched);
        k.jne(k.To(CompiledCode.Impossible));

        // Events, path, what kind of data that is, no folder, no name, inode, no cookie.
        if (c.IsWide)
        {
            c.PushImmediate(0);
            c.Constant(Gpr.R8, 0);
            c.Move32(c.Argument(0), Gpr.Rcx);
            c.Constant(Gpr.Rcx, 0);
            c.Constant(c.Argument(2), PathEvent);
            c.AddressOf(c.Argument(1), file, VfsLayout.FileMount);
            c.Call(Fsnotify);
            c.AddImmediate(Gpr.Rsp, c.Word);
            return;
        }

        c.PushImmediate(0);
        c.Push(inode);
        c.PushImmediate(0);
        c.PushImmediate(0);
        c.Move32(Gpr.Rax, Gpr.Rcx);
        c.Constant(Gpr.Rcx, PathEvent);
        c.AddressOf(Gpr.Rdx, file, VfsLayout.FileMount);
        c.Call(Fsnotify);
        c.AddImmediate(Gpr.Rsp, 4 * c.Word);
    }

    private static void TellParentAndInode(CompiledCode c, Gpr file, int events, string none)
    {
        KernelAssembler k = c.K;
        string plain = k.Unique("fsnotify_plain");
        LoadInode(c, Gpr.Rax, file);
        c.Load16(Gpr.Rcx, Gpr.Rax, VfsLayout.InodeMode);
        k.and(ecx, VfsLayout.TypeMask);
        k.cmp(ecx, VfsLayout.Directory);
        c.Constant32(Gpr.Rcx, events);
        k.jne(k.To(plain));
        k.or(ecx, VfsLayout.IsDirectory);
        k.Local(plain);
        c.TestFlags(file, VfsLayout.FileMode, VfsLayout.ModeNoNotify);
        k.jne(k.To(none));
        c.Push(Gpr.Rax);
        c.Push(Gpr.Rcx);
        c.AddressOf(c.Argument(0), file, VfsLayout.FileMount);
        if (c.IsWide)
            c.Move32(c.Argument(2), Gpr.Rcx);
        c.Constant(c.Argument(1), 0);
        c.Call(Parent);
        c.Test32(Gpr.Rax);
        k.jne(k.To(CompiledCode.Impossible));

        // Inode, events, path, what kind of data that is, no name, no cookie.
        if (c.IsWide)
        {
            c.Pop(c.Argument(1));
            c.Pop(c.Argument(0));
            c.Constant(Gpr.R9, 0);
            c.Constant(Gpr.R8, 0);
            c.Constant(c.Argument(3), PathEvent);
            c.AddressOf(c.Argument(2), file, VfsLayout.FileMount);
            c.Call(Fsnotify);
            return;
        }

        c.Pop(Gpr.Rdx);
        c.Pop(Gpr.Rax);
        c.PushImmediate(0);
        c.PushImmediate(0);
        c.PushImmediate(PathEvent);
        c.AddressOf(Gpr.Rcx, file, VfsLayout.FileMount);
        c.Call(Fsnotify);
        c.AddImmediate(Gpr.Rsp, 3 * c.Word);
    }

    /// <summary>Path, no name, events: is the folder watched for its files?</summary>
    private static void EmitParent(CompiledCode c)
    {
        Gpr path = c.Argument(0), dentry = c.Argument(1);
        string given = Parent + ".given";
        c.Function(Parent);
        c.Test(dentry);
        c.K.jne(c.K.To(given));
        c.Load(dentry, path, VfsLayout.FileDentry - VfsLayout.FileMount);
        c.K.Local(given);
        c.TestFlags(dentry, VfsLayout.DentryFlags, VfsLayout.ParentWatched);
        c.K.jne(c.K.To(CompiledCode.Impossible));
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }

    /// <summary>Neither the inode nor the mount has marks: nobody is to be told.</summary>
    private static void EmitFsnotify(CompiledCode c)
    {
        const string done = Fsnotify + ".out";
        KernelAssembler k = c.K;
        bool byName = k.Traits.Vfs.NotifiesByName;
        Gpr path = byName ? c.Argument(1) : c.Argument(2);
        c.Function(Fsnotify, kept: c.IsWide ? 1 : 2);
        Gpr inode = byName ? c.IsWide ? Gpr.R9 : c.Kept(0) : c.Argument(0);
        if (byName && !c.IsWide)
            c.Load(inode, Gpr.Rbp, 16);
        Gpr mount = c.IsWide ? Gpr.R10 : c.Kept(1);
        Gpr kind = c.IsWide ? byName ? c.Argument(2) : c.Argument(3) : byName ? Gpr.Rcx : c.Kept(0);
        if (!c.IsWide && !byName)
            c.Load(kind, Gpr.Rbp, 8);
        k.cmp(c.Narrow(kind), PathEvent);
        k.jne(k.To(CompiledCode.Impossible));
        c.Load(mount, path, 0);
        if (byName)
        {
            Gpr superblock = c.IsWide ? Gpr.R11 : Gpr.Rcx;
            c.Load(superblock, inode, VfsLayout.InodeSuperblock);
            c.CompareWithZero(superblock, VfsLayout.SuperblockWatchers);
            k.jne(k.To(CompiledCode.Impossible));
        }

        c.CompareWithZero(inode, VfsLayout.InodeMarks);
        k.jne(k.To(CompiledCode.Impossible));
        c.Test(mount);
        k.je(k.To(done));
        c.CompareWithZero(mount, VfsLayout.MountMarks);
        k.jne(k.To(CompiledCode.Impossible));
        k.Local(done);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }
}
