using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>How a 64-bit system-call number is compared with the table's size.</summary>
internal enum NumberRule
{
    /// <summary>Linux 2.6.39: all 64 bits, no x32.</summary>
    Wide,

    /// <summary>Linux 4.4: the x32 bit is masked off and the low half compared; the upper half of RAX does not matter.</summary>
    MaskedNarrow,

    /// <summary>Linux 4.19 and 4.20: the x32 bit is masked off and all 64 bits compared.</summary>
    MaskedWide,

    /// <summary>Linux 5.4 to 5.13: all 64 bits; with the x32 bit, in a table of its own.</summary>
    WideOrX32,

    /// <summary>From Linux 5.14 on: an <c>int</c>; a number out of range that is not -1 calls the handler of holes.</summary>
    Signed,
}

/// <summary>
/// What distinguishes the generations on x86-64 beyond the steps of their entry paths: numbers, bits and conventions that the same piece of
/// code reads.
/// </summary>
internal sealed record KernelTraits
{
    /// <summary>The version, such as 5.13.</summary>
    public required Version Version { get; init; }

    /// <summary>The version whose system-call tables it has, where that is another: 4.19 has those of 4.20.</summary>
    public Version? TablesOf { get; init; }

    /// <summary>Its system-call tables.</summary>
    public SyscallTables Tables => SyscallTables.Of(TablesOf ?? Version);

    /// <summary>From Linux 3.5 on seccomp has filters, and programs can give up what new programs would gain.</summary>
    public bool HasSeccompFilters => Version >= new Version(3, 5);

    /// <summary>From Linux 5.11 on programs can have their own system calls sent back to them.</summary>
    public bool HasUserDispatch => Version >= new Version(5, 11);

    /// <summary>What it was built for.</summary>
    public KernelArchitecture Architecture { get; init; } = KernelArchitecture.X86_64;

    /// <summary>What its C for read and write is like.</summary>
    public VfsTraits Vfs => new(Version);

    /// <summary>How a 64-bit number is compared.</summary>
    public NumberRule Numbers { get; init; } = NumberRule.WideOrX32;

    /// <summary>From Linux 4.17 on a handler has one argument, the registers; before, six in registers as any function.</summary>
    public bool HandlersTakeRegisters { get; init; } = true;

    /// <summary>From Linux 4.15 on: a small stack, mapped for user mode too, on which entries from user mode begin.</summary>
    public bool HasEntryStack { get; init; } = true;

    /// <summary>Linux 4.15 to 5.12 keep the top of the task's stack in the TSS's sp1, the others in a per-CPU word.</summary>
    public bool TopOfStackInTss { get; init; }

    /// <summary>IA32_FMASK: the flags that SYSCALL clears.</summary>
    public ulong Fmask { get; init; } = Rflags.TF | Rflags.IF | Rflags.DF | Rflags.IOPL | Rflags.NT | Rflags.AC;

    /// <summary>From Linux 5.11 on the tracers' bits have a word of their own; before, they are thread flags.</summary>
    public bool HasSyscallWork { get; init; } = true;

    /// <summary>
    /// Bytes of a task's stack, at whose bottom <c>thread_info</c> lies before Linux 4.9; 0 from then on, when it is part of the task's structure.
    /// </summary>
    public int ThreadInfoStack { get; init; }

    /// <summary>The page of a slot's stack area that holds <c>thread_info</c>, as an offset in bytes, or null.</summary>
    public ulong? ThreadInfoPage => ThreadInfoStack == 0 ? null : KernelLayout.ThreadStackSize - (ulong)ThreadInfoStack;

    /// <summary>From Linux 5.14 on <c>do_syscall_64</c> takes the registers first, then the number.</summary>
    public bool RegistersFirst { get; init; }

    /// <summary>From Linux 6.7 on C decides whether SYSRET will do.</summary>
    public bool SysretDecidedInC { get; init; }

    /// <summary>From Linux 5.12 on the 64-bit way back of a guest of Xen is an alternative; before, it was an operation that Xen replaced.</summary>
    public bool LeavesXenByAlternative => Version >= new Version(5, 12);

    /// <summary>Linux 4.20 to 5.18 overwrite the frame with the rest of the stack when they erase it from another stack.</summary>
    public bool ErasesFrames => Version < new Version(5, 19);

    /// <summary>From Linux 5.19 on each return is a jump that boot may turn back into a return.</summary>
    public bool HasReturnThunks { get; init; }

    /// <summary>From Linux 6.8 on VERW is the last instruction but one before user mode; before, C does it.</summary>
    public bool ClearsBuffersLast { get; init; }

    /// <summary>From Linux 6.9 on a number is found by comparisons and direct calls; the tables in memory are there for tracers only.</summary>
    public bool DispatchesBySwitch { get; init; }

    /// <summary>From Linux 5.18 on entries begin with ENDBR64.</summary>
    public bool HasEndbr { get; init; }

    /// <summary>From Linux 5.8 on SYSENTER's flags and stack pointer are mended in C.</summary>
    public bool SysenterMendedInC { get; init; } = true;

    /// <summary>From Linux 5.9 on the way out of exceptions and calls is the generic entry code's; before, it is the architecture's own.</summary>
    public bool HasGenericEntry { get; init; } = true;

    /// <summary>From Linux 6.7 on <c>int $0x80</c> comes in as an exception does, and the local APIC is asked whether it is one.</summary>
    public bool EmulatesInt80 { get; init; }

    /// <summary>From Linux 4.16 on registers are cleared at the entry and a table's index is masked.</summary>
    public bool GuardsSpeculation { get; init; } = true;

    /// <summary>Linux 2.6.39: entries and exits are assembly throughout, with a frame that is filled as far as somebody needs it.</summary>
    public bool HasPartialFrame { get; init; }

    /// <summary>Linux 4.4: SYSCALL has a fast path in assembly with a partial frame, and a slow one with the whole.</summary>
    public bool HasFastPath => !HandlersTakeRegisters && !HasPartialFrame;

    /// <summary>Bytes that stay free above where the per-CPU word says that a task's stack begins: room for what an interrupt pushes.</summary>
    public int StackGap { get; init; }

    /// <summary>
    /// From Linux 6.9 on the kernel has the entries of FRED, whose frames are two words longer than others and keep more than the selectors in the words
    /// of CS and SS.
    /// </summary>
    public bool HasFred { get; init; }

    /// <summary>Bytes above a task's registers: room for the two words that only FRED's frames have.</summary>
    public ulong StackPadding => HasFred ? 16u : 0u;

    /// <summary>From Linux 5.2 on the FPU's registers are loaded on the way to user mode; before, when the task gets the processor.</summary>
    public bool LoadsFpuLate { get; init; } = true;

    /// <summary>Where SYSENTER enters; its end bears the same name behind <c>__end_</c>.</summary>
    public string SysenterSymbol { get; init; } = "entry_SYSENTER_compat";

    /// <summary>Before Linux 4.4 a thread flag, TIF_IRET, says that only IRET restores what has to be restored.</summary>
    public bool HasIretFlag { get; init; }

    /// <summary>Where exceptions and new programs leave for user mode, with pt_regs on top of the stack.</summary>
    public string UserReturn { get; init; } = ReturnByIret.ToUserSymbol;

    /// <summary>Entries of <c>sys_call_table</c>. Before x32 had a table of its own, that of 64-bit callers held its numbers too.</summary>
    public int NrSyscalls => HasX32Table ? Tables.Table64.Size : Math.Max(Tables.Table64.Size, X32NrSyscalls);

    /// <summary>Entries of the 32-bit table.</summary>
    public int Ia32NrSyscalls => Tables.Table32.Size;

    /// <summary>Entries of the x32 range, where the kernel has one.</summary>
    public int X32NrSyscalls => Numbers == NumberRule.Wide || Architecture.IsNative32 ? 0 : Tables.Table64.X32Size;

    /// <summary>Entries of the table for a kind of caller.</summary>
    public int SizeOf(SyscallAbi abi) => abi switch
    {
        SyscallAbi.Wide => NrSyscalls,
        SyscallAbi.Ia32 => Ia32NrSyscalls,
        _ => X32NrSyscalls,
    };

    /// <summary>Whether x32 has a table of its own, as from Linux 5.4 on.</summary>
    public bool HasX32Table => Numbers is NumberRule.WideOrX32 or NumberRule.Signed;

    /// <summary>Where the per-CPU area holds the top of the current task's stack.</summary>
    public int TopOfStack => TopOfStackInTss ? PerCpuOffsets.Tss + TaskStateSegment.Rsp1 : PerCpuOffsets.TopOfStack;

    /// <summary>The handler's symbol for a kind of caller.</summary>
    public string SymbolOf(SyscallHandler handler, SyscallAbi abi) => StubHandlers.Has(this, handler, abi) ? StubHandlers.SymbolOf(handler, abi)
        : FunctionOf(handler, abi);

    /// <summary>The function itself, which a stub may stand before.</summary>
    public string FunctionOf(SyscallHandler handler, SyscallAbi abi) => (HandlersTakeRegisters, abi) switch
    {
        (true, SyscallAbi.Wide) => $"__x64_sys_{handler.Name}",
        (true, SyscallAbi.Ia32) => $"__ia32_sys_{handler.Name}",
        (true, _) => $"__x32_sys_{handler.Name}",
        (false, SyscallAbi.Wide) => $"sys_{handler.Name}",
        (false, SyscallAbi.Ia32) when Architecture.IsNative32 => $"sys_{handler.Name}",
        (false, SyscallAbi.Ia32) => $"compat_sys_{handler.Name}",
        (false, _) => $"compat_sys_x32_{handler.Name}",
    };
}

/// <summary>A kind of caller of system calls.</summary>
internal enum SyscallAbi
{
    /// <summary>64-bit.</summary>
    Wide,

    /// <summary>32-bit.</summary>
    Ia32,

    /// <summary>x32: 64-bit registers, 32-bit structures.</summary>
    X32,
}
