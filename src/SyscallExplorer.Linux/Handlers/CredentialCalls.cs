using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>Users, groups and capabilities. The program is an ordinary user, whose real, effective and saved identities are one. man 7 credentials.</summary>
internal sealed class CredentialCalls(LinuxMachine machine) : HostedCalls(machine)
{
    private const uint Unchanged = uint.MaxValue;

    public override IEnumerable<(string Name, HostedCall Call)> Calls =>
    [
        .. Family("uid", TaskIdentity.Uid),
        .. Family("gid", TaskIdentity.Gid),
        ("getgroups", a => a.Int(0) < 0 ? -Errno.EINVAL : 0),
        ("getgroups16", a => a.Int(0) < 0 ? -Errno.EINVAL : 0),
        ("setgroups", _ => -Errno.EPERM),
        ("setgroups16", _ => -Errno.EPERM),
        ("capget", GetCapabilities),
        ("capset", SetCapabilities),
    ];

    private IEnumerable<(string Name, HostedCall Call)> Family(string kind, uint own)
    {
        yield return ($"set{kind}", a => Set(own, (uint)a[0]));
        yield return ($"set{kind}16", a => Set(own, (ushort)a[0]));
        yield return ($"setre{kind}", a => Set(own, OrOwn(a[0], own), OrOwn(a[1], own)));
        yield return ($"setre{kind}16", a => Set(own, OrOwn16(a[0], own), OrOwn16(a[1], own)));
        yield return ($"setres{kind}", a => Set(own, OrOwn(a[0], own), OrOwn(a[1], own), OrOwn(a[2], own)));
        yield return ($"setres{kind}16", a => Set(own, OrOwn16(a[0], own), OrOwn16(a[1], own), OrOwn16(a[2], own)));

        // These two cannot fail: they answer with what held before.
        yield return ($"setfs{kind}", _ => own);
        yield return ($"setfs{kind}16", _ => own);
        yield return ($"getres{kind}", a => GiveThree(a, BitConverter.GetBytes(own)));
        yield return ($"getres{kind}16", a => GiveThree(a, BitConverter.GetBytes((ushort)own)));
    }

    private static uint OrOwn(ulong wanted, uint own) => (uint)wanted == Unchanged ? own : (uint)wanted;

    private static uint OrOwn16(ulong wanted, uint own) => (ushort)wanted == ushort.MaxValue ? own : (ushort)wanted;

    private static long Set(uint own, params ReadOnlySpan<uint> wanted)
    {
        foreach (uint identity in wanted)
        {
            if (identity == Unchanged)
                return -Errno.EINVAL;
            if (identity != own)
                return -Errno.EPERM;
        }

        return 0;
    }

    /// <summary>The real, the effective and the saved identity.</summary>
    private long GiveThree(SyscallArguments arguments, byte[] identity) =>
        Enumerable.Range(0, 3).All(i => Memory.TryWrite(arguments[i], identity)) ? 0 : -Errno.EFAULT;

    /// <summary>An ordinary user has no capability.</summary>
    private long GetCapabilities(SyscallArguments arguments)
    {
        if (ReadVersion(arguments[0], out int words, out int process) is var error && error != 0)
            return arguments[1] == 0 && error == -Errno.EINVAL ? 0 : error;
        if (process < 0)
            return -Errno.EINVAL;
        if (process != 0 && Tasks.Find(process) is null)
            return -Errno.ESRCH;
        return arguments[1] == 0 ? 0 : Give(arguments[1], new byte[words * CapabilitySetSize]);
    }

    /// <summary>Nothing can be gained: only what is empty can be set.</summary>
    private long SetCapabilities(SyscallArguments arguments)
    {
        if (ReadVersion(arguments[0], out int words, out int process) is var error && error != 0)
            return error;
        if (process != 0 && process != Task.Id)
            return -Errno.EPERM;
        byte[] wanted = new byte[words * CapabilitySetSize];
        return !Memory.TryRead(arguments[1], wanted) ? -Errno.EFAULT : wanted.AsSpan().ContainsAnyExcept((byte)0) ? -Errno.EPERM : 0;
    }

    /// <summary>Effective, permitted and inheritable: a word each.</summary>
    private const int CapabilitySetSize = 12;

    /// <summary><c>cap_user_header_t</c>: an unknown version is answered with the one that is preferred. include/uapi/linux/capability.h.</summary>
    private long ReadVersion(ulong header, out int words, out int process)
    {
        const uint version1 = 0x1998_0330, version2 = 0x2007_1026, version3 = 0x2008_0522;
        (words, process) = (0, 0);
        Span<byte> bytes = stackalloc byte[8];
        if (!Memory.TryRead(header, bytes))
            return -Errno.EFAULT;
        process = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        switch (BinaryPrimitives.ReadUInt32LittleEndian(bytes))
        {
            case version1:
                words = 1;
                return 0;
            case version2 or version3:
                words = 2;
                return 0;
            default:
                return Memory.TryWrite(header, BitConverter.GetBytes(version3)) ? -Errno.EINVAL : -Errno.EFAULT;
        }
    }
}
