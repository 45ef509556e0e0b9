using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>From the kernel's own numbers of users and groups to those of a namespace: a search among extents, of which the first namespace has one.</summary>
internal static class IdentityMaps
{
    private const string MapUp = "map_id_up";
    private const int Overflow = 65534;
    private const int SmallMap = 5;

    /// <summary>RAX becomes an identity of the current task, as its own namespace has it.</summary>
    public static void Load(CompiledCode c, int field)
    {
        Gpr identity = c.IsWide ? Gpr.Rsi : Gpr.Rdx, space = c.Argument(0);
        c.Current(Gpr.Rax);
        c.Load(Gpr.Rax, Gpr.Rax, TaskLayout.Cred);
        if (!c.K.Traits.Vfs.MapsIdentities)
        {
            c.Load32(Gpr.Rax, Gpr.Rax, field);
            return;
        }

        c.Load32(identity, Gpr.Rax, field);
        c.Load(space, Gpr.Rax, VfsLayout.CredUserNamespace);
        c.Call(field is TaskLayout.CredUid or TaskLayout.CredEuid ? "from_kuid_munged" : "from_kgid_munged");
    }

    public static void Emit(CompiledCode c)
    {
        if (!c.K.Traits.Vfs.MapsIdentities)
            return;
        EmitMunged(c, "from_kuid_munged", VfsLayout.UidMap);
        EmitMunged(c, "from_kgid_munged", VfsLayout.GidMap);
        EmitMapUp(c);
    }

    /// <summary>A number that the namespace does not have is shown as 65534.</summary>
    private static void EmitMunged(CompiledCode c, string name, int map)
    {
        string there = name + ".there";
        c.Function(name);
        if (map > 0)
            c.AddImmediate(c.Argument(0), map);
        c.Call(MapUp);
        c.K.cmp(eax, -1);
        c.K.jne(c.K.To(there));
        c.K.mov(eax, Overflow);
        c.K.Local(there);
        c.Return();
    }

    /// <summary>A map and a number.</summary>
    private static void EmitMapUp(CompiledCode c)
    {
        const string next = MapUp + ".next", again = MapUp + ".again", none = MapUp + ".none";
        KernelAssembler k = c.K;
        Gpr map = c.Argument(0), number = c.Argument(1), left = Gpr.Rcx;
        Gpr lower = c.IsWide ? Gpr.Rdx : c.Kept(0), last = c.IsWide ? Gpr.R8 : c.Kept(1);
        c.Function(MapUp, kept: c.IsWide ? 0 : 2);
        c.Load32(left, map, VfsLayout.MapExtents);
        if (c.Version >= new Version(4, 15))
        {
            k.cmp(ecx, SmallMap);
            k.ja(k.To(CompiledCode.Impossible));
        }

        k.test(ecx, ecx);
        k.je(k.To(none));
        k.Local(again);
        c.Load32(lower, map, VfsLayout.ExtentLower);
        k.cmp(c.Narrow(number), c.Narrow(lower));
        k.jb(k.To(next));
        c.Load32(last, map, VfsLayout.ExtentCount);
        k.lea(c.Narrow(last), __[c.Narrow(last) + c.Narrow(lower) - 1]);
        k.cmp(c.Narrow(number), c.Narrow(last));
        k.ja(k.To(next));
        k.sub(c.Narrow(number), c.Narrow(lower));
        c.AddFrom32(number, map, VfsLayout.ExtentFirst);
        c.Move32(Gpr.Rax, number);
        c.Return();
        k.Local(next);
        c.AddImmediate(map, VfsLayout.ExtentSize);
        k.dec(ecx);
        k.jne(k.To(again));
        k.Local(none);
        k.mov(eax, -1);
        c.Return();
    }
}
