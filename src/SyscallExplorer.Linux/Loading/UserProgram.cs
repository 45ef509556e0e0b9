using Iced.Intel;

namespace SyscallExplorer.Linux;

/// <summary>Addresses of a program's space.</summary>
public static class UserSpace
{
    /// <summary>Where code of a 64-bit program begins.</summary>
    public const ulong Code64 = 0x40_1000;

    /// <summary>Where code of a 32-bit program begins.</summary>
    public const ulong Code32 = 0x0804_9000;

    /// <summary>64 KiB of zeroed, writable data of a 64-bit program.</summary>
    public const ulong Data64 = 0x80_0000;

    /// <summary>64 KiB of zeroed, writable data of a 32-bit program.</summary>
    public const ulong Data32 = 0x0840_0000;

    /// <summary>Bytes of the data area.</summary>
    public const ulong DataSize = 64 << 10;

    /// <summary>Bytes that the stack may grow to.</summary>
    public const ulong StackSize = 8 << 20;

    /// <summary>End of the stack of a 64-bit program.</summary>
    public const ulong StackTop64 = 0x7FFF_FFFF_F000;

    /// <summary>End of the stack of a 32-bit program.</summary>
    public const ulong StackTop32 = 0xFFFF_D000;

    /// <summary>Where the vDSO of a 64-bit program begins; its data lies before it.</summary>
    public const ulong Vdso64 = 0x7FFF_F800_4000;

    /// <summary>Where the vDSO of a 32-bit program begins; its data lies before it.</summary>
    public const ulong KernelVsyscallPage = 0xF7FF_C000;

    /// <summary>What a 32-bit program calls to enter the kernel by the fastest way there is: a function of the kit's own vDSO.</summary>
    public const ulong KernelVsyscall = KernelVsyscallPage + 0x550;

    /// <summary>Where the vDSO of a program of a 32-bit kernel begins, whose own addresses follow the stack.</summary>
    public const ulong NativeKernelVsyscallPage = 0xB7FF_C000;

    /// <summary>What a program calls to enter a 32-bit kernel by the fastest way there is.</summary>
    public const ulong NativeKernelVsyscall = NativeKernelVsyscallPage + 0x550;

    /// <summary>Address behind the last of a 32-bit program.</summary>
    internal const ulong Limit32 = 0xFFFF_E000;

    /// <summary>Where the heap of a static PIE begins; the program itself stands below the first mapping.</summary>
    internal const ulong PieHeap64 = 0x5555_5555_4000;
    internal const ulong PieHeap32 = 0x0040_0000;

    internal const ulong MmapTop64 = 0x7FFF_F7FF_F000;
    internal const ulong MmapTop32 = 0xF7FF_8000;
    internal const int MaxCodeSize = 1 << 20;
}

/// <summary>A program: a run of machine code that begins at the start of its code area.</summary>
public sealed class UserProgram
{
    private UserProgram(int bitness, byte[] code)
    {
        Bitness = bitness;
        Code = code;
    }

    /// <summary>32 or 64.</summary>
    public int Bitness { get; }

    /// <summary>The machine code.</summary>
    public IReadOnlyList<byte> Code { get; }

    /// <summary>Where its code begins and its execution starts.</summary>
    public ulong EntryPoint => Bitness == 64 ? UserSpace.Code64 : UserSpace.Code32;

    /// <summary>A program from machine code.</summary>
    /// <param name="code">The bytes; execution starts with the first.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <exception cref="ArgumentException">No code, too much of it, or another bitness.</exception>
    public static UserProgram FromBytes(ReadOnlySpan<byte> code, int bitness = 64)
    {
        if (bitness is not (32 or 64))
            throw new ArgumentException($"A program is 32-bit or 64-bit, not {bitness}-bit.", nameof(bitness));
        if (code.IsEmpty || code.Length > UserSpace.MaxCodeSize)
            throw new ArgumentException($"A program has 1 to {UserSpace.MaxCodeSize} bytes of code; this one has {code.Length}.", nameof(code));
        return new UserProgram(bitness, code.ToArray());
    }

    /// <summary>A program written with Iced's assembler.</summary>
    /// <param name="write">Writes the instructions; execution starts with the first.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <exception cref="ArgumentException">The assembler cannot encode what was written; the message says what.</exception>
    public static UserProgram Assemble(Action<Assembler> write, int bitness = 64)
    {
        if (bitness is not (32 or 64))
            throw new ArgumentException($"A program is 32-bit or 64-bit, not {bitness}-bit.", nameof(bitness));
        var assembler = new Assembler(bitness);
        write(assembler);
        var stream = new MemoryStream();
        ulong entry = bitness == 64 ? UserSpace.Code64 : UserSpace.Code32;
        if (!assembler.TryAssemble(new StreamCodeWriter(stream), entry, out string? error, out _))
            throw new ArgumentException($"The program cannot be assembled as {bitness}-bit code: {error}", nameof(write));
        return FromBytes(stream.ToArray(), bitness);
    }
}
