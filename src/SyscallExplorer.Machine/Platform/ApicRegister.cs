namespace SyscallExplorer.Machine;

/// <summary>
/// The registers of a local APIC, by their offsets in its page. In x2APIC mode the same register is MSR 800h plus a sixteenth of its offset.
/// SDM vol. 3A, tables 10-1 and 10-6.
/// </summary>
public enum ApicRegister
{
    /// <summary>Local APIC ID: bits 31:24 in xAPIC mode, all of it in x2APIC mode.</summary>
    Id = 0x020,

    /// <summary>Version, and how many local vectors there are.</summary>
    Version = 0x030,

    /// <summary>TPR. CR8 is its bits 7:4.</summary>
    TaskPriority = 0x080,

    /// <summary>APR, on AMD's processors.</summary>
    ArbitrationPriority = 0x090,

    /// <summary>PPR.</summary>
    ProcessorPriority = 0x0A0,

    /// <summary>EOI, which is written only.</summary>
    EndOfInterrupt = 0x0B0,

    /// <summary>RRR, on AMD's processors.</summary>
    RemoteRead = 0x0C0,

    /// <summary>LDR.</summary>
    LogicalDestination = 0x0D0,

    /// <summary>DFR, in xAPIC mode only.</summary>
    DestinationFormat = 0x0E0,

    /// <summary>SVR: the spurious vector, and whether software has enabled the APIC.</summary>
    SpuriousVector = 0x0F0,

    /// <summary>The first of eight registers of ISR.</summary>
    InService = 0x100,

    /// <summary>The first of eight registers of TMR.</summary>
    TriggerMode = 0x180,

    /// <summary>The first of eight registers of IRR.</summary>
    Request = 0x200,

    /// <summary>ESR.</summary>
    ErrorStatus = 0x280,

    /// <summary>ICR, its low half in xAPIC mode; a write sends the interrupt.</summary>
    InterruptCommand = 0x300,

    /// <summary>The high half of ICR with the destination, in xAPIC mode only.</summary>
    InterruptCommandHigh = 0x310,

    /// <summary>The local vector of the timer.</summary>
    LocalTimer = 0x320,

    /// <summary>The local vector of the thermal sensor.</summary>
    LocalThermal = 0x330,

    /// <summary>The local vector of the performance counters.</summary>
    LocalPerformance = 0x340,

    /// <summary>The local vector of the pin LINT0.</summary>
    LocalLint0 = 0x350,

    /// <summary>The local vector of the pin LINT1.</summary>
    LocalLint1 = 0x360,

    /// <summary>The local vector of errors.</summary>
    LocalError = 0x370,

    /// <summary>Where the timer starts; a write starts it, and 0 stops it.</summary>
    InitialCount = 0x380,

    /// <summary>Where the timer stands.</summary>
    CurrentCount = 0x390,

    /// <summary>DCR: by how much the clock is divided.</summary>
    DivideConfiguration = 0x3E0,

    /// <summary>SELF IPI, in x2APIC mode only.</summary>
    SelfIpi = 0x3F0,
}

/// <summary>Bits of the local APIC's registers and of IA32_APIC_BASE. SDM vol. 3A, 10.4.3 to 10.9.</summary>
public static class ApicBits
{
    /// <summary>IA32_APIC_BASE: this is the bootstrap processor.</summary>
    public const ulong BootstrapProcessor = 1 << 8;

    /// <summary>IA32_APIC_BASE: x2APIC mode (EXTD).</summary>
    public const ulong ExtendedMode = 1 << 10;

    /// <summary>IA32_APIC_BASE: the APIC is enabled (EN).</summary>
    public const ulong GlobalEnable = 1 << 11;

    /// <summary>SVR: software has enabled the APIC.</summary>
    public const uint SoftwareEnable = 1 << 8;

    /// <summary>A local vector that is masked.</summary>
    public const uint Masked = 1 << 16;

    /// <summary>A timer that starts anew whenever it reaches zero.</summary>
    public const uint Periodic = 1 << 17;

    /// <summary>A timer that waits for the time-stamp counter to reach IA32_TSC_DEADLINE.</summary>
    public const uint TscDeadline = 1 << 18;

    /// <summary>ESR: a vector from 0 to 15 was to be sent.</summary>
    public const uint SendIllegalVector = 1 << 5;

    /// <summary>ESR: a vector from 0 to 15 was received, or stood in a local vector that fired.</summary>
    public const uint ReceiveIllegalVector = 1 << 6;

    /// <summary>ESR: a register was accessed that does not exist, in xAPIC mode.</summary>
    public const uint IllegalRegisterAddress = 1 << 7;
}

/// <summary>How a local APIC is reached. SDM vol. 3A, figure 10-27.</summary>
public enum ApicMode
{
    /// <summary>Not at all: IA32_APIC_BASE.EN is clear.</summary>
    Disabled,

    /// <summary>By registers in memory.</summary>
    XApic,

    /// <summary>By MSRs.</summary>
    X2Apic,
}
