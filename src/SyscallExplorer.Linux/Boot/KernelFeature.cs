namespace SyscallExplorer.Linux;

/// <summary>What boot finds in the processor or decides from the command line; alternatives in the kernel's code depend on it.</summary>
public enum KernelFeature
{
    /// <summary>Page-table isolation (KPTI).</summary>
    Pti,

    /// <summary>CR4.PCIDE is set.</summary>
    Pcid,

    /// <summary>CR4.SMAP is set: STAC and CLAC.</summary>
    Smap,

    /// <summary>Fast REP MOVSB and REP STOSB.</summary>
    Erms,

    /// <summary>CR4.SMEP is set.</summary>
    Smep,

    /// <summary>Indirect calls go through the generic retpoline.</summary>
    Retpoline,

    /// <summary>Indirect jumps are preceded by LFENCE (AMD's retpoline).</summary>
    RetpolineLfence,

    /// <summary>The return stack buffer is overwritten when another task gets the processor.</summary>
    RsbContextSwitch,

    /// <summary>LFENCE after SWAPGS in an exception entry from user mode.</summary>
    FenceSwapgsUser,

    /// <summary>LFENCE in an exception entry from kernel mode.</summary>
    FenceSwapgsKernel,

    /// <summary>VERW clears buffers on the way to user mode (MDS).</summary>
    MdsClear,

    /// <summary>IBRS is on while the kernel runs, and off in user mode (RETBLEED on Intel).</summary>
    KernelIbrs,

    /// <summary>Each entry makes the predictor forget the return of the thunk (RETBLEED on AMD).</summary>
    UntrainReturns,

    /// <summary>Returns stand where they are used, and not as jumps to a thunk.</summary>
    InlineReturns,

    /// <summary>A loop of branches overwrites the branch history at each entry (BHI).</summary>
    ClearBranchHistory,

    /// <summary>The kernel stack's offset is randomised for each system call.</summary>
    RandomizeKstackOffset,

    /// <summary>RDTSCP orders itself; RDTSC needs LFENCE.</summary>
    Rdtscp,

    /// <summary>LFENCE keeps RDTSC from being executed early.</summary>
    LfenceRdtsc,

    /// <summary>MFENCE does, on AMD processors for kernels before 4.15.</summary>
    MfenceRdtsc,

    /// <summary>No time-stamp counter: the clock is the interval timer's count (32-bit kernels).</summary>
    PitClocksource,

    /// <summary>RDPID tells the CPU's number.</summary>
    Rdpid,

    /// <summary>FXSAVE keeps the registers of FPU and SSE; before, FNSAVE those of the FPU.</summary>
    Fxsr,

    /// <summary>CR4.FSGSBASE is set.</summary>
    Fsgsbase,

    /// <summary>CR4.OSXSAVE is set: XSAVE keeps the registers of a task that does not run.</summary>
    Xsave,

    /// <summary>The FPU's registers change hands with the processor, and not when they are used first.</summary>
    EagerFpu,

    /// <summary>The local APIC is in x2APIC mode: its registers are MSRs.</summary>
    X2Apic,

    /// <summary>The local timer waits for a value of the time-stamp counter, and does not count down.</summary>
    TscDeadline,

    /// <summary>SYSENTER from 32-bit programs.</summary>
    Sysenter32,

    /// <summary>CR4.LA57 is set: page tables have five levels, and addresses 57 bits.</summary>
    La57,

    /// <summary>SYSCALL from 32-bit programs.</summary>
    Syscall32,

    /// <summary>
    /// Xen paravirtualisation: the way back is then always IRET. The kit has no Xen; <c>sysx.xenpv=on</c> sets the bit alone, so that the alternatives show.
    /// </summary>
    XenPv,

    /// <summary>32-bit programs run, and their system calls are served.</summary>
    Ia32Emulation,

    /// <summary>A return takes its target from a call that has just been made (SRSO on AMD's family 17h).</summary>
    SafeReturns,

    /// <summary>The same on family 19h, whose predictor is untrained by an alias of the return's address (SRSO).</summary>
    AliasedSafeReturns,

    /// <summary>IBPB at each entry: nothing that user mode trained is left.</summary>
    EntryBarrier,

    /// <summary>The task's stack is overwritten before user mode (STACKLEAK). Linux decides when it is built; the kit's <c>sysx.stackleak=on</c> does here.</summary>
    StackErasure,

    /// <summary>LKGS loads GS with the base where the program's belongs.</summary>
    Lkgs,

    /// <summary>CR4.FRED is set: events enter and leave without IDT, SWAPGS, SYSRET and IRET.</summary>
    Fred,
}
