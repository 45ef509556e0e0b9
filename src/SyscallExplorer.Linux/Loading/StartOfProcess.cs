using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>Whose rights a program starts with.</summary>
/// <param name="Uid">AT_UID.</param>
/// <param name="Euid">AT_EUID.</param>
/// <param name="Gid">AT_GID.</param>
/// <param name="Egid">AT_EGID.</param>
/// <param name="IsSecure">AT_SECURE: the program has rights that its caller has not.</param>
internal sealed record StartIdentity(uint Uid, uint Euid, uint Gid, uint Egid, bool IsSecure = false);

/// <summary>
/// The strings that execve is given. They are bytes, for a program may pass any but zero.
/// </summary>
/// <param name="FileName">The name of the file, of a script when it is one.</param>
/// <param name="Arguments">argv, which may be empty.</param>
/// <param name="Environment">envp.</param>
internal sealed record StartStrings(
    ReadOnlyMemory<byte> FileName, ImmutableArray<ReadOnlyMemory<byte>> Arguments, ImmutableArray<ReadOnlyMemory<byte>> Environment)
{
    /// <summary>What the kernel takes for one string, its zero included: MAX_ARG_STRLEN of 32 pages.</summary>
    public const int MaxString = 32 * (int)KernelLayout.PageSize;

    private const ulong AlwaysAllowed = 128 << 10;
    private const ulong NeverMore = 6 << 20;

    /// <summary>Every string, in the order of addresses on the stack.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> InMemoryOrder => Arguments.Concat(Environment).Append(FileName);

    /// <summary>Bytes of all strings, their zeroes included.</summary>
    public long Size => InMemoryOrder.Sum(text => (long)text.Length + 1);

    /// <summary>
    /// What strings and pointers may take for a limit of the stack: a quarter of it, at least 128 KiB, at most 6 MiB. execve(2).
    /// </summary>
    public static ulong SpaceWithin(ulong stackLimit) => Math.Max(Math.Min(stackLimit / 4, NeverMore), AlwaysAllowed);

    /// <summary>Why the kernel would not take the strings, as a sentence; null when it does. A program inside the guest gets E2BIG.</summary>
    public string? Refusal(ulong stackLimit)
    {
        const ulong pointer = sizeof(ulong);
        if (InMemoryOrder.FirstOrDefault(text => text.Length >= MaxString) is { IsEmpty: false } longest)
            return $"An argument has {longest.Length + 1} bytes; the kernel takes at most {MaxString} for one.";
        ulong total = (ulong)Size + (ulong)(Arguments.Length + Environment.Length) * pointer;
        ulong space = SpaceWithin(stackLimit);
        return total <= space ? null
            : $"The arguments and the environment take {total} bytes; the kernel takes at most {space}, a quarter of the stack.";
    }
}

/// <summary>All that decides about the first bytes on a program's stack.</summary>
internal sealed record StartOfProcess
{
    /// <summary>32 or 64.</summary>
    public required int Bitness { get; init; }

    /// <summary>Where the stack ends, and where the stack pointer is put.</summary>
    public required AddressSpaceLayout Layout { get; init; }

    /// <summary>What execve was given.</summary>
    public required StartStrings Strings { get; init; }

    /// <summary>Whose rights the program has.</summary>
    public required StartIdentity Identity { get; init; }

    /// <summary>The 16 bytes of AT_RANDOM.</summary>
    public required ReadOnlyMemory<byte> RandomBytes { get; init; }

    /// <summary>AT_HWCAP: EDX of CPUID leaf 1.</summary>
    public required ulong HardwareCapabilities { get; init; }

    /// <summary>AT_HWCAP2: bit 1 says that user mode has RDFSBASE and its sisters.</summary>
    public required ulong HardwareCapabilities2 { get; init; }

    /// <summary>AT_PHDR: the program's table, not the interpreter's.</summary>
    public required ulong ProgramHeaders { get; init; }

    /// <summary>AT_PHENT.</summary>
    public required int ProgramHeaderSize { get; init; }

    /// <summary>AT_PHNUM.</summary>
    public required int ProgramHeaderCount { get; init; }

    /// <summary>AT_ENTRY: where the program begins, even if an interpreter is started first.</summary>
    public required ulong EntryPoint { get; init; }

    /// <summary>AT_BASE: the interpreter's bias, or 0 without one.</summary>
    public ulong InterpreterBase { get; init; }

    /// <summary>AT_SYSINFO_EHDR: the ELF header of the vDSO, or null without one.</summary>
    public ulong? Vdso { get; init; }

    /// <summary>AT_SYSINFO of a 32-bit program: <c>__kernel_vsyscall</c>.</summary>
    public ulong? KernelVsyscall { get; init; }

    /// <summary>AT_EXECFD: the open file, for an interpreter that binfmt_misc has chosen.</summary>
    public int? ExecutableDescriptor { get; init; }

    /// <summary>The start of a program that was planned.</summary>
    /// <param name="file">The program.</param>
    /// <param name="plan">How it is mapped.</param>
    /// <param name="layout">Its address space.</param>
    /// <param name="strings">What execve was given.</param>
    /// <param name="identity">Whose rights it has.</param>
    /// <param name="random">Where the random bytes come from.</param>
    /// <param name="capabilities">AT_HWCAP and AT_HWCAP2.</param>
    /// <param name="interpreter">How its interpreter is mapped, if it has one.</param>
    public static StartOfProcess Of(
        ElfFile file, ImagePlan plan, AddressSpaceLayout layout, StartStrings strings, StartIdentity identity, ExecRandomness random,
        (ulong First, ulong Second) capabilities, ImagePlan? interpreter = null) => new()
        {
            Bitness = file.Bitness,
            Layout = layout,
            Strings = strings,
            Identity = identity,
            RandomBytes = random.AtRandom(),
            HardwareCapabilities = capabilities.First,
            HardwareCapabilities2 = capabilities.Second,
            ProgramHeaders = plan.ProgramHeaders,
            ProgramHeaderSize = file.ProgramHeaderSize,
            ProgramHeaderCount = file.ProgramHeaderCount,
            EntryPoint = plan.EntryPoint,
            InterpreterBase = interpreter?.Bias ?? 0,
        };
}
