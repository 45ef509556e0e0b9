using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Keys of the auxiliary vector. getauxval(3), include/uapi/linux/auxvec.h.</summary>
internal static class AuxiliaryKey
{
    public const int Null = 0;
    public const int ExecutableDescriptor = 2;
    public const int ProgramHeaders = 3;
    public const int ProgramHeaderSize = 4;
    public const int ProgramHeaderCount = 5;
    public const int PageSize = 6;
    public const int Base = 7;
    public const int Flags = 8;
    public const int Entry = 9;
    public const int Uid = 11;
    public const int Euid = 12;
    public const int Gid = 13;
    public const int Egid = 14;
    public const int Platform = 15;
    public const int HardwareCapabilities = 16;
    public const int ClockTick = 17;
    public const int Secure = 23;
    public const int Random = 25;
    public const int HardwareCapabilities2 = 26;
    public const int ExecutableName = 31;
    public const int KernelVsyscall = 32;
    public const int Vdso = 33;
}

/// <summary>The auxiliary vector in Linux' order.</summary>
internal static class AuxiliaryVector
{
    /// <summary>The vector with the end mark, as it stands on the stack and in /proc/PID/auxv.</summary>
    /// <param name="process">Who starts.</param>
    /// <param name="fileName">Address of the name that execve was given.</param>
    /// <param name="platform">Address of the platform's name.</param>
    /// <param name="random">Address of the random bytes.</param>
    public static ImmutableArray<(int Key, ulong Value)> Of(StartOfProcess process, ulong fileName, ulong platform, ulong random)
    {
        const ulong ticksPerSecond = 100;
        ImmutableArray<(int, ulong)>.Builder vector = ImmutableArray.CreateBuilder<(int, ulong)>();
        if (process.KernelVsyscall is { } entry)
            vector.Add((AuxiliaryKey.KernelVsyscall, entry));
        if (process.Vdso is { } vdso)
            vector.Add((AuxiliaryKey.Vdso, vdso));
        vector.AddRange(
            (AuxiliaryKey.HardwareCapabilities, process.HardwareCapabilities),
            (AuxiliaryKey.PageSize, KernelLayout.PageSize),
            (AuxiliaryKey.ClockTick, ticksPerSecond),
            (AuxiliaryKey.ProgramHeaders, process.ProgramHeaders),
            (AuxiliaryKey.ProgramHeaderSize, (ulong)process.ProgramHeaderSize),
            (AuxiliaryKey.ProgramHeaderCount, (ulong)process.ProgramHeaderCount),
            (AuxiliaryKey.Base, process.InterpreterBase),
            (AuxiliaryKey.Flags, 0ul),
            (AuxiliaryKey.Entry, process.EntryPoint),
            (AuxiliaryKey.Uid, process.Identity.Uid),
            (AuxiliaryKey.Euid, process.Identity.Euid),
            (AuxiliaryKey.Gid, process.Identity.Gid),
            (AuxiliaryKey.Egid, process.Identity.Egid),
            (AuxiliaryKey.Secure, process.Identity.IsSecure ? 1ul : 0),
            (AuxiliaryKey.Random, random),
            (AuxiliaryKey.HardwareCapabilities2, process.HardwareCapabilities2),
            (AuxiliaryKey.ExecutableName, fileName),
            (AuxiliaryKey.Platform, platform));
        if (process.ExecutableDescriptor is { } descriptor)
            vector.Add((AuxiliaryKey.ExecutableDescriptor, (ulong)descriptor));
        vector.Add((AuxiliaryKey.Null, 0ul));
        return vector.ToImmutable();
    }
}
