using System.Runtime.CompilerServices;

namespace SyscallExplorer.Machine;

[InlineArray(16)]
internal struct GeneralRegisters
{
    private ulong _first;
}

/// <summary>The PDPTE registers of PAE paging. SDM vol. 3A, 4.4.1.</summary>
[InlineArray(4)]
internal struct PdpteRegisters
{
    private ulong _first;
}

[InlineArray(8)]
internal struct DebugRegisters
{
    private ulong _first;
}

/// <summary>Events that an instruction holds back until the next one has ended. SDM vol. 3A, 6.8.3; vol. 2B, STI.</summary>
internal enum EventShadow : byte
{
    None,

    /// <summary>After STI.</summary>
    Interrupts,

    /// <summary>After MOV SS and POP SS.</summary>
    InterruptsAndDebug,
}

/// <summary>
/// Every register of the processor as one value: copying it is a snapshot. What a program can observe later
/// must stand here and nowhere else in the processor.
/// </summary>
internal struct ProcessorState
{
    public GeneralRegisters Gpr;
    public ulong Rip;
    public ulong Rflags;
    public SegmentFile Segments;
    public Segment Ldtr;
    public Segment Tr;
    public TableRegister Gdtr;
    public TableRegister Idtr;
    public ulong Cr0;
    public ulong Cr2;
    public ulong Cr3;
    public ulong Cr4;
    public PdpteRegisters Pdptes;
    public DebugRegisters Dr;
    public VectorRegisters Vectors;
    public X87State X87;
    public uint Mxcsr;

    /// <summary>XCR0: the state components that XSAVE manages and that code may use.</summary>
    public ulong Xcr0;

    /// <summary>IA32_XSS.</summary>
    public ulong Xss;

    public ulong Efer;
    public ulong Star;
    public ulong Lstar;
    public ulong Cstar;
    public ulong Fmask;
    public ulong KernelGsBase;
    public ulong TscAux;
    public ulong TscOffset;
    public ulong SysenterCs;
    public ulong SysenterEsp;
    public ulong SysenterEip;
    public ulong SpecCtrl;

    /// <summary>IA32_FRED_RSP0 to 3, IA32_FRED_STKLVLS and IA32_FRED_CONFIG.</summary>
    public FredRegisters Fred;

    /// <summary>The local APIC; its TPR is CR8.</summary>
    public ApicState Apic;

    /// <summary>What the numbers of RDRAND and RDSEED follow from.</summary>
    public ulong RandomState;

    /// <summary>Core clock in 1/256 cycles since power-on.</summary>
    public long Clock;

    /// <summary>The part of <see cref="Clock"/> that hypercalls cost.</summary>
    public long HypercallClock;

    /// <summary>Instructions completed or faulted since power-on.</summary>
    public long Instructions;

    /// <summary>What the instruction before holds back until the next one has ended.</summary>
    public EventShadow Shadow;

    /// <summary>Debug traps that come at the next boundary, as they will stand in DR6: of the instruction in progress, and of a load of SS before it.</summary>
    public ulong DebugTraps;

    /// <summary>HLT executed, no event since.</summary>
    public bool Halted;

    /// <summary>Triple fault: only a reset would help.</summary>
    public bool Shutdown;
}
