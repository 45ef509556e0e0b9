using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>getpid, getppid, gettid, getuid: who the caller is, as its namespaces see it.</summary>
internal static class IdentityHandlers
{
    public static void GetPid(KernelAssembler k)
    {
        CompiledCode c = Begin(k);
        c.Current(c.Argument(0));
        PidNumbers.ReturnGroup(c, c.Argument(0));
    }

    public static void GetTid(KernelAssembler k)
    {
        CompiledCode c = Begin(k);
        c.Current(c.Argument(0));
        PidNumbers.ReturnThread(c, c.Argument(0));
    }

    public static void GetPpid(KernelAssembler k)
    {
        if (k.Traits.Vfs.PreemptsReaders)
        {
            GetPpidUnderLock(k);
            return;
        }

        CompiledCode c = Begin(k);
        c.Current(c.Argument(0));
        c.Load(c.Argument(0), c.Argument(0), TaskLayout.RealParent);
        PidNumbers.ReturnGroup(c, c.Argument(0));
    }

    /// <summary>The parent may end meanwhile; what is read of it stays until the lock is released.</summary>
    private static void GetPpidUnderLock(KernelAssembler k)
    {
        var c = new CompiledCode(k);
        c.Function(null, kept: 1);
        ReadLock.Take(c);
        c.Current(c.Argument(0));
        c.Load(c.Argument(0), c.Argument(0), TaskLayout.RealParent);
        PidNumbers.CallGroup(c, c.Argument(0));
        ReadLock.ReleaseKeepingResult(c, c.Kept(0));
        c.SignExtendResult();
        c.Return();
    }

    public static void GetUid(KernelAssembler k) => ReturnIdentity(k, TaskLayout.CredUid);

    public static void GetGid(KernelAssembler k) => ReturnIdentity(k, TaskLayout.CredGid);

    public static void GetEuid(KernelAssembler k) => ReturnIdentity(k, TaskLayout.CredEuid);

    public static void GetEgid(KernelAssembler k) => ReturnIdentity(k, TaskLayout.CredEgid);

    public static void GetUid16(KernelAssembler k) => ReturnShortIdentity(k, TaskLayout.CredUid);

    public static void GetGid16(KernelAssembler k) => ReturnShortIdentity(k, TaskLayout.CredGid);

    public static void GetEuid16(KernelAssembler k) => ReturnShortIdentity(k, TaskLayout.CredEuid);

    public static void GetEgid16(KernelAssembler k) => ReturnShortIdentity(k, TaskLayout.CredEgid);

    private static CompiledCode Begin(KernelAssembler k)
    {
        var c = new CompiledCode(k);
        c.Function(null);
        return c;
    }

    private static void ReturnIdentity(KernelAssembler k, int field)
    {
        CompiledCode c = Begin(k);
        IdentityMaps.Load(c, field);
        if (c.IsWide && k.Traits.Vfs.MapsIdentities)
            k.mov(eax, eax);
        c.Return();
    }

    /// <summary>An identity that has no 16-bit form is shown as 65534.</summary>
    private static void ReturnShortIdentity(KernelAssembler k, int field)
    {
        const int overflow = 65534;
        CompiledCode c = Begin(k);
        string fits = k.Unique("fits");
        IdentityMaps.Load(c, field);
        k.cmp(eax, ushort.MaxValue);
        k.jbe(k.To(fits));
        k.mov(eax, overflow);
        k.Local(fits);
        c.Return();
    }
}
