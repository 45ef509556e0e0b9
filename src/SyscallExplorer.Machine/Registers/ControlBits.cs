namespace SyscallExplorer.Machine;

/// <summary>Bits of CR0. SDM vol. 3A, 2.5.</summary>
public static class Cr0
{
    /// <summary>Protection enable.</summary>
    public const ulong PE = 1ul << 0;

    /// <summary>Monitor coprocessor.</summary>
    public const ulong MP = 1ul << 1;

    /// <summary>Emulation.</summary>
    public const ulong EM = 1ul << 2;

    /// <summary>Task switched.</summary>
    public const ulong TS = 1ul << 3;

    /// <summary>Extension type, always one.</summary>
    public const ulong ET = 1ul << 4;

    /// <summary>Numeric error.</summary>
    public const ulong NE = 1ul << 5;

    /// <summary>Write protect: ring 0 honours read-only pages.</summary>
    public const ulong WP = 1ul << 16;

    /// <summary>Alignment mask.</summary>
    public const ulong AM = 1ul << 18;

    /// <summary>Not write-through.</summary>
    public const ulong NW = 1ul << 29;

    /// <summary>Cache disable.</summary>
    public const ulong CD = 1ul << 30;

    /// <summary>Paging.</summary>
    public const ulong PG = 1ul << 31;

    internal const ulong Defined = PE | MP | EM | TS | ET | NE | WP | AM | NW | CD | PG;
}

/// <summary>Bits of CR4. SDM vol. 3A, 2.5.</summary>
public static class Cr4
{
    /// <summary>Virtual-8086 extensions.</summary>
    public const ulong VME = 1ul << 0;

    /// <summary>Protected-mode virtual interrupts.</summary>
    public const ulong PVI = 1ul << 1;

    /// <summary>RDTSC only in ring 0.</summary>
    public const ulong TSD = 1ul << 2;

    /// <summary>Debugging extensions.</summary>
    public const ulong DE = 1ul << 3;

    /// <summary>Page size extensions.</summary>
    public const ulong PSE = 1ul << 4;

    /// <summary>Physical address extension.</summary>
    public const ulong PAE = 1ul << 5;

    /// <summary>Machine-check enable.</summary>
    public const ulong MCE = 1ul << 6;

    /// <summary>Global pages.</summary>
    public const ulong PGE = 1ul << 7;

    /// <summary>RDPMC in ring 3.</summary>
    public const ulong PCE = 1ul << 8;

    /// <summary>FXSAVE and FXRSTOR support.</summary>
    public const ulong OSFXSR = 1ul << 9;

    /// <summary>Unmasked SIMD exceptions.</summary>
    public const ulong OSXMMEXCPT = 1ul << 10;

    /// <summary>User-mode instruction prevention.</summary>
    public const ulong UMIP = 1ul << 11;

    /// <summary>57-bit linear addresses: 5-level paging.</summary>
    public const ulong LA57 = 1ul << 12;

    /// <summary>RDFSBASE and its family.</summary>
    public const ulong FSGSBASE = 1ul << 16;

    /// <summary>Process-context identifiers.</summary>
    public const ulong PCIDE = 1ul << 17;

    /// <summary>XSAVE enable.</summary>
    public const ulong OSXSAVE = 1ul << 18;

    /// <summary>Supervisor-mode execution prevention.</summary>
    public const ulong SMEP = 1ul << 20;

    /// <summary>Supervisor-mode access prevention.</summary>
    public const ulong SMAP = 1ul << 21;

    /// <summary>Flexible return and event delivery.</summary>
    public const ulong FRED = 1ul << 32;
}

/// <summary>Bits of DR6. SDM vol. 3A, 17.2.3.</summary>
internal static class DebugStatus
{
    /// <summary>B0 to B3: breakpoints that were hit.</summary>
    public const ulong Breakpoints = 15;

    /// <summary>Debug registers were accessed while DR7.GD was set.</summary>
    public const ulong BD = 1ul << 13;

    /// <summary>Single step.</summary>
    public const ulong BS = 1ul << 14;

    /// <summary>Task switch.</summary>
    public const ulong BT = 1ul << 15;

    /// <summary>Bits that read as one.</summary>
    public const ulong Fixed = 0xFFFF_0FF0;

    /// <summary>B0 to B3, BD, BS and BT.</summary>
    public const ulong Writable = 0xE00F;
}

/// <summary>Bits of DR7. SDM vol. 3A, 17.2.4.</summary>
internal static class DebugControl
{
    /// <summary>Bit 10, which reads as one.</summary>
    public const ulong Fixed = 0x400;

    /// <summary>General detection: accesses to debug registers are #DB.</summary>
    public const ulong GD = 1ul << 13;

    /// <summary>L and G, LE, GE, GD, and the kinds and lengths.</summary>
    public const ulong Writable = 0xFFFF_23FF;
}

/// <summary>Bits of IA32_EFER. SDM vol. 3A, 2.2.1.</summary>
public static class Efer
{
    /// <summary>SYSCALL enable.</summary>
    public const ulong SCE = 1ul << 0;

    /// <summary>Long mode enable.</summary>
    public const ulong LME = 1ul << 8;

    /// <summary>Long mode active.</summary>
    public const ulong LMA = 1ul << 10;

    /// <summary>No-execute enable.</summary>
    public const ulong NXE = 1ul << 11;
}
